"""The trace of a payment, and of an order that no payment paid for."""

import itertools
from collections.abc import Iterator
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import may, requires
from accounts.audit import audit
from accounts.models import User
from common.words import _
from desk import trace
from desk.forms import Answer, DecideDoubt
from desk.trace.writer import Writer
from payments import selectors
from payments.forms import PaymentFilter
from payments.models import Correction, Payment
from payments.standing import Standing, standings
from reports.exports import Column, export
from tenants.scope import current_company
from vending.models import TokenOrder


def writer() -> Writer:
    return Writer(current_company(), timezone.now())


@require_GET
@requires("payments.view_payment")
def payment(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Outcome, what can be done now, the split, and every step with its second."""
    row = get_object_or_404(Payment, public_id=public_id)
    return show_trace(request, payment=row)


@require_GET
@requires("payments.view_payment")
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """An order from credit; one that a payment paid for stands on that payment's page."""
    row = get_object_or_404(TokenOrder, public_id=public_id)
    if row.source == "payment":
        return redirect("desk:payment", Payment.objects.get(pk=row.source_id).public_id)
    return show_trace(request, order=row)


def show_trace(
    request: HttpRequest,
    *,
    payment: Payment | None = None,
    order: TokenOrder | None = None,
    form: DecideDoubt | None = None,
    refusal: str = "",
) -> HttpResponse:
    """Show a payment's or an order's trace; with a form that came back or a refusal, as 422."""
    allowed = partial(may, request.user)
    if payment is not None:
        told = trace.payment_trace(trace.load_payment(payment.pk), writer(), allowed)
    elif order is not None:
        told = trace.order_trace(trace.load_order(order.pk), writer(), allowed)
    else:
        raise Http404
    context = {
        "trace": told,
        "payment": payment,
        "form": form or DecideDoubt(initial={"answer": Answer.FOUND}),
        "refusal": refusal,
    }
    status = 422 if form or refusal else 200
    return render(request, "desk/payment.html", context, status=status)


@require_GET
@requires("payments.view_payment")
def source(_request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Lead from what a message or a posting says it is about to the page of that thing."""
    if kind == "payment":
        return redirect("desk:payment", get_object_or_404(Payment, pk=pk).public_id)
    if kind == "order":
        return redirect("desk:order", get_object_or_404(TokenOrder, pk=pk).public_id)
    if kind == "correction":
        return redirect("desk:correction", get_object_or_404(Correction, pk=pk).public_id)
    raise Http404


# --- the list as a file ---

ExportRow = tuple[Payment, Standing]
COLUMNS: list[Column[ExportRow]] = [
    Column(_("Time"), lambda row: row[0].shown_at),  # type: ignore[attr-defined]
    Column(_("Amount"), lambda row: row[0].amount),
    Column(_("Currency"), lambda _row: current_company().currency),
    Column(_("Where it stands"), lambda row: row[1].badge.label),
    Column(_("Customer"), lambda row: str(row[0].customer or "")),
    Column(_("Device"), lambda row: row[0].device.serial if row[0].device else ""),
    Column(_("Typed"), lambda row: row[0].account),
    Column(_("Paid through"), lambda row: row[0].connection.label),
    Column(_("Reference"), lambda row: row[0].reference),
    Column(_("Receipt"), lambda row: row[0].receipt),
    Column(_("Payer's phone"), lambda row: row[0].payer_phone),
]
AT_ONCE = 500


@require_GET
@requires("payments.export_payment")
def payment_export(request: HttpRequest) -> HttpResponseBase:
    """The payments that the list's filters ask for, all of them, as CSV or XLSX."""
    form = PaymentFilter(request.GET, connections=selectors.payment_connections())
    payments = selectors.payment_list(
        company=current_company(), now=timezone.now(), asked=form.asked()
    )
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    user = request.user
    assert isinstance(user, User)
    audit(actor=user, action="payments.exported", format=kind)
    return export(_rows(payments), COLUMNS, "payments", kind)


def _rows(payments: QuerySet[Payment]) -> Iterator[ExportRow]:
    rows = payments.iterator(chunk_size=AT_ONCE)
    while portion := list(itertools.islice(rows, AT_ONCE)):
        stand = standings(portion)
        yield from ((each, stand[each.pk]) for each in portion)
