"""Running commands as people and programs do."""

import io
import json
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from tests.committed import public_committed  # noqa: F401


@pytest.fixture
def command():
    """Run a command; return its exit code, what it said, and its JSON if it was asked for."""

    def run(name: str, *words: str) -> SimpleNamespace:
        out, err = io.StringIO(), io.StringIO()
        error = ""
        try:
            call_command(name, *words, stdout=out, stderr=err)
        except CommandError as failure:
            error = str(failure)
        return SimpleNamespace(
            is_good=not error,
            error=error,
            out=out.getvalue(),
            err=err.getvalue(),
            json=json.loads(out.getvalue()) if "--json" in words else None,
        )

    return run
