"""Telling an operator the result, for those that want it in a call of their own."""

import datetime as dt

from django.db.models import F, Q
from django.db.models.functions import Now

from common import crash
from common.retry import HOURLY_GAP, gap_after
from payments.models import OperatorResult
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import PaymentProvider, ResultReport
from plugins.errors import PluginError

State = OperatorResult.State
LEASE_MARGIN = dt.timedelta(seconds=30)


def report_result(result_id: int) -> None:
    """Send one owed result; repeated with growing gaps until it is confirmed. The verdict never changes."""
    result = OperatorResult.objects.select_related("payment__connection").get(pk=result_id)
    if not _claim(result):
        return
    payment, connection = result.payment, result.payment.connection
    report = ResultReport(
        is_accepted=result.is_accepted,
        message=result.message,
        reference=payment.reference,
        our_id=str(payment.pk),
        payer_phone=payment.payer_phone,
        decided_at=result.decided_at,
        wire=payment.wire,
    )
    try:
        with plugin_services.calling(
            connection, PaymentProvider, operation="result", source="payment", source_id=payment.pk
        ) as adapter:
            adapter.report_result(report)
    except PluginError as error:
        _put_off(result, error.reason)
    except registry.UnknownPlugin:
        _put_off(result, "The operator's plug-in is no longer installed.")
    else:
        crash.point("result.sent")
        OperatorResult.objects.filter(pk=result.pk).update(
            state=State.CONFIRMED,
            confirmed_at=Now(),
            leased_until=None,
            available_at=None,
            reason="",
        )


def _claim(result: OperatorResult) -> bool:
    lease = dt.timedelta(seconds=_deadline(result)) + LEASE_MARGIN
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    claimed = (
        OperatorResult.objects.filter(free, pk=result.pk)
        .exclude(state=State.CONFIRMED)
        .update(state=State.SENT, leased_until=Now() + lease, attempts=F("attempts") + 1)
    )
    result.attempts += 1
    return bool(claimed)


def _deadline(result: OperatorResult) -> int:
    try:
        return registry.payment_provider(result.payment.connection.plugin).total_seconds
    except registry.UnknownPlugin:
        return PaymentProvider.total_seconds


def _put_off(result: OperatorResult, reason: str) -> None:
    gap = gap_after(result.attempts) or HOURLY_GAP
    OperatorResult.objects.filter(pk=result.pk, state=State.SENT, closed_by="").update(
        state=State.OWED,
        leased_until=None,
        available_at=Now() + gap,
        reason=reason[:500],
    )
