"""What the pages of the books share."""

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.access import may
from accounts.audit import audit
from accounts.models import User
from common.paging import address_with
from common.words import _
from ledger.models import Account
from reports.books.periods import Span, usual_spans
from reports.exports import Format
from tenants.scope import current_company

EXPORT = "ledger.export_posting"
PERIOD_NAMES = {
    "today": _("Today"),
    "month": _("This month"),
    "last_month": _("Last month"),
    "year": _("This year"),
}


def asked_account(name: str) -> Account:
    """:raises Http404: there is no such account"""
    try:
        return Account(name)
    except ValueError:
        raise Http404 from None


def company_time() -> dict[str, Any]:
    """Return the zone and the moment that a period is reckoned with, as a form takes them."""
    return {"zone": current_company().timezone, "now": timezone.now()}


def usual_periods(request: HttpRequest, span: Span) -> list[tuple[Any, str, bool]]:
    """Return the usual periods: name, address of this page with it, and whether it is shown now."""
    return [
        (
            PERIOD_NAMES[name],
            address_with(request.GET, before=None, after=None, **each.query()),
            each == span,
        )
        for name, each in usual_spans(span.zone, timezone.now()).items()
    ]


def export_links(request: HttpRequest, view: str, *args: Any) -> list[tuple[str, str]]:
    """Return the links that save what is shown as a file, for those who may."""
    if not may(request.user, EXPORT):
        return []
    url = reverse(view, args=args)
    return [
        (kind.upper(), url + address_with(request.GET, after=None, before=None, format=kind))
        for kind in Format
    ]


def exported_as(request: HttpRequest, what: str, **facts: Any) -> Format:
    """Note who takes a file of the books with them, and return its format.

    :raises Http404: a format we do not write
    """
    try:
        kind = Format(request.GET.get("format", Format.CSV))
    except ValueError:
        raise Http404 from None
    user = request.user
    assert isinstance(user, User)
    audit(actor=user, action="books.exported", target=what, format=kind, **facts)
    return kind


def span_facts(span: Span) -> dict[str, str]:
    return {"since": str(span.first or ""), "until": str(span.last)}


def file_name(what: str, span: Span) -> str:
    """Return ``journal-2026-11-01-2026-11-30-made``; the day on which it was made follows."""
    days: list[dt.date] = [day for day in (span.first, span.last) if day]
    return "-".join([what, *(day.isoformat() for day in days), "made"])
