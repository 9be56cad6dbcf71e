"""From what a payer typed to a device, and whether money for it can be taken."""

from common.prepared import Hole, Prepared
from devices.models import Device
from plugins.contracts import Reason

RELATED = ("customer", "replaced_by__customer")
EXACTLY = Prepared(
    lambda: Device.objects.select_related(*RELATED).filter(serial=Hole("serial")),
)


def device_typed(account: str) -> Device | None:
    """Return the device whose number the payer typed; blanks and case do not matter.

    A customer goes on typing the number of a device that was replaced: that means what took its place.
    """
    serial = "".join(account.split())
    if not serial:
        return None
    devices = Device.objects.select_related(*RELATED)
    found = EXACTLY.first(serial=serial) or devices.filter(serial__iexact=serial).first()
    return found.replaced_by or found if found else None


def refusal_of(device: Device | None) -> Reason:
    """Return why money for this device cannot be taken; ``Reason.NONE`` when it can."""
    if device is None or device.archived_at is not None:
        return Reason.UNKNOWN_DEVICE
    if device.customer is None:
        return Reason.NO_CUSTOMER
    if device.customer.is_archived:
        return Reason.ARCHIVED_CUSTOMER
    return Reason.NONE
