"""Registering a customer, changing personal data, and giving a customer one more device."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import may, requires
from common.clock import today_in
from common.errors import DomainError
from common.filters import clean_query
from customers import services
from customers.connection_types import SubTypeOfAnother
from customers.duplicates import Duplicate, possible_duplicates
from customers.forms import EditPersonalData
from customers.models import Customer
from desk.customer_forms import GiveDevice, RegisterCustomer
from desk.registering import give, makes_offered, register
from desk.views.deciding import act_on, actor_of, once, was_sent_before
from devices.models import Device
from tenants.scope import current_company

PREFILLED = ("first_name", "last_name", "phone", "village", "serial")


@require_http_methods(["GET", "POST"])
@requires("customers.add_customer")
def customer_new(request: HttpRequest) -> HttpResponse:
    """Register somebody; whoever may be the same person is shown before anything is saved."""
    company = current_company()
    form = RegisterCustomer(
        request.POST if request.method == "POST" else None,
        initial={name: clean_query(request.GET.get(name, "")) for name in PREFILLED},
        country=company.country,
        today=today_in(company.timezone, timezone.now()),
        may_give=may(request.user, "devices.change_device"),
    )
    found: list[Duplicate] = []
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        found = possible_duplicates(name=form.name, phone=said["phone"], village=said["village"])
        if not form.unseen(found) and (answer := _register(request, form)):
            return answer
    context = {
        "form": form,
        "duplicates": [] if form.errors else found,
        "seen": ",".join(str(each.customer.public_id) for each in found),
        "has_villages": bool(form.fields["village"].choices),  # type: ignore[attr-defined]
    }
    status = 422 if form.errors else 200
    return render(request, "desk/customer_new.html", context, status=status)


def _register(request: HttpRequest, form: RegisterCustomer) -> HttpResponse | None:
    """Save both or neither; where that was refused, say so on the form."""
    made: list[Customer] = []

    def act() -> None:
        made.append(register(person=form.person(), wanted=form.wanted(), actor=actor_of(request)))

    try:
        is_new = once(form.cleaned_data["key"], act)
    except (services.CustomerNeedsName, services.CustomerKnown) as refusal:
        form.add_error(None, str(refusal))
        return None
    except SubTypeOfAnother as refusal:
        form.add_error("connection_sub_type", str(refusal))
        return None
    except DomainError as refusal:
        form.add_error("serial" if "serial" in form.fields else None, str(refusal))
        return None
    if not is_new:
        was_sent_before(request)
        return redirect("desk:customer-list")
    messages.success(request, _("%(name)s is registered.") % {"name": made[0]})
    return redirect("desk:customer", made[0].public_id)


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def customer_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write down other personal data; the phone with the reason, for those who may."""
    customer = get_object_or_404(Customer.objects.select_related("village"), public_id=public_id)
    company = current_company()
    form = EditPersonalData(
        request.POST if request.method == "POST" else None,
        customer=customer,
        may_change_phone=may(request.user, "customers.change_phone"),
        country=company.country,
        today=today_in(company.timezone, timezone.now()),
    )
    if request.method == "POST" and form.is_valid() and _change(request, customer, form):
        return redirect("desk:customer", customer.public_id)
    context = {"customer": customer, "form": form}
    status = 422 if form.errors else 200
    return render(request, "desk/customer_edit.html", context, status=status)


def _change(request: HttpRequest, customer: Customer, form: EditPersonalData) -> bool:
    try:
        services.change_customer(
            customer_id=customer.pk,
            changes=form.changes(),
            phone=form.new_phone(),
            reason=form.cleaned_data.get("reason", ""),
            actor=actor_of(request),
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("Written down."))
    return True


@require_http_methods(["GET", "POST"])
@requires("devices.change_device")
def customer_device(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a customer one more device, from stock or new."""
    customer = get_object_or_404(Customer.objects.select_related("village"), public_id=public_id)
    form = GiveDevice(
        request.POST if request.method == "POST" else None,
        initial={"village": str(customer.village.public_id)},
    )
    if request.method == "POST":
        act = partial(_give, customer, form, request)
        done = _("The device is %(name)s's now.") % {"name": customer}
        if act_on(request, form, act, target=customer.public_id, done=done):
            return redirect("desk:customer", customer.public_id)
    context = {
        "customer": customer,
        "form": form,
        "in_stock": Device.objects.filter(customer=None, archived_at=None).count(),
        "can_be_new": bool(makes_offered()),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/customer_device.html", context, status=status)


def _give(customer: Customer, form: GiveDevice, request: HttpRequest) -> None:
    wanted = form.wanted()
    assert wanted is not None
    village = form.cleaned_data["village"]
    give(wanted, customer=customer, village=village, actor=actor_of(request))
