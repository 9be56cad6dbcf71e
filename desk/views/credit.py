"""Spending a customer's credit: on one of the devices, or on a plan that pays no device."""

from decimal import Decimal
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from appliances.models import Plan
from appliances.progress import plans_with_progress
from customers.models import Customer
from desk.forms import SpendCredit
from desk.views.deciding import act_on, actor_of
from devices.models import Device
from ledger.models import Account
from ledger.selectors import balance
from payments import services as payment_services
from tenants.scope import current_company


@require_http_methods(["GET", "POST"])
@requires("payments.spend_credit")
def customer_credit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask once, then move credit of a customer to a device, or pay a plan with it."""
    customer = get_object_or_404(Customer.objects.select_related("village"), public_id=public_id)
    held = balance(Account.CUSTOMER_CREDIT, customer.pk)
    devices = list(Device.objects.filter(customer=customer, archived_at=None).order_by("pk"))
    running = plans_with_progress().filter(customer=customer, state=Plan.State.RUNNING)
    plans = [plan for plan in running if plan.device_id is None]
    form = SpendCredit(
        request.POST if request.method == "POST" else None,
        devices=devices,
        plans=plans,
        currency=current_company().currency,
        held=held,
    )
    if request.method == "POST":
        act = partial(_spend, customer, form, actor_of(request))
        if act_on(request, form, act, target=customer.public_id, done=_("The credit is moved.")):
            return _after(customer, form)
    context = {
        "customer": customer,
        "held": held,
        "devices": devices,
        "plans": plans,
        "form": form,
        "chosen": form["to"].value() or "",
    }
    status = 422 if form.errors else 200
    return render(request, "desk/customer_credit.html", context, status=status)


def _spend(customer: Customer, form: SpendCredit, actor: User) -> None:
    amount: Decimal = form.cleaned_data["amount"]
    reason: str = form.cleaned_data["reason"]
    now = timezone.now()
    chosen = form.chosen()
    if isinstance(chosen, Device):
        payment_services.move_credit(
            customer_id=customer.pk, device_id=chosen.pk, amount=amount, reason=reason,
            actor=actor, now=now,
        )  # fmt: skip
    else:
        payment_services.pay_plan_from_credit(
            customer_id=customer.pk, plan_id=chosen.pk, amount=amount, reason=reason,
            actor=actor, now=now,
        )  # fmt: skip


def _after(customer: Customer, form: SpendCredit) -> HttpResponse:
    """Lead on to the device, where the token is issued next, or back to the customer."""
    chosen = form.chosen()
    if isinstance(chosen, Device):
        return redirect("desk:device", chosen.public_id)
    return redirect("desk:customer", customer.public_id)
