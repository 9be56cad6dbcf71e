"""A customer's statement and history."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.access import may, requires
from accounts.audit import audit
from common.clock import midnight, today_in
from common.paging import page_of
from common.words import _
from customers.models import Customer
from desk.customer_history import happenings, history_of
from desk.customer_statement import ZERO, CustomerStatement, StatementLine, customer_statement
from desk.views.customers import asked_format
from desk.views.deciding import actor_of
from reports.books.subjects import NOBODY
from reports.exports import Column, Format, export
from reports.forms import Period
from tenants.models import Company
from tenants.scope import current_company

USUAL_DAYS = 90
MOST_LINES = 400
COLUMNS: list[Column[StatementLine]] = [
    Column(_("When"), lambda line: line.at),
    Column(_("What"), lambda line: str(line.what)),
    Column(_("For"), lambda line: str(line.cause.label)),
    Column(_("Bought"), lambda line: line.note),
    Column(_("Paid in or given back"), lambda line: line.came or None),
    Column(_("Charged"), lambda line: line.went or None),
    Column(_("Balance"), lambda line: line.balance),
]


@require_safe
@requires("customers.view_customer")
def customer_statement_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What changed the customer's balance in a period, to look at and to print."""
    customer, company = _customer_or_404(public_id), current_company()
    form = _period(request, company)
    statement = customer_statement(customer, form.span, language=_language())
    exports = []
    if may(request.user, "customers.export_customer"):
        exports = [(kind.upper(), _file_address(customer, form, kind)) for kind in Format]
    context = {
        "customer": customer,
        "form": form,
        "statement": statement,
        "lines": statement.lines[-MOST_LINES:],
        "left_out": max(len(statement.lines) - MOST_LINES, 0),
        "currency": company.currency,
        "exports": exports,
        "now": timezone.now(),
    }
    return render(request, "desk/customer_statement.html", context)


@require_safe
@requires("customers.export_customer")
def customer_statement_export(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The same as a file, with opening and closing as its first and last row."""
    customer, company = _customer_or_404(public_id), current_company()
    kind, form = asked_format(request), _period(request, company)
    statement = customer_statement(customer, form.span, language=_language())
    audit(
        actor=actor_of(request),
        action="customer.statement_exported",
        target=str(customer.public_id),
        format=kind,
    )
    return export(_rows(statement, company.timezone), COLUMNS, "statement", kind)


@require_safe
@requires("customers.view_customer")
def customer_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Who changed what about the customer, newest first."""
    customer = _customer_or_404(public_id)
    page = page_of(history_of(customer), request.GET)
    context = {"customer": customer, "page": page, "rows": happenings(page.rows)}
    return render(request, "desk/customer_history.html", context)


def _customer_or_404(public_id: UUID) -> Customer:
    customers = Customer.objects.select_related("village__mini_grid")
    return get_object_or_404(customers, public_id=public_id)


def _period(request: HttpRequest, company: Company) -> Period:
    """Return the days that were asked; the last three months where none were."""
    params, now = request.GET.copy(), timezone.now()
    if not (params.get("since") or params.get("until")):
        first = today_in(company.timezone, now) - dt.timedelta(days=USUAL_DAYS)
        params["since"] = first.isoformat()
    return Period(params, zone=company.timezone, now=now)


def _file_address(customer: Customer, form: Period, kind: Format) -> str:
    asked = QueryDict(mutable=True)
    asked.update({**form.span.query(), "format": kind})
    address = reverse("desk:customer-statement-export", args=[customer.public_id])
    return f"{address}?{asked.urlencode()}"


def _rows(statement: CustomerStatement, zone: str) -> Iterator[StatementLine]:
    start = statement.span.start or midnight(statement.span.last, zone)
    yield _balance_row(start, _("Opening balance"), statement.opening)
    yield from statement.lines
    yield _balance_row(statement.span.end, _("Closing balance"), statement.closing)


def _balance_row(at: dt.datetime, what: Any, balance: Decimal) -> StatementLine:
    return StatementLine(at, what, NOBODY, "", change=ZERO, balance=balance)


def _language() -> str:
    return translation.get_language() or "en"
