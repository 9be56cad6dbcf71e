"""Two records of one person become one, as far as this room goes: what is kept beside money.

``payments.services.merge_customers`` calls this in its transaction, with everything else that goes over.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from customers.records import Address, Merge
from customers.services import lock_customer

FILLED_IN = (
    "title", "gender", "birth_date", "education", "street", "language", "connection_group",
)  # fmt: skip


class SameRecord(DomainError):
    message = _("These are one record already.")


class IsMerged(DomainError):
    message = _("%(name)s is merged into another record already.")


class StaysArchived(DomainError):
    message = _("%(name)s is archived. Bring the record back first, or keep the other one.")


def lock_records(merged_id: int, into_id: int) -> tuple[Customer, Customer]:
    """Lock both records, the lower id first, and see that one can go into the other.

    :raises SameRecord: both are one
    :raises IsMerged: one of them is merged already
    :raises StaysArchived: the one that stays is archived
    """
    if merged_id == into_id:
        raise SameRecord
    locked = {pk: lock_customer(pk) for pk in sorted((merged_id, into_id))}
    merged, into = locked[merged_id], locked[into_id]
    require_mergeable(merged, into)
    return merged, into


def require_mergeable(merged: Customer, into: Customer) -> None:
    """:raises DomainError: as ``lock_records``"""
    if merged.pk == into.pk:
        raise SameRecord
    for each in (merged, into):
        if each.merged_into_id is not None:
            raise IsMerged(name=each)
    if into.is_archived:
        raise StaysArchived(name=into)


def move_records(merged: Customer, into: Customer) -> dict[str, list[int]]:
    """Move what is kept about one locked record to the other; return the ids by kind.

    What the other has already, as the same file, the same question answered or the same consent, stays where it
    was. Fields that the other leaves open are filled in.
    """
    moved = {
        "documents": _move(
            merged.documents.exclude(digest__in=into.documents.values("digest")), into
        ),
        "answers": _move(
            merged.answers.exclude(question__in=into.answers.values("question")), into
        ),
        "consents": _move(_consents(merged, into), into),
        "addresses": _move_addresses(merged, into),
    }
    _fill_in(merged, into)
    return moved


def close_record(
    merged: Customer,
    into: Customer,
    *,
    moved: dict[str, list[int]],
    reason: str,
    merged_at: dt.datetime,
    actor: User,
) -> Merge:
    """Archive the record that went into the other, and let it and what was merged into it lead there."""
    Customer.objects.filter(merged_into=merged).update(merged_into=into)
    merged.merged_into = into
    merged.archived_at = merged.archived_at or merged_at
    merged.save(update_fields=["merged_into", "archived_at"])
    return Merge.objects.create(
        merged=merged,
        into=into,
        reason=reason,
        merged_at=merged_at,
        merged_by=str(actor),
        moved=moved,
    )


def _move(rows: QuerySet[Any], into: Customer) -> list[int]:
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=ids).update(customer=into)
    return ids


def _consents(merged: Customer, into: Customer) -> QuerySet[Any]:
    standing = into.consents.filter(withdrawn_date=None).values("purpose")
    return merged.consents.exclude(withdrawn_date=None, purpose__in=standing)


def _move_addresses(merged: Customer, into: Customer) -> list[int]:
    """Move further addresses, and keep the primary one and the phone as a further address."""
    kept = [*into.addresses.all()]
    known = {_written(each) for each in kept}
    known.add((into.village_id, into.street, "", ""))
    new = [each for each in merged.addresses.order_by("pk") if _written(each) not in known]
    Address.objects.filter(pk__in=_ids(new)).update(customer=into)
    phone = merged.phone if merged.phone != into.phone else ""
    own = Address(
        customer=into, village_id=merged.village_id, street=merged.street, phone=phone, note=""
    )
    is_same_place = (own.village_id, own.street) == (into.village_id, into.street)
    if (phone or not is_same_place) and _written(own) not in known | {_written(e) for e in new}:
        own.save()
        new.append(own)
    return _ids(new)


def _written(address: Address) -> tuple[int, str, str, str]:
    return address.village_id, address.street, address.phone, address.note


def _ids(rows: Iterable[Model]) -> list[int]:
    return [int(each.pk) for each in rows]


def _fill_in(merged: Customer, into: Customer) -> None:
    fields = [name for name in FILLED_IN if not getattr(into, name) and getattr(merged, name)]
    if into.connection_type is None and merged.connection_type is not None:
        fields += ["connection_type", "connection_sub_type"]
    for name in fields:
        setattr(into, name, getattr(merged, name))
    if fields:
        into.save(update_fields=fields)
