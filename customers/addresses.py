"""Further addresses of a customer, and making one of them the primary one."""

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from customers.records import Address
from customers.services import lock_customer
from locations.models import Village

MOST = 20


class AddressKnown(DomainError):
    message = _("This address stands there already.")


class TooManyAddresses(DomainError):
    message = _("A customer has at most %(most)s further addresses. Remove one first.")


def _written(address: Address) -> str:
    parts = (address.note, str(address), address.phone)
    return ", ".join(part for part in parts if part)


@transaction.atomic
def add_address(
    *,
    customer_id: int,
    village: Village,
    street: str = "",
    phone: str = "",
    note: str = "",
    actor: User | None,
) -> Address:
    """Add a further address. ``phone`` is E.164 or empty.

    :raises AddressKnown: nothing was changed
    :raises TooManyAddresses: nothing was changed
    """
    customer = lock_customer(customer_id)
    if customer.addresses.count() >= MOST:
        raise TooManyAddresses(most=MOST)
    address = Address(customer=customer, village=village, street=street, phone=phone, note=note)
    _save(address)
    _audit(actor, "customer.address_added", customer, address=_written(address))
    return address


@transaction.atomic
def change_address(
    *, address_id: int, village: Village, street: str, phone: str, note: str, actor: User
) -> Address:
    """Word a further address otherwise.

    :raises AddressKnown: it would be one that stands there already
    """
    address = Address.objects.select_related("customer", "village").get(pk=address_id)
    lock_customer(address.customer_id)
    before = _written(address)
    address.village, address.street, address.phone, address.note = village, street, phone, note
    _save(address)
    facts = {"address": _written(address), "address_before": before}
    if facts["address"] != before:
        _audit(actor, "customer.address_changed", address.customer, **facts)
    return address


@transaction.atomic
def remove_address(*, address_id: int, actor: User) -> None:
    """Forget a further address."""
    address = Address.objects.select_related("customer", "village").get(pk=address_id)
    lock_customer(address.customer_id)
    written = _written(address)
    address.delete()
    _audit(actor, "customer.address_removed", address.customer, address="", address_before=written)


@transaction.atomic
def make_primary(*, address_id: int, actor: User) -> Customer:
    """Let a further address change places with the primary one. Phone and note stay with the further one's row.

    :raises AddressKnown: what was primary stands among the further ones already
    """
    address = Address.objects.select_related("village").get(pk=address_id)
    customer = lock_customer(address.customer_id)
    before = Address(village=customer.village, street=customer.street)
    facts = {"primary": str(address), "primary_before": str(before)}
    customer.village, customer.street, address.village, address.street = (
        address.village,
        address.street,
        customer.village,
        customer.street,
    )
    customer.save(update_fields=["village", "street"])
    _save(address)
    _audit(actor, "customer.address_made_primary", customer, **facts)
    return customer


def _save(address: Address) -> None:
    try:
        with transaction.atomic():
            address.save()
    except IntegrityError:
        raise AddressKnown from None


def _audit(actor: User | None, action: str, customer: Customer, **facts: str) -> None:
    audit(actor=actor, action=action, target=str(customer.public_id), **facts)
