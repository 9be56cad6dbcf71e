"""Credit of a customer: where it comes from by a person's word, and how staff spend it.

Machines never spend it: it belongs to no device, so nobody but a person knows what it is meant for.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from appliances.models import Plan
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.models import Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from messaging import services as messaging
from payments import notices
from payments.allocation import Instalment, Nothing, Part, Split, Terms, split_payment
from payments.matching import refusal_of
from payments.models import Payment
from payments.services.decisions import AlreadyDecided, DeviceTakesNoMoney
from payments.services.settlement import pay_debts
from payments.words import WORDS
from tenants.scope import current_company

ZERO = Decimal(0)


class CustomerTakesNoMoney(DomainError):
    message = _("%(customer)s is archived, so no money can be kept there.")


class NotSoMuchCredit(DomainError):
    message = _("%(customer)s has only %(most)s as credit.")


class NotTheirs(DomainError):
    message = _("%(what)s does not belong to %(customer)s any more.")


class PlanOwesLess(DomainError):
    message = _("This plan owes only %(owed)s.")


class PlanNeedsItsDevice(DomainError):
    message = _("This plan pays a device: move the credit to the device and issue from there.")


@transaction.atomic
def keep_as_credit(*, payment_id: int, customer_id: int, reason: str, actor: User) -> Payment:
    """Settle an unmatched payment as credit of a customer, without a device; the customer is told.

    :raises CustomerTakesNoMoney: archived
    :raises AlreadyDecided: it is not unmatched any more
    """
    customer = _lock_customer(customer_id)
    if customer.is_archived:
        raise CustomerTakesNoMoney(customer=customer)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if payment.state != Payment.State.UNMATCHED:
        raise AlreadyDecided
    payment.customer, payment.device, payment.reason = customer, None, ""
    payment.state, payment.settled_at = Payment.State.SETTLED, timezone.now()
    payment.available_at = None
    payment.parts = [
        {"part": str(Part.CUSTOMER_CREDIT), "amount": str(payment.amount), "by_hand": True}
    ]
    payment.save(
        update_fields=[
            "customer", "device", "reason", "state", "settled_at", "available_at", "parts",
        ]
    )  # fmt: skip
    lines = [
        debit(Account.SUSPENSE, payment.amount, payment.pk),
        credit(Account.CUSTOMER_CREDIT, payment.amount, customer.pk),
    ]
    movement = Movement(Event.SETTLED, "payment", payment.pk, lines, memo=reason[:200])
    post(movement, occurred_at=payment.settled_at, actor_name=str(actor))
    audit(
        actor=actor,
        action="payment.kept_as_credit",
        target=str(payment.public_id),
        customer=customer,
        reason=reason,
        before=Payment.State.UNMATCHED,
        after=Payment.State.SETTLED,
    )
    messaging.send_after_commit(notices.tell_kept(current_company(), payment))
    return payment


@transaction.atomic
def move_credit(
    *, customer_id: int, device_id: int, amount: Decimal, reason: str, actor: User, now: datetime
) -> Decimal:
    """Make credit of a customer credit of one of the customer's devices; return what the customer keeps.

    :raises NotSoMuchCredit: more than there is, or nothing
    :raises NotTheirs: the device is somebody else's by now
    :raises DeviceTakesNoMoney: the device or its customer is archived
    """
    customer = _lock_customer(customer_id)
    device = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer")
        .get(pk=device_id)
    )
    if device.customer_id != customer.pk:
        raise NotTheirs(what=device.label, customer=customer)
    refusal = refusal_of(device)
    if refusal:
        raise DeviceTakesNoMoney(serial=device.serial, why=WORDS[refusal])
    held = _require(customer, amount)
    lines = [
        debit(Account.CUSTOMER_CREDIT, amount, customer.pk),
        credit(Account.DEVICE_CREDIT, amount, device.pk),
    ]
    movement = Movement(Event.CREDIT_MOVED, "customer", customer.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    facts = {"amount": amount, "device": device.serial, "reason": reason}
    _audit(actor, "credit.moved", customer, held, **facts)
    return held - amount


@transaction.atomic
def pay_plan_from_credit(
    *, customer_id: int, plan_id: int, amount: Decimal, reason: str, actor: User, now: datetime
) -> Decimal:
    """Pay instalments of a plan without a device from credit of its customer; return what is kept.

    :raises NotSoMuchCredit: more than there is, or nothing
    :raises NotTheirs: the plan is another customer's, or does not run any more
    :raises PlanNeedsItsDevice: the plan earns days on a device
    :raises PlanOwesLess: more than the plan still owes
    """
    customer = _lock_customer(customer_id)
    plan = (
        Plan.objects.select_for_update(of=("self",), no_key=True)
        .select_related("appliance")
        .get(pk=plan_id)
    )
    if plan.customer_id != customer.pk or plan.state != Plan.State.RUNNING:
        raise NotTheirs(what=plan.appliance.name, customer=customer)
    if plan.device_id:
        raise PlanNeedsItsDevice
    held = _require(customer, amount)
    split = _split(plan, amount)
    if split.device_credit:
        raise PlanOwesLess(owed=split.debts_paid)
    pay_debts(split)
    lines = [
        debit(Account.CUSTOMER_CREDIT, amount, customer.pk),
        credit(Account.PLAN_RECEIVABLE, amount, plan.pk),
    ]
    movement = Movement(Event.CREDIT_SPENT, "plan", plan.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    facts = {"amount": amount, "plan": plan.appliance.name, "reason": reason}
    _audit(actor, "credit.paid_plan", customer, held, **facts)
    return held - amount


def _lock_customer(customer_id: int) -> Customer:
    return Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)


def _require(customer: Customer, amount: Decimal) -> Decimal:
    """Return the credit that a locked customer has.

    :raises NotSoMuchCredit: less than the amount, or the amount is nothing
    """
    held = balance(Account.CUSTOMER_CREDIT, customer.pk)
    if not 0 < amount <= held:
        raise NotSoMuchCredit(customer=customer, most=held)
    return held


def _split(plan: Plan, amount: Decimal) -> Split:
    """All of the amount onto the plan's instalments, oldest first; what is left over stays visible."""
    rows = [
        Instalment(row.pk, plan.pk, row.number, row.due_date, row.cost, row.paid)
        for row in plan.instalments.all()
    ]
    terms = Terms(currency=current_company().currency)
    return split_payment(
        amount=amount, device_credit=ZERO, debts=rows, fees=[], target=Nothing(), terms=terms
    )


def _audit(actor: User, action: str, customer: Customer, held: Decimal, **facts: Any) -> None:
    facts = {"before": held, "after": held - facts["amount"], **facts}
    audit(actor=actor, action=action, target=str(customer.public_id), **facts)
