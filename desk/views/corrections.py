"""The page of a refund or reversal, and what people decide on it: approve, pay out, say what became of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import may, requires
from accounts.models import AuditEntry
from common.errors import DomainError
from desk.forms import DecideCorrection, OneTimeForm, PayOut, ReasonForm, SettlePayout
from desk.trace.corrections import correction_station, outcome_of_correction, title_of
from desk.trace.load import corrections_with_people
from desk.views.deciding import actor_of, once, was_sent_before
from desk.views.payment import writer
from messaging.models import Message
from payments import services as payment_services
from payments.models import Correction
from payments.refundable import operator_can_refund
from plugins.models import Exchange

State = Correction.State
Act = Callable[[], object]


@require_GET
@requires("payments.view_payment")
def correction(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _show(request, _correction(public_id))


def _correction(public_id: UUID) -> Correction:
    return get_object_or_404(corrections_with_people(), public_id=public_id)


def _show(
    request: HttpRequest, row: Correction, returned: forms.Form | None = None
) -> HttpResponse:
    """Show how it stands with the one form that is due; a form that came back as 422."""
    due = _form_for(row)
    withdrawal = returned if type(returned) is ReasonForm else ReasonForm(auto_id="id_withdraw_%s")
    write = writer()
    user = request.user
    with_raw = may(user, "payments.view_raw_callback")
    station = correction_station(
        row,
        write,
        decisions=AuditEntry.objects.filter(target=str(row.public_id)).order_by("at", "pk"),
        exchanges=list(
            Exchange.objects.filter(source="correction", source_id=row.pk)
            .select_related("connection")
            .order_by("at", "pk")
        ),
        messages=list(
            Message.objects.filter(source="correction", source_id=row.pk)
            .select_related("connection")
            .order_by("pk")
        ),
        with_raw=with_raw,
    )
    is_own = row.asked_by_id == user.pk
    context = {
        "correction": row,
        "title": title_of(row, write),
        "outcome": outcome_of_correction(row, write),
        "station": station,
        "step": _step(request, row),
        "form": returned if type(returned) is type(due) else due,
        "returned": returned,
        "withdrawal": withdrawal,
        "is_withdrawing": withdrawal is returned,
        "is_own": is_own,
        "may_withdraw": (row.state == State.APPROVED or (row.state == State.ASKED and is_own))
        and may(user, "payments.refund_payment"),
        "can_retry": row.waits_for_person and operator_can_refund(row.payment, row.amount),
        "retry": OneTimeForm(auto_id="id_retry_%s"),
        "certain_from": payment_services.certain_from(row) if row.state == State.IN_DOUBT else None,
    }
    status = 422 if returned is not None else 200
    return render(request, "desk/correction.html", context, status=status)


def _step(request: HttpRequest, row: Correction) -> str:
    """Return which form this person may use now: approve, pay, settle, or none."""
    if row.state == State.ASKED:
        is_second = row.asked_by_id != request.user.pk
        return "approve" if is_second and may(request.user, "payments.approve_refund") else ""
    if not may(request.user, "payments.refund_payment"):
        return ""
    if row.state == State.APPROVED and row.kind == Correction.Kind.REFUND:
        return "pay"
    return "settle" if row.state == State.IN_DOUBT else ""


def _form_for(row: Correction) -> forms.Form:
    if row.state == State.APPROVED:
        return _pay_out_form(row)
    return SettlePayout() if row.state == State.IN_DOUBT else DecideCorrection()


def _pay_out_form(row: Correction, data: Any = None) -> PayOut:
    return PayOut(data, operator=row.connection.label if row.connection else "")


@require_POST
@requires("payments.approve_refund")
def correction_decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Approve or decline what somebody else asked for."""
    row = _correction(public_id)
    form = DecideCorrection(request.POST)

    def act() -> object:
        who: dict[str, Any] = {
            "correction_id": row.pk,
            "actor": actor_of(request),
            "now": timezone.now(),
        }
        if form.cleaned_data["answer"] == "approve":
            return payment_services.approve_correction(**who)
        return payment_services.decline_correction(reason=form.cleaned_data["note"], **who)

    return _do(request, row, form, act)


@require_POST
@requires("payments.refund_payment")
def correction_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = _correction(public_id)
    form = ReasonForm(request.POST, auto_id="id_withdraw_%s")

    def act() -> object:
        return payment_services.withdraw_correction(
            correction_id=row.pk,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=timezone.now(),
        )

    return _do(request, row, form, act)


@require_POST
@requires("payments.refund_payment")
def correction_pay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Note that a person gave the money back."""
    row = _correction(public_id)
    form = _pay_out_form(row, request.POST)

    def act() -> object:
        return payment_services.pay_out_by_hand(
            correction_id=row.pk,
            paid_from=Correction.PaidFrom(form.cleaned_data["paid_from"]),
            reference=form.cleaned_data["reference"],
            actor=actor_of(request),
        )

    return _do(request, row, form, act)


@require_POST
@requires("payments.refund_payment")
def correction_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have the operator asked once more for what it did not do."""
    row = _correction(public_id)
    form = OneTimeForm(request.POST)

    def act() -> object:
        return payment_services.try_payout_again(correction_id=row.pk, actor=actor_of(request))

    return _do(request, row, form, act)


@require_POST
@requires("payments.refund_payment")
def correction_settle(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what became of a refund in doubt."""
    row = _correction(public_id)
    form = SettlePayout(request.POST)

    def act() -> object:
        return payment_services.settle_payout(
            correction_id=row.pk,
            went=form.cleaned_data["went"],
            reference=form.cleaned_data["reference"],
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
        )

    return _do(request, row, form, act)


def _do(request: HttpRequest, row: Correction, form: forms.Form, act: Act) -> HttpResponse:
    """Act once and show how it stands now; a refusal comes back with the form."""
    if form.is_valid():
        try:
            done = once(form.cleaned_data["key"], act)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            if done:
                messages.success(request, _("Done. This is how it stands now."))
            else:
                was_sent_before(request)
            return redirect("desk:correction", row.public_id)
    return _show(request, _correction(row.public_id), form)
