"""Registering people. A customer is recognised by phone and name."""

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.connection_types import require_sub_type_of
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType, Customer
from locations.models import Village


class CustomerNeedsName(DomainError):
    message = _("Give the customer a first name or a last name.")


class CustomerKnown(DomainError):
    message = _("%(name)s with the phone %(phone)s is a customer already.")


class CustomerArchivedAlready(DomainError):
    message = _("%(name)s is archived already.")


@transaction.atomic
def register_customer(
    *,
    first_name: str,
    last_name: str,
    phone: str,
    village: Village,
    actor: User | None,
    connection_type: ConnectionType | None = None,
    connection_sub_type: ConnectionSubType | None = None,
    connection_group: ConnectionGroup | None = None,
    language: str = "",
) -> Customer:
    """Add one customer. ``phone`` is E.164 (``common.phone.parse_phone``).

    :raises CustomerNeedsName: both names are empty
    :raises CustomerKnown: somebody of this name has this phone already
    :raises SubTypeOfAnother: the sub-type belongs to another connection type
    """
    if not (first_name or last_name):
        raise CustomerNeedsName
    require_sub_type_of(connection_sub_type, connection_type)
    customer = Customer(
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        village=village,
        connection_type=connection_type,
        connection_sub_type=connection_sub_type,
        connection_group=connection_group,
        language=language,
    )
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError:
        raise CustomerKnown(name=customer.name, phone=phone) from None
    audit(actor=actor, action="customer.registered", target=str(customer.public_id))
    return customer


def register_customers(*, customers: Sequence[Customer]) -> None:
    """Add many checked customers in few statements, inside the caller's transaction; ids are set on them.

    :raises IntegrityError: one of them was registered meanwhile
    """
    Customer.objects.bulk_create(customers, batch_size=1000)


def complete_customers(*, customers: Sequence[Customer]) -> None:
    """Store type and group of customers that had none, inside the caller's transaction."""
    Customer.objects.bulk_update(customers, ["connection_type", "connection_group"], batch_size=500)


def ensure_connection_type(name: str) -> ConnectionType:
    found, _created = ConnectionType.objects.get_or_create(name=name)
    return found


def ensure_connection_group(name: str) -> ConnectionGroup:
    found, _created = ConnectionGroup.objects.get_or_create(name=name)
    return found


@transaction.atomic
def change_phone(*, customer_id: int, phone: str, reason: str, actor: User) -> Customer:
    """Write to a customer at another number from now on. ``phone`` is E.164.

    :raises CustomerKnown: somebody of this name has this phone already
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    before = customer.phone
    if phone == before:
        return customer
    customer.phone = phone
    try:
        with transaction.atomic():
            customer.save(update_fields=["phone"])
    except IntegrityError:
        raise CustomerKnown(name=customer.name, phone=phone) from None
    audit(
        actor=actor,
        action="customer.phone_changed",
        target=str(customer.public_id),
        reason=reason,
        before=before,
        after=phone,
    )
    return customer


@transaction.atomic
def archive_customer(*, customer_id: int, archived_at: dt.datetime, actor: User | None) -> Customer:
    """Stop selling to a customer; what was owed and paid stays. Access fees stop at this moment.

    :raises CustomerArchivedAlready: nothing was changed
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if customer.is_archived:
        raise CustomerArchivedAlready(name=customer)
    customer.archived_at = archived_at
    customer.save(update_fields=["archived_at"])
    audit(actor=actor, action="customer.archived", target=str(customer.public_id))
    return customer
