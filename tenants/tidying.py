"""What is forgotten after a while in every company: upper rooms register here what they forget.

Nothing depends on it running in time, so beat asks for it once a day and a lost task waits for the next one.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from tenants import runs
from tenants.models import Company
from tenants.scope import in_company

logger = logging.getLogger(__name__)
BATCH = 2000

Tidier = Callable[[Company], int]
_tidiers: dict[str, Tidier] = {}


def register(what: str, tidier: Tidier) -> None:
    """Called from an app's ``ready``; a tidier deletes what is too old and returns how many rows."""
    _tidiers[what] = tidier


_public_tidiers: dict[str, Callable[[], int]] = {}


def register_public(what: str, tidier: Callable[[], int]) -> None:
    """Called from an app's ``ready``: as ``register``, for rows that belong to no company."""
    _public_tidiers[what] = tidier


def run_public() -> dict[str, int]:
    """Forget what is too old in the public schema; return how many rows of each sort."""
    gone = {what: tidier() for what, tidier in _public_tidiers.items()}
    logger.info("tidied", extra={"gone": gone})
    return gone


def run(*, schema: str) -> dict[str, int]:
    """Forget what is too old in one company; return how many rows of each sort."""
    with in_company(schema) as company, runs.noted("tidy_company", company.pk):
        gone = {what: tidier(company) for what, tidier in _tidiers.items()}
    logger.info("tidied", extra={"gone": gone})
    return gone


def forget(rows: QuerySet[Any]) -> int:
    """Delete rows in batches, so that no transaction grows long; return how many."""
    gone = 0
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        deleted, _by_model = rows.model.objects.filter(pk__in=ids).delete()
        gone += deleted
    return gone
