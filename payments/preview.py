"""Validation: the same split as at settlement, without spending anything."""

from datetime import datetime
from decimal import Decimal

from devices.models import Device
from payments.facts import split_for
from payments.matching import refusal_of
from payments.words import no
from plugins import registry
from plugins.contracts import Outcome, Reason, Verdict
from plugins.models import Connection
from tenants.models import Company


def dry_run(
    *, company: Company, device: Device | None, amount: Decimal, now: datetime
) -> tuple[Outcome, Decimal | None]:
    """Return our word on a payment that is not made yet, and the price it was computed with."""
    refusal = refusal_of(device)
    if refusal or device is None:
        return no(refusal), None
    if not _can_issue(device):
        return no(Reason.PLUGIN_OFF), None
    facts = split_for(company=company, device=device, amount=amount, at=now)
    if amount < facts.minimum_purchase:
        minimum = f"{facts.minimum_purchase.normalize():f}"
        message = f"Amount is below the minimum of {company.currency} {minimum}"
        return Outcome(Verdict.NO, message, Reason.BELOW_MINIMUM), facts.split.price
    return Outcome(Verdict.YES), facts.split.price


def _can_issue(device: Device) -> bool:
    """Whether the manufacturer's plug-in is set up and on; a pause passes and is no reason to refuse."""
    try:
        registry.manufacturer(device.manufacturer)
    except registry.UnknownPlugin:
        return False
    return Connection.objects.filter(plugin=device.manufacturer, is_on=True).exists()
