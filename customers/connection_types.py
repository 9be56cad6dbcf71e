"""Connection types with their sub-types, and groups: short lists that a company words for itself.

None of them decides about money by itself; what is used by a customer is renamed or merged, never lost.
"""

from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import Count, QuerySet

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType, Customer

Kind = ConnectionType | ConnectionSubType | ConnectionGroup
K = TypeVar("K", ConnectionType, ConnectionSubType, ConnectionGroup)
FIELDS: dict[type[models.Model], str] = {
    ConnectionType: "connection_type",
    ConnectionSubType: "connection_sub_type",
    ConnectionGroup: "connection_group",
}
ACTIONS: dict[type[models.Model], str] = {
    ConnectionType: "connection_type",
    ConnectionSubType: "connection_sub_type",
    ConnectionGroup: "connection_group",
}


class NameMissing(DomainError):
    message = _("Give it a name.")


class NameTaken(DomainError):
    message = _("“%(name)s” is in the list already.")


class InUse(DomainError):
    message = _("“%(name)s” is used by %(count)s. Merge it into another instead.")


class NotAlike(DomainError):
    message = _("“%(name)s” cannot be merged into “%(other)s”.")


class SubTypeOfAnother(DomainError):
    message = _("“%(sub_type)s” is not a sub-type of “%(connection_type)s”.")


# --- reading ---


def connection_types() -> QuerySet[ConnectionType]:
    """Return the types by name, with ``customer_count``."""
    return ConnectionType.objects.annotate(customer_count=Count("customer")).order_by("name")


def connection_sub_types() -> QuerySet[ConnectionSubType]:
    """Return the sub-types by type and name, with their type and ``customer_count``."""
    counted = ConnectionSubType.objects.select_related("connection_type")
    return counted.annotate(customer_count=Count("customers")).order_by(
        "connection_type__name", "name"
    )


def connection_groups() -> QuerySet[ConnectionGroup]:
    """Return the groups by name, with ``customer_count``."""
    return ConnectionGroup.objects.annotate(customer_count=Count("customer")).order_by("name")


def require_sub_type_of(
    sub_type: ConnectionSubType | None, connection_type: ConnectionType | None
) -> None:
    """Check what a customer is given.

    :raises SubTypeOfAnother: the sub-type belongs to another type
    """
    if sub_type is None:
        return
    if connection_type is None or sub_type.connection_type_id != connection_type.pk:
        raise SubTypeOfAnother(sub_type=sub_type, connection_type=connection_type or "–")


# --- changing ---


@transaction.atomic
def add_connection_type(*, name: str, actor: User | None) -> ConnectionType:
    """:raises NameMissing: empty
    :raises NameTaken: it is in the list
    """
    return _add(ConnectionType(name=_clean(name)), actor)


@transaction.atomic
def add_connection_group(*, name: str, actor: User | None) -> ConnectionGroup:
    """:raises NameMissing: empty
    :raises NameTaken: it is in the list
    """
    return _add(ConnectionGroup(name=_clean(name)), actor)


@transaction.atomic
def add_connection_sub_type(
    *, connection_type: ConnectionType, name: str, actor: User | None
) -> ConnectionSubType:
    """:raises NameMissing: empty
    :raises NameTaken: its type has one of this name
    """
    row = ConnectionSubType(connection_type=connection_type, name=_clean(name))
    return _add(row, actor, connection_type=connection_type)


@transaction.atomic
def rename(*, row: K, name: str, actor: User | None) -> K:
    """Word one of the lists otherwise, everywhere at once.

    :raises NameMissing: empty
    :raises NameTaken: it is in the list
    """
    locked = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
    before, name = locked.name, _clean(name)
    if name == before:
        return locked
    locked.name = name
    _write(locked)
    audit(
        actor=actor,
        action=f"{ACTIONS[type(row)]}.renamed",
        target=str(row.pk),
        name=name,
        name_before=before,
    )
    return locked


@transaction.atomic
def merge(*, row: K, into: K, actor: User | None) -> int:
    """Give another's place to one of the lists, with all customers; return how many moved.

    A type that is merged takes its sub-types along.

    :raises NotAlike: itself, another list, a sub-type of another type, or a sub-type with the same name there
    """
    if type(row) is not type(into) or row.pk == into.pk or not _may_become(row, into):
        raise NotAlike(name=row, other=into)
    if isinstance(row, ConnectionType):
        try:
            with transaction.atomic():
                row.sub_types.update(connection_type=into.pk)
        except IntegrityError:
            raise NotAlike(name=row, other=into) from None
    field = FIELDS[type(row)]
    moved = Customer.objects.filter(**{field: row.pk}).update(**{field: into.pk})
    _delete(row)
    audit(
        actor=actor,
        action=f"{ACTIONS[type(row)]}.merged",
        target=str(into.pk),
        name=into.name,
        name_before=row.name,
        customers=moved,
    )
    return moved


@transaction.atomic
def delete(*, row: Kind, actor: User | None) -> None:
    """Take one out of its list.

    :raises InUse: customers or sub-types have it; nothing was changed
    """
    count = Customer.objects.filter(**{FIELDS[type(row)]: row.pk}).count()
    if isinstance(row, ConnectionType):
        count += row.sub_types.count()
    if count:
        raise InUse(name=row.name, count=count)
    target = str(row.pk)
    _delete(row)
    audit(
        actor=actor,
        action=f"{ACTIONS[type(row)]}.deleted",
        target=target,
        name_before=row.name,
    )


def _may_become(row: Kind, into: Kind) -> bool:
    if isinstance(row, ConnectionSubType) and isinstance(into, ConnectionSubType):
        return row.connection_type_id == into.connection_type_id
    return True


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise NameMissing
    return name


def _add(row: K, actor: User | None, **facts: Any) -> K:
    _write(row)
    audit(
        actor=actor,
        action=f"{ACTIONS[type(row)]}.added",
        target=str(row.pk),
        name=row.name,
        **facts,
    )
    return row


def _write(row: Kind) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise NameTaken(name=row.name) from None


def _delete(row: Kind) -> None:
    """:raises InUse: something came to use it at this moment"""
    try:
        with transaction.atomic():
            row.delete()
    except (IntegrityError, models.ProtectedError):
        raise InUse(name=row.name, count="?") from None
