"""What people decide about payments: whose one is, a returned one, a conflict."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from common.filters import clean_query
from desk.forms import AssignPayment, CloseConflict
from desk.matching import candidates
from desk.trace.writer import explain
from desk.views.deciding import actor_of, once, was_sent_before
from desk.views.payment import show_trace
from devices.models import Device
from payments import services as payment_services
from payments.models import Conflict, Payment
from tenants.scope import current_company


@require_http_methods(["GET", "POST"])
@requires("payments.decide_payment")
def payment_assign(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Find the device that an unmatched payment was meant for, and have it settled there."""
    payment = get_object_or_404(Payment.objects.select_related("connection"), public_id=public_id)
    form = AssignPayment(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            done = once(form.cleaned_data["key"], lambda: _assign(payment, form, actor_of(request)))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            if done:
                messages.success(request, _("Matched. The money is being settled now."))
            else:
                was_sent_before(request)
            return redirect("desk:payment", payment.public_id)
    elif payment.state != Payment.State.UNMATCHED:
        return redirect("desk:payment", payment.public_id)
    text = clean_query(request.GET.get("q", ""))
    context = {
        "payment": payment,
        "reason": explain(payment.reason),
        "form": form,
        "chosen": form["device"].value(),
        "text": text,
        "candidates": candidates(current_company(), payment, text),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/payment_assign.html", context, status=status)


def _assign(payment: Payment, form: forms.Form, actor: User) -> None:
    device = Device.objects.filter(public_id=form.cleaned_data["device"]).first()
    if device is None:
        raise Http404
    payment_services.assign_payment(
        payment_id=payment.pk, device_id=device.pk, reason=form.cleaned_data["reason"], actor=actor
    )


@require_POST
@requires("payments.decide_payment")
def payment_dismiss(request: HttpRequest, public_id: UUID) -> HttpResponse:
    payment = get_object_or_404(Payment, public_id=public_id)
    try:
        payment_services.dismiss_returned(payment_id=payment.pk, actor=actor_of(request))
    except DomainError as refusal:
        return show_trace(request, payment=payment, refusal=str(refusal))
    messages.success(request, _("Off the inbox. The payment itself was not touched."))
    return redirect("desk:payment", payment.public_id)


@require_POST
@requires("payments.retry_payment")
def payment_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Try again to settle a payment on which the machine has given up."""
    payment = get_object_or_404(Payment, public_id=public_id)
    try:
        payment_services.retry_settling(payment_id=payment.pk, actor=actor_of(request))
    except DomainError as refusal:
        return show_trace(request, payment=payment, refusal=str(refusal))
    messages.success(request, _("It is tried again now."))
    return redirect("desk:payment", payment.public_id)


@require_http_methods(["GET"])
@requires("payments.view_payment")
def conflict(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Compare what was counted with what was reported again."""
    return _compare(request, _conflict_or_404(public_id, pk), CloseConflict())


@require_POST
@requires("payments.close_conflict")
def conflict_close(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    row = _conflict_or_404(public_id, pk)
    form = CloseConflict(request.POST)
    if form.is_valid():
        try:
            payment_services.close_conflict(
                conflict_id=row.pk, note=form.cleaned_data["note"], actor=actor_of(request)
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Closed. The payment that stands was not touched."))
            return redirect("desk:payment", public_id)
    return _compare(request, row, form)


def _conflict_or_404(public_id: UUID, pk: int) -> Conflict:
    conflicts = Conflict.objects.select_related(
        "payment__connection", "payment__customer", "payment__device", "callback"
    )
    return get_object_or_404(conflicts, pk=pk, payment__public_id=public_id)


def _compare(request: HttpRequest, row: Conflict, form: CloseConflict) -> HttpResponse:
    context = {"conflict": row, "payment": row.payment, "form": form}
    status = 422 if form.errors else 200
    return render(request, "desk/payment_conflict.html", context, status=status)
