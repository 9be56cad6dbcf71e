"""The list of devices, the page of one, and what can be asked of it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import may, requires
from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.paging import page_of
from common.words import _
from desk.devices import can_look_up, credit_preview, device_page, device_rows
from desk.exports import DEVICE_COLUMNS, device_lines
from desk.forms import ReasonForm
from desk.views.customers import asked_format, export_links, list_address
from devices import serial_check
from devices.forms import DeviceFilter
from devices.models import Device
from devices.selectors import device_list as devices_asked
from payments import services as payments
from reports.exports import export
from tenants.scope import current_company


@require_safe
@requires("devices.view_device")
def device_list(request: HttpRequest) -> HttpResponse:
    form = DeviceFilter(request.GET)
    asked = form.asked()
    company = current_company()
    page = page_of(devices_asked(country=company.country, asked=asked), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": device_rows(page.rows),
        "chips": form.chips(),
        "params": request.GET,
        "currency": company.currency,
        "exports": export_links(request, "devices.export_device", "desk:device-export"),
        "is_new": not page.total and not Device.objects.exists(),
        "find": {
            "url": reverse("desk:device-list"),
            "label": _("Find in devices"),
            "q": asked.get("q", ""),
        },
    }
    return render(request, "desk/device_list.html", context)


@require_safe
@requires("devices.export_device")
def device_export(request: HttpRequest) -> HttpResponseBase:
    """The list as it is filtered, as a file."""
    kind = asked_format(request)
    user = request.user
    assert isinstance(user, User)
    asked = DeviceFilter(request.GET).asked()
    devices = devices_asked(country=current_company().country, asked=asked)
    audit(actor=user, action="devices.exported", format=kind)
    return export(device_lines(devices), DEVICE_COLUMNS, "devices", kind)


def _device(public_id: UUID) -> Device:
    devices = Device.objects.select_related(
        "customer", "village__mini_grid", "tariff", "replaced_by"
    )
    return get_object_or_404(devices, public_id=public_id)


@require_safe
@requires("devices.view_device")
def device(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _device(public_id)
    company, now = current_company(), timezone.now()
    language = translation.get_language() or "en"
    context = {
        "device": found,
        "page": device_page(company, found, now=now, language=language),
        "check": serial_check.latest_check(found.pk),
        "currency": company.currency,
        "payments_url": list_address("payments:payment-list", q=found.serial, period="all"),
        "may_issue": may(request.user, "vending.issue_from_credit"),
        "may_refund": may(request.user, "payments.refund_payment"),
        "may_give": may(request.user, "devices.free_token"),
        "may_check": may(request.user, "devices.check_serial"),
    }
    return render(request, "desk/device_detail.html", context)


@require_http_methods(["GET", "POST"])
@requires("devices.check_serial")
def device_check(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """POST asks the manufacturer through a worker; GET tells how that stands, for the page that polls."""
    found = _device(public_id)
    if request.method == "POST" and can_look_up(found):
        serial_check.ask_check(found.pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(reverse("desk:device", args=[found.public_id]) + "#check")
    context = {"device": found, "check": serial_check.latest_check(found.pk), "can_look_up": True}
    return render(request, "desk/_device_check.html", context)


@require_http_methods(["GET", "POST"])
@requires("vending.issue_from_credit")
def device_issue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask once, then spend the device's credit on a token. The key makes sending twice harmless."""
    found = _device(public_id)
    user = request.user
    assert isinstance(user, User)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            payments.issue_from_credit(device_id=found.pk, actor=user, **form.cleaned_data)
        except payments.KeyUsed:
            # Sent twice: what the first sending did stands on the page.
            return redirect("desk:device", found.public_id)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, say("The token is ordered. It appears below in seconds."))
            return redirect("desk:device", found.public_id)
    preview = credit_preview(current_company(), found, now=timezone.now())
    context = {"device": found, "form": form, "preview": preview}
    status = 422 if form.errors else 200
    return render(request, "desk/device_issue.html", context, status=status)
