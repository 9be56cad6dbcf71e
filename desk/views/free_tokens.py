"""A token without payment, asked once: for an outage, a test, our own use."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from desk.free_token_form import FreeTokenForm
from devices.models import Device
from payments import services as payments
from tenants.models import Company
from tenants.scope import current_company


@require_http_methods(["GET", "POST"])
@requires("devices.free_token")
def device_free_token(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask what and why, then order it. The key makes sending twice harmless."""
    devices = Device.objects.select_related("customer", "village__mini_grid")
    device = get_object_or_404(devices, public_id=public_id)
    now = timezone.now()
    company = Company.objects.get(pk=current_company().pk)  # its limits, as they are now
    allowed = payments.allowed_on(company, device, now=now)
    form = FreeTokenForm(request.POST if request.method == "POST" else None, allowed=allowed)
    if request.method == "POST" and form.is_valid():
        try:
            order = _order(device, form.cleaned_data, request, now)
        except payments.KeyUsed:
            return redirect("desk:device", device.public_id)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, say("The token is ordered. It appears below in seconds."))
            return redirect("desk:order", order.public_id)
    context = {"device": device, "form": form, "allowed": allowed}
    status = 422 if form.errors else 200
    return render(request, "desk/device_free_token.html", context, status=status)


def _order(device: Device, given: dict[str, Any], request: HttpRequest, now: Any) -> Any:
    assert isinstance(request.user, User)
    return payments.order_free_token(
        device_id=device.pk,
        task=given["task"],
        quantity=given["quantity"],
        why=given["why"],
        note=given["reason"],
        actor=request.user,
        key=given["key"],
        now=now,
    )
