"""What a company still lacks before a payment can become a token."""

from dataclasses import dataclass
from typing import Any

from common.words import _
from devices.models import Device, TariffVersion
from payments.models import Payment
from plugins.models import Connection


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the set-up. ``view`` leads to where it is done, or is empty."""

    label: Any
    text: Any
    is_done: bool
    view: str = ""
    permission: str = ""


def steps() -> list[Step]:
    """Return the steps in the order in which they are taken, in four queries."""
    kinds = set(
        Connection.objects.filter(is_on=True)
        .exclude(plugin="console_sms")
        .values_list("kind", flat=True)
    )
    where = {"view": "plugins:connection-list", "permission": "plugins.view_connection"}
    return [
        Step(
            _("Connect a mobile-money operator"),
            _("So that payments reach you. You get the addresses to hand to the operator."),
            "payment" in kinds,
            **where,
        ),
        Step(
            _("Connect the manufacturer of your devices"),
            _("So that payments become tokens."),
            "manufacturer" in kinds,
            **where,
        ),
        Step(
            _("Connect an SMS gateway"),
            _("Until then messages are shown under Messages and reach no phone."),
            "sms" in kinds,
            **where,
        ),
        Step(
            _("Bring in tariffs, customers and devices"),
            _("Whoever runs the server imports them from a spreadsheet with one command."),
            TariffVersion.objects.exists()
            and Device.objects.filter(customer__isnull=False).exists(),
        ),
        Step(
            _("Receive the first payment"),
            _("Pay a small amount for one of your own devices and watch it go through."),
            Payment.objects.exists(),
        ),
    ]


def is_done(found: list[Step]) -> bool:
    return all(step.is_done for step in found)
