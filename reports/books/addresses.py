"""Where a figure leads: the page whose lines add up to it."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ledger.models import Account
from reports.books.periods import Span


def ledger_address(account: Account, span: Span, **query: Any) -> str:
    """Return the ledger of an account for a period; ``subject``, ``event`` and ``side`` narrow it down."""
    return _with(reverse("reports:account", args=[account]), span, query)


def balances_address(account: Account, span: Span, **query: Any) -> str:
    """Return who has a balance on an account at the end of a period."""
    until = {"until": span.last.isoformat()}
    return _address(reverse("reports:account-balances", args=[account]), {**until, **query})


def journal_address(span: Span, **query: Any) -> str:
    return _with(reverse("reports:journal"), span, query)


def tokens_address(span: Span) -> str:
    return _with(reverse("reports:token-list"), span, {})


def trial_address(span: Span) -> str:
    return _with(reverse("reports:trial-balance"), span, {})


def _with(url: str, span: Span, query: dict[str, Any]) -> str:
    return _address(url, {**span.query(), **query})


def _address(url: str, query: dict[str, Any]) -> str:
    return f"{url}?{urlencode(query)}" if query else url
