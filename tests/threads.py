"""Several people or workers at the same moment, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from tenants.scope import in_company


def at_once(schema: str, *calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at the same moment in a company; return what each returned, or the error it raised."""
    barrier = threading.Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        try:
            with in_company(schema):
                barrier.wait(timeout=10)
                return call()
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))
