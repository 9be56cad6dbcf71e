"""Asking for money to go back: of a payment, a device or a customer; and noting what an operator took back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from customers.models import Customer
from desk.forms import AskRefund, AskReversal
from desk.refunding import Offer, offers_of, why_not_more
from desk.views.deciding import actor_of, once, was_sent_before
from desk.views.payment import writer
from devices.models import Device
from payments import services as payment_services
from payments.models import Correction, Payment
from payments.refundable import (
    Source,
    approval_limit,
    operator_can_refund,
    sources_of_customer,
    sources_of_device,
    sources_of_payment,
)
from tenants.scope import current_company


@require_http_methods(["GET", "POST"])
@requires("payments.refund_payment")
def payment_refund(request: HttpRequest, public_id: UUID) -> HttpResponse:
    payment = _payment(public_id)
    page = {
        "payment": payment,
        "why": why_not_more(payment, writer()),
        "back_url": redirect("desk:payment", payment.public_id).url,
        "about": payment.receipt or payment.reference,
    }
    return _ask(request, sources_of_payment(payment), page)


@require_http_methods(["GET", "POST"])
@requires("payments.refund_payment")
def device_refund(request: HttpRequest, public_id: UUID) -> HttpResponse:
    device = get_object_or_404(Device.objects.select_related("customer"), public_id=public_id)
    page = {
        "why": [_("No credit of it stands at present.")],
        "back_url": redirect("desk:device", device.public_id).url,
        "about": device.label,
    }
    return _ask(request, sources_of_device(device), page)


@require_http_methods(["GET", "POST"])
@requires("payments.refund_payment")
def customer_refund(request: HttpRequest, public_id: UUID) -> HttpResponse:
    customer = get_object_or_404(Customer, public_id=public_id)
    page = {
        "why": [_("No credit of this customer stands at present.")],
        "back_url": redirect("desk:customer", customer.public_id).url,
        "about": str(customer),
    }
    return _ask(request, sources_of_customer(customer), page)


def _payment(public_id: UUID) -> Payment:
    payments = Payment.objects.select_related("connection", "device", "customer")
    return get_object_or_404(payments, public_id=public_id)


def _ask(request: HttpRequest, sources: list[Source], page: dict[str, Any]) -> HttpResponse:
    """Show what can go back and ask how much; then ask for it once, and show how it stands."""
    offers = offers_of(sources, writer())
    form = AskRefund(
        request.POST if request.method == "POST" else None,
        offers=offers,
        currency=current_company().currency,
        operator=_operator_of(offers),
    )
    if request.method == "POST" and offers and form.is_valid():
        made: list[Correction] = []
        try:
            done = once(form.cleaned_data["key"], lambda: made.append(_refund(form, request)))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _asked(request, made, done, str(page["back_url"]))
    context = {
        **page,
        "offers": offers,
        "form": form,
        "limit": approval_limit(current_company()),
        "is_whole": all(offer.source.is_whole for offer in offers),
        "most": offers[0].most if len(offers) == 1 else None,
    }
    return render(request, "desk/refund_ask.html", context, status=422 if form.errors else 200)


def _operator_of(offers: list[Offer]) -> str:
    """Return the name of the operator that can send the whole offer back by a call of ours, or nothing."""
    for offer in offers:
        payment = offer.source.payment
        if payment is not None and operator_can_refund(payment, offer.most):
            return payment.connection.label
    return ""


def _refund(form: AskRefund, request: HttpRequest) -> Correction:
    said, source = form.cleaned_data, form.offer.source
    return payment_services.ask_refund(
        pot=source.pot,
        payment_id=source.payment.pk if source.payment else None,
        device_id=source.device.pk if source.device else None,
        customer_id=source.customer.pk if source.customer else None,
        amount=said["amount"],
        pay_by=Correction.PayBy(said["pay_by"]),
        reason=said["reason"],
        actor=actor_of(request),
        now=timezone.now(),
    )


def _asked(request: HttpRequest, made: list[Correction], done: bool, back_url: str) -> HttpResponse:
    if not done or not made:
        was_sent_before(request)
        return redirect(back_url)
    (correction,) = made
    messages.success(request, _said_of(correction))
    return redirect("desk:correction", correction.public_id)


def _said_of(correction: Correction) -> str:
    if correction.state == Correction.State.ASKED:
        return _("Asked. It stands in the inbox until a second person approves or declines it.")
    if correction.kind == Correction.Kind.REVERSAL:
        return _("Booked. The payment is reversed.")
    if correction.pay_by == Correction.PayBy.OPERATOR:
        return _("Decided. The operator is asked to send it back now.")
    return _("Decided. Send the money now, then note below how it went.")


@require_http_methods(["GET", "POST"])
@requires("payments.refund_payment")
def payment_reverse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Note that the operator took a payment back; say before what that does."""
    payment = _payment(public_id)
    form = AskReversal(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made: list[Correction] = []
        try:
            done = once(
                form.cleaned_data["key"],
                lambda: made.append(_reversal(payment, form, actor_of(request))),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            back_url = redirect("desk:payment", payment.public_id).url
            return _asked(request, made, done, back_url)
    spent = payment_services.spent_of(payment)
    context = {
        "payment": payment,
        "form": form,
        "spent": spent,
        "unspent": payment.amount - spent,
        "limit": approval_limit(current_company()),
        "why": ""
        if payment.state in payment_services.REVERSIBLE
        else why_not_more(payment, writer())[0],
    }
    return render(request, "desk/reversal_ask.html", context, status=422 if form.errors else 200)


def _reversal(payment: Payment, form: AskReversal, actor: User) -> Correction:
    return payment_services.ask_reversal(
        payment_id=payment.pk,
        as_loss=form.cleaned_data["as_loss"],
        reason=form.cleaned_data["reason"],
        actor=actor,
        now=timezone.now(),
    )
