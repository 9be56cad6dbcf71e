"""What a person decides about money, with a reason; each safe against two people and double clicks."""

from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.queue import after_commit
from common.schema import current_schema
from common.words import _
from customers.models import Customer
from devices.models import Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments import tasks
from payments.allocation import Split
from payments.facts import split_for
from payments.matching import refusal_of
from payments.models import Conflict, OneTimeKey, Payment
from payments.services.settlement import pay_debts, place, spent
from payments.words import WORDS
from tenants import duework
from tenants.scope import current_company
from vending import tasks as vending_tasks
from vending.models import TokenOrder
from vending.services import NothingToIssue


class AlreadyDecided(DomainError):
    message = _("Somebody else decided this already.")


class KeyUsed(DomainError):
    message = _("This form was sent before; nothing was done a second time.")


class DeviceTakesNoMoney(DomainError):
    message = _("%(serial)s cannot take a payment: %(why)s.")


def use_key(key: UUID) -> None:
    """Use up a form's one-time key, in the caller's transaction.

    :raises KeyUsed: the form was sent before
    """
    try:
        with transaction.atomic():
            OneTimeKey.objects.create(key=key)
    except IntegrityError:
        raise KeyUsed from None


@transaction.atomic
def assign_payment(*, payment_id: int, device_id: int, reason: str, actor: User) -> Payment:
    """Give an unmatched payment to a device and have it settled there.

    :raises AlreadyDecided: it is not unmatched any more
    :raises DeviceTakesNoMoney: no customer, or an archived one
    """
    device = Device.objects.select_related("customer").get(pk=device_id)
    refusal = refusal_of(device)
    if refusal:
        raise DeviceTakesNoMoney(serial=device.serial, why=WORDS[refusal])
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if payment.state != Payment.State.UNMATCHED:
        raise AlreadyDecided
    payment.device, payment.customer = device, device.customer
    payment.state, payment.reason = Payment.State.RECEIVED, ""
    payment.available_at = Now()
    payment.save(update_fields=["device", "customer", "state", "reason", "available_at"])
    audit(
        actor=actor,
        action="payment.assigned",
        target=str(payment.public_id),
        device=device.serial,
        reason=reason,
        before=Payment.State.UNMATCHED,
        after=Payment.State.RECEIVED,
    )
    duework.announce(current_company().pk)
    after_commit(tasks.work_payment, schema=current_schema(), payment_id=payment.pk)
    return payment


@transaction.atomic
def retry_settling(*, payment_id: int, actor: User) -> Payment:
    """Have a payment settled now whose settling failed, or was given up after many tries.

    :raises AlreadyDecided: it is settled, or did not fail yet
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if payment.state != Payment.State.RECEIVED or not payment.attempts:
        raise AlreadyDecided
    payment.attempts, payment.available_at = 0, Now()
    payment.save(update_fields=["attempts", "available_at"])
    audit(actor=actor, action="payment.retried", target=str(payment.public_id))
    duework.announce(current_company().pk)
    after_commit(tasks.work_payment, schema=current_schema(), payment_id=payment.pk)
    return payment


@transaction.atomic
def close_conflict(*, conflict_id: int, note: str, actor: User) -> Conflict:
    """Close a conflict; the payment that stands is not touched.

    :raises AlreadyDecided: it is closed
    """
    conflict = Conflict.objects.select_for_update(no_key=True).get(pk=conflict_id)
    if conflict.closed_at:
        raise AlreadyDecided
    conflict.closed_at, conflict.closed_by, conflict.note = timezone.now(), str(actor), note[:300]
    conflict.save(update_fields=["closed_at", "closed_by", "note"])
    audit(actor=actor, action="conflict.closed", target=str(conflict.pk), note=note)
    return conflict


@transaction.atomic
def dismiss_returned(*, payment_id: int, actor: User, reason: str = "") -> Payment:
    """Take a returned payment out of the inbox: somebody has seen it.

    :raises AlreadyDecided: it does not stand there
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if payment.state != Payment.State.RETURNED or payment.seen_at:
        raise AlreadyDecided
    payment.seen_at = timezone.now()
    payment.save(update_fields=["seen_at"])
    audit(actor=actor, action="payment.seen", target=str(payment.public_id), reason=reason)
    return payment


@transaction.atomic
def issue_from_credit(*, device_id: int, actor: User, key: UUID, reason: str = "") -> TokenOrder:
    """Spend a device's credit on a token, without a new payment.

    :raises KeyUsed: the form was sent before
    :raises NothingToIssue: the credit buys nothing
    :raises DeviceTakesNoMoney: no customer, or an archived one
    """
    use_key(key)
    company, now = current_company(), timezone.now()
    Customer.objects.select_for_update(of=("self",), no_key=True).filter(
        devices__pk=device_id
    ).first()
    device = Device.objects.select_for_update(no_key=True).get(pk=device_id)
    refusal = refusal_of(device)
    if refusal:
        raise DeviceTakesNoMoney(serial=device.serial, why=WORDS[refusal])
    facts = split_for(company=company, device=device, amount=Decimal(0), at=now)
    before = balance(Account.DEVICE_CREDIT, device.pk)
    order = place(company, device, facts, source="credit", source_id=device.pk, at=now)
    if order is None:
        raise NothingToIssue(device=device.serial)
    # What was refused before is dealt with: its money is spent now, or its days are ordered again.
    dealt_with = Q(cost__gt=0) | Q(plan_id__isnull=False, plan_id=order.plan_id)
    TokenOrder.objects.filter(
        dealt_with, device=device, state=TokenOrder.State.REFUSED, decided_by=""
    ).update(decided_by=str(actor))
    pay_debts(facts.split)
    movements = [*spent(order, facts.split), _paid_to_plan(order, facts.split)]
    post(*movements, occurred_at=now, actor_name=str(actor))
    audit(
        actor=actor,
        action="order.from_credit",
        target=str(order.public_id),
        cost=order.cost,
        reason=reason,
        before=before,
        after=before + facts.split.device_credit,
    )
    duework.announce(company.pk)
    vending_tasks.ring_issue(order.pk)
    return order


def _paid_to_plan(order: TokenOrder, split: Split) -> Movement:
    """The device's credit pays its plan; what is beyond the plan becomes the customer's."""
    lines = [credit(Account.PLAN_RECEIVABLE, paid.amount, paid.plan_id) for paid in split.plan]
    lines.append(credit(Account.CUSTOMER_CREDIT, split.customer_credit, order.customer_id))
    total = -sum((line.amount for line in lines), Decimal(0))
    lines.append(debit(Account.DEVICE_CREDIT, total, order.device_id))
    return Movement(Event.CREDIT_SPENT, "order", order.pk, lines)
