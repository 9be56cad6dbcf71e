"""Registering people. A customer is recognised by phone and name."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

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


class CustomerNotArchived(DomainError):
    message = _("%(name)s is not archived.")


class CustomerLeadsOn(DomainError):
    message = _("%(name)s is merged into another record, which stands for it now.")


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
    street: str = "",
    title: str = "",
    gender: str = "",
    birth_date: dt.date | None = None,
    education: str = "",
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
        street=street,
        title=title,
        gender=gender,
        birth_date=birth_date,
        education=education,
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
    """Store what an import set on many customers, inside the caller's transaction."""
    fields = ["connection_type", "connection_group", "village"]
    Customer.objects.bulk_update(customers, fields, batch_size=500)


def ensure_connection_type(name: str) -> ConnectionType:
    found, _created = ConnectionType.objects.get_or_create(name=name)
    return found


def ensure_connection_group(name: str) -> ConnectionGroup:
    found, _created = ConnectionGroup.objects.get_or_create(name=name)
    return found


CHANGEABLE = frozenset({
    "first_name", "last_name", "title", "gender", "birth_date", "education", "village", "street", "language",
    "connection_type", "connection_sub_type", "connection_group",
})  # fmt: skip


@transaction.atomic
def change_customer(
    *, customer_id: int, changes: Mapping[str, Any], phone: str = "", reason: str = "", actor: User
) -> Customer:
    """Write down other personal data; what is not named in ``changes`` stays as it is.

    :param changes: new values by name of the field, of those in ``CHANGEABLE``
    :param phone: another number, E.164, with the reason why; empty to keep the number
    :raises CustomerNeedsName: neither name would be left
    :raises CustomerKnown: somebody of this name has this phone already
    :raises SubTypeOfAnother: the sub-type belongs to another connection type
    """
    assert changes.keys() <= CHANGEABLE
    customer = lock_customer(customer_id)
    before = {name: getattr(customer, name) for name in changes}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    for name, value in changed.items():
        setattr(customer, name, value)
    if not (customer.first_name or customer.last_name):
        raise CustomerNeedsName
    require_sub_type_of(customer.connection_sub_type, customer.connection_type)
    if changed:
        _save(customer, list(changed))
        facts = dict(changed)
        facts |= {f"{name}_before": before[name] for name in changed}
        target = str(customer.public_id)
        audit(actor=actor, action="customer.changed", target=target, **_written(facts))
    if phone and phone != customer.phone:
        return change_phone(customer_id=customer.pk, phone=phone, reason=reason, actor=actor)
    return customer


def _written(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "" if value is None else value for name, value in facts.items()}


def lock_customer(customer_id: int) -> Customer:
    """Lock a customer in the caller's transaction, before devices, plans and payments."""
    return Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)


def _save(customer: Customer, fields: list[str]) -> None:
    """:raises CustomerKnown: somebody of this name has this phone already"""
    try:
        with transaction.atomic():
            customer.save(update_fields=fields)
    except IntegrityError:
        raise CustomerKnown(name=customer.name, phone=customer.phone) from None


@transaction.atomic
def change_phone(*, customer_id: int, phone: str, reason: str, actor: User) -> Customer:
    """Write to a customer at another number from now on. ``phone`` is E.164.

    :raises CustomerKnown: somebody of this name has this phone already
    """
    customer = lock_customer(customer_id)
    before = customer.phone
    if phone == before:
        return customer
    customer.phone = phone
    _save(customer, ["phone"])
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
def archive_customer(
    *, customer_id: int, archived_at: dt.datetime, actor: User | None, reason: str = ""
) -> Customer:
    """Stop selling to a customer; what was owed and paid stays. Access fees stop at this moment.

    :raises CustomerArchivedAlready: nothing was changed
    """
    customer = lock_customer(customer_id)
    if customer.is_archived:
        raise CustomerArchivedAlready(name=customer)
    customer.archived_at = archived_at
    customer.save(update_fields=["archived_at"])
    target = str(customer.public_id)
    audit(actor=actor, action="customer.archived", target=target, reason=reason)
    return customer


def require_restorable(customer: Customer) -> None:
    """:raises CustomerNotArchived: there is nothing to bring back
    :raises CustomerLeadsOn: another record stands for it
    """
    if customer.merged_into_id is not None:
        raise CustomerLeadsOn(name=customer)
    if not customer.is_archived:
        raise CustomerNotArchived(name=customer)


@transaction.atomic
def restore_customer(*, customer_id: int, reason: str, actor: User) -> Customer:
    """Sell to an archived customer again; use ``payments.services.restore_customer``, which sees to the fees.

    :raises CustomerNotArchived: nothing was changed
    :raises CustomerLeadsOn: it is merged into another record
    """
    customer = lock_customer(customer_id)
    require_restorable(customer)
    customer.archived_at = None
    customer.save(update_fields=["archived_at"])
    target = str(customer.public_id)
    audit(actor=actor, action="customer.restored", target=target, reason=reason)
    return customer
