"""Archiving a customer, bringing one back, and merging two records of one person."""

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires
from common import formats
from common.errors import DomainError
from common.filters import clean_query
from customers import services
from customers.duplicates import possible_duplicates
from customers.models import Customer
from customers.selectors import customer_list
from desk.customer_list import customer_rows
from desk.forms import ReasonForm
from desk.views.deciding import Question, act_on, actor_of, decide
from devices.models import Device
from ledger.models import Account
from ledger.selectors import balance, balances
from payments import services as payment_services
from tenants.scope import current_company

MOST_FOUND = 20


@require_http_methods(["GET", "POST"])
@requires("customers.archive_customer")
def customer_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what archiving means for this customer, ask once, and do it."""
    customer = _customer_or_404(public_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def act() -> Customer:
        return services.archive_customer(
            customer_id=customer.pk,
            archived_at=timezone.now(),
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
        )

    question = Question(
        title=_("Archive %(name)s?") % {"name": customer},
        button=_("Archive the customer"),
        back_url=reverse("desk:customer", args=[customer.public_id]),
        crumb=str(customer),
        facts=_consequences(customer),
        back=_("Keep the customer"),
    )
    done = _("%(name)s is archived.") % {"name": customer}
    return decide(request, form, act, question, target=customer.public_id, done=done)


def _consequences(customer: Customer) -> list[tuple[str, str]]:
    """Return what archiving does to what this customer has."""
    devices = list(Device.objects.filter(customer=customer, archived_at=None).order_by("pk"))
    (row,) = customer_rows([customer])
    of_devices = balances(Account.DEVICE_CREDIT, [device.pk for device in devices])
    kept = balance(Account.CUSTOMER_CREDIT, customer.pk) + sum(of_devices.values(), Decimal(0))
    facts = [(_("Sales"), _("stop. What was owed, paid and bought stays, also in the books."))]
    if devices:
        named = ", ".join(str(device.label) for device in devices)
        text = _(
            "stay with the customer: %(devices)s. Payments for them are sent back where the operator can do"
            " that; else they wait in the inbox. Access fees stop. Move or take them back first to sell on."
        )
        facts.append((_("Devices"), text % {"devices": named}))
    if kept:
        text = _("%(amount)s stays and can be refunded, before or after.")
        facts.append((_("Credit"), text % {"amount": _money(kept)}))
    if row.owes:
        text = _("%(amount)s stays owed; no payment clears it any more.")
        facts.append((_("Debts"), text % {"amount": _money(row.owes)}))
    facts.append((_("Back"), _("is possible at any time.")))
    return facts


@require_http_methods(["GET", "POST"])
@requires("customers.archive_customer")
def customer_restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Bring an archived customer back; asked once."""
    customer = _customer_or_404(public_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def act() -> Customer:
        return payment_services.restore_customer(
            company=current_company(),
            customer_id=customer.pk,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=timezone.now(),
        )

    question = Question(
        title=_("Bring %(name)s back?") % {"name": customer},
        button=_("Bring the customer back"),
        back_url=reverse("desk:customer", args=[customer.public_id]),
        crumb=str(customer),
        facts=[
            (_("Payments"), _("for the customer's devices count again.")),
            (_("Access fees"), _("begin anew today; none fall due for the time between.")),
        ],
        back=_("Leave it archived"),
    )
    done = _("%(name)s is a customer again.") % {"name": customer}
    return decide(request, form, act, question, target=customer.public_id, done=done)


# --- merging --------------------------------------------------------------------------------------


@require_safe
@requires("customers.merge_customer")
def customer_merge(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose the other record of this person; nothing happens yet."""
    customer = _customer_or_404(public_id)
    text = clean_query(request.GET.get("q", ""))
    if text:
        company = current_company()
        rows = customer_list(country=company.country, asked={"q": text})
        found = list(rows.exclude(pk=customer.pk)[:MOST_FOUND])
    else:
        alike = possible_duplicates(
            name=customer.name, phone=customer.phone, village=customer.village
        )
        found = [each.customer for each in alike if each.customer.pk != customer.pk]
    context = {
        "customer": customer,
        "found": [each for each in found if each.merged_into_id is None],
        "q": text,
    }
    return render(request, "desk/customer_merge.html", context)


@require_http_methods(["GET", "POST"])
@requires("customers.merge_customer")
def customer_merge_into(request: HttpRequest, public_id: UUID, into: UUID) -> HttpResponse:
    """Show what goes over into the record that stays, ask once, and merge."""
    merged, stays = _customer_or_404(public_id), _customer_or_404(into)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    refusal, goes = "", None
    try:
        goes = payment_services.what_goes_over(merged, stays)
    except DomainError as error:
        refusal = str(error)
    if request.method == "POST":
        act = partial(_merge, request, form, merged, stays)
        done = _("The two records are one now.")
        if act_on(request, form, act, target=merged.public_id, done=done):
            return redirect("desk:customer", stays.public_id)
    context = {
        "merged": merged,
        "stays": stays,
        "goes": _goes(goes) if goes else [],
        "refusal": refusal,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "desk/customer_merge_into.html", context, status=status)


def _merge(request: HttpRequest, form: ReasonForm, merged: Customer, stays: Customer) -> None:
    payment_services.merge_customers(
        merged_id=merged.pk,
        into_id=stays.pk,
        reason=form.cleaned_data["reason"],
        actor=actor_of(request),
        now=timezone.now(),
    )


def _goes(goes: payment_services.GoesOver) -> list[tuple[str, str]]:
    """Return in words what goes over; what is not there is left out."""
    language = translation.get_language() or "en"
    devices = ", ".join(str(device.label) for device in goes.devices)
    counts = [
        (_("Plans"), goes.plans),
        (_("Payments"), goes.payments),
        (_("Documents"), goes.documents),
        (_("Further addresses"), goes.addresses),
        (_("Answers"), goes.answers),
        (_("Consents"), goes.consents),
    ]
    found: list[tuple[str, Any]] = [(_("Devices"), devices)] if devices else []
    found += [(label, formats.number(count, language)) for label, count in counts if count]
    if goes.credit:
        found.append((_("Credit"), _money(goes.credit)))
    if goes.owed:
        found.append((_("Owed for no device"), _money(goes.owed)))
    return found or [(_("Nothing"), _("but name, phone and village, which are kept as an address"))]


def _money(amount: Decimal) -> str:
    return formats.money(amount, current_company().currency, translation.get_language() or "en")


def _customer_or_404(public_id: UUID) -> Customer:
    customers = Customer.objects.select_related("village__mini_grid")
    return get_object_or_404(customers, public_id=public_id)
