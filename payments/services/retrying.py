"""Having machines try again now what they have tried in vain, by a person's word."""

from django.db import transaction
from django.db.models.functions import Now

from accounts.audit import audit
from accounts.models import User
from common.queue import after_commit
from common.schema import current_schema
from payments import tasks
from payments.models import OperatorResult
from payments.services.decisions import AlreadyDecided
from tenants import duework
from tenants.scope import current_company


@transaction.atomic
def retry_result(*, result_id: int, actor: User) -> OperatorResult:
    """Tell an operator our word again now.

    :raises AlreadyDecided: it has confirmed it
    """
    result = _lock_unconfirmed(result_id)
    target = str(result.payment.public_id)
    audit(actor=actor, action="result.retried", target=target, attempts=result.attempts)
    OperatorResult.objects.filter(pk=result.pk).update(attempts=0, available_at=Now(), closed_by="")
    duework.announce(current_company().pk)
    after_commit(tasks.report_result, schema=current_schema(), result_id=result.pk)
    return result


@transaction.atomic
def close_result(*, result_id: int, reason: str, actor: User) -> OperatorResult:
    """Stop telling an operator our word: it knows it by another way. The word itself stands.

    :raises AlreadyDecided: it has confirmed it, or somebody closed it
    """
    result = _lock_unconfirmed(result_id)
    if result.closed_by:
        raise AlreadyDecided
    result.closed_by, result.available_at = str(actor), None
    result.save(update_fields=["closed_by", "available_at"])
    audit(
        actor=actor,
        action="result.closed",
        target=str(result.payment.public_id),
        reason=reason,
        before=result.state,
    )
    return result


def _lock_unconfirmed(result_id: int) -> OperatorResult:
    """:raises AlreadyDecided: the operator has confirmed it"""
    result = (
        OperatorResult.objects.select_for_update(of=("self",), no_key=True)
        .select_related("payment")
        .get(pk=result_id)
    )
    if result.state == OperatorResult.State.CONFIRMED:
        raise AlreadyDecided
    return result
