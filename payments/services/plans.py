"""Giving up what a plan still owes."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from accounts.audit import audit
from accounts.models import User
from appliances.models import Instalment, Plan
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from ledger.models import Account, Event
from ledger.services import Movement, credit, debit, post


class PlanNotRunning(DomainError):
    message = _("This plan is not running, so nothing can be written off.")


@transaction.atomic
def write_off_plan(*, plan_id: int, reason: str, actor: User, now: datetime) -> Decimal:
    """Give up what a plan still owes; return how much that was.

    :raises PlanNotRunning: paid or written off already
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True)
    customer.filter(plans__pk=plan_id).first()
    plan = Plan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan_id)
    if plan.state != Plan.State.RUNNING:
        raise PlanNotRunning
    rows = Instalment.objects.filter(plan=plan)
    owed: Decimal = rows.aggregate(owed=Sum(F("cost") - F("paid")))["owed"]
    lines = [debit(Account.LOSSES, owed), credit(Account.PLAN_RECEIVABLE, owed, plan.pk)]
    movement = Movement(Event.WRITTEN_OFF, "plan", plan.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    plan.state = Plan.State.WRITTEN_OFF
    plan.save(update_fields=["state"])
    target = str(plan.public_id)
    audit(actor=actor, action="plan.written_off", target=target, reason=reason, amount=owed)
    return owed
