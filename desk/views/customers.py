"""The page of one customer, and what the pages of lists share."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import may, requires
from common.paging import address_with
from customers.models import Customer
from desk import charts
from desk.customers import customer_page
from devices.models import Device
from locations.geometry import spot_of
from locations.maps import Dot, Map, make_map
from reports.exports import Format
from tenants.scope import current_company


def export_links(request: HttpRequest, permission: str, view: str) -> list[tuple[str, str]]:
    """Return the links that save a list as it is filtered now, for those who may."""
    if not may(request.user, permission):
        return []
    return [
        (kind.upper(), reverse(view) + address_with(request.GET, after=None, format=kind))
        for kind in Format
    ]


def list_address(view: str, **query: str) -> str:
    """Return the address of a list with something asked of it."""
    return f"{reverse(view)}?{urlencode(query)}"


def asked_format(request: HttpRequest) -> Format:
    """:raises Http404: a format we do not write"""
    try:
        return Format(request.GET.get("format", Format.CSV))
    except ValueError:
        raise Http404 from None


@require_safe
@requires("customers.view_customer")
def customer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(
        Customer.objects.select_related(
            "village__mini_grid",
            "connection_type",
            "connection_sub_type",
            "connection_group",
            "merged_into",
        ),
        public_id=public_id,
    )
    if found.merged_into is not None:
        said = _("%(merged)s was merged into this record, which is the same person.")
        messages.info(request, said % {"merged": found})
        return redirect("desk:customer", found.merged_into.public_id)
    company, now = current_company(), timezone.now()
    language = translation.get_language() or "en"
    page = customer_page(company, found, now=now, language=language)
    context = {
        "customer": found,
        "page": page,
        "map": _map(request, found, [card.device for card in page.devices]),
        "currency": company.currency,
        "may_change": may(request.user, "customers.change_customer"),
        "may_give": may(request.user, "devices.change_device"),
        "may_archive": may(request.user, "customers.archive_customer"),
        "may_refund": may(request.user, "payments.refund_payment"),
        "may_spend": may(request.user, "payments.spend_credit"),
        "payments_url": list_address("payments:payment-list", q=found.phone, period="all"),
        "messages_url": list_address("messaging:message-list", q=found.phone),
        "chart": charts.bar_chart([kwh for _month, kwh in page.energy]) if page.energy else None,
    }
    return render(request, "desk/customer_detail.html", context)


def _map(request: HttpRequest, customer: Customer, devices: Sequence[Device]) -> Map | None:
    """Where the devices stand, or the village where nobody noted that; None where nothing is known."""
    dots = [
        Dot(spot, str(each.label), reverse("desk:device", args=[each.public_id]))
        for each in devices
        if each.archived_at is None and (spot := spot_of(each.latitude, each.longitude))
    ]
    village = customer.village
    if not dots and (spot := village.spot):
        place = reverse("desk:village", args=[village.public_id])
        dots = [Dot(spot, village.name, place, text=_("the village"), is_square=True)]
    label = _("Where the customer and the devices are")
    return make_map(request, dots=dots, label=label) if dots else None
