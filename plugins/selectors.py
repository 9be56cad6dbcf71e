"""Reading connections."""

from django.urls import reverse

from plugins.contracts import Kind, PaymentProvider, SmsGateway
from plugins.models import Connection
from tenants.models import Company
from tenants.selectors import address_of

DOORS = {Kind.PAYMENT: "payment-webhook", Kind.SMS: "sms-webhook"}


def connection_of(slug: str) -> Connection | None:
    return Connection.objects.filter(plugin=slug).first()


def webhook_addresses(company: Company, connection: Connection) -> dict[str, str]:
    """Return the addresses to hand to the vendor, by action; empty when the vendor never calls."""
    adapter = connection.adapter_class
    if not issubclass(adapter, PaymentProvider | SmsGateway):
        return {}
    return {
        action.name: address_of(company)
        + reverse(
            DOORS[adapter.kind],
            urlconf="mpm.urls",
            kwargs={
                "slug": connection.plugin,
                "key": connection.webhook_key,
                "action": action.name,
            },
        )
        for action in adapter.actions
    }
