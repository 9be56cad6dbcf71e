"""Taking up what stalled in this room."""

import datetime as dt

from django.conf import settings
from django.db.models import Min, Q
from django.db.models.functions import Greatest, Now

from common.clock import database_now
from common.queue import ring, room
from common.schema import current_schema
from common.words import _
from payments import services
from payments.models import Correction, OneTimeKey, OperatorResult, Payment
from payments.tasks import pay_out_refund, release_refund, report_result, work_payment
from tenants import tidying
from tenants.jobs import Job
from tenants.models import Company

JOB = Job(
    "line",
    _("Payments, tokens and SMS"),
    _("Takes up again what a worker left or what waits for another try. Comes when there is work."),
)
AGAIN_AFTER = dt.timedelta(seconds=8)


def restart(_: Company) -> None:
    """Ring for unsettled payments, owed results and refunds; end validations nobody paid for."""
    services.expire_validations(now=database_now())
    stalled = Payment.objects.filter(state=Payment.State.RECEIVED, available_at__lte=Now())
    ids = list(
        stalled.order_by("available_at").values_list("pk", flat=True)[: room(current_schema())]
    )
    Payment.objects.filter(pk__in=ids, state=Payment.State.RECEIVED).exclude(
        available_at=None
    ).update(available_at=Now() + AGAIN_AFTER)
    for payment_id in ids:
        ring(work_payment, schema=current_schema(), payment_id=payment_id, is_again=True)
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    results = OperatorResult.objects.filter(free, available_at__lte=Now())
    results = results.exclude(state=OperatorResult.State.CONFIRMED).order_by("available_at")
    for result_id in results.values_list("pk", flat=True)[: room(current_schema())]:
        ring(report_result, schema=current_schema(), result_id=result_id)
    _restart_refunds()


def _restart_refunds() -> None:
    """Ring for refunds that the operator shall pay out, and for those whose worker was lost."""
    refunds = Correction.objects.order_by("available_at", "pk").values_list("pk", flat=True)
    lost = refunds.filter(state=Correction.State.REQUESTED, leased_until__lt=Now())
    for correction_id in lost[: room(current_schema())]:
        ring(release_refund, schema=current_schema(), correction_id=correction_id)
    due = refunds.filter(state=Correction.State.APPROVED, available_at__lte=Now())
    for correction_id in due[: room(current_schema())]:
        ring(pay_out_refund, schema=current_schema(), correction_id=correction_id)


def next_due(_: Company) -> dt.datetime | None:
    """When the next payment, result or refund of this company wants something from a machine."""
    open_states = [Payment.State.VALIDATED, Payment.State.RECEIVED]
    payments = Payment.objects.filter(state__in=open_states, available_at__isnull=False)
    results = OperatorResult.objects.exclude(state=OperatorResult.State.CONFIRMED)
    refunds = Correction.objects.filter(
        state__in=[Correction.State.APPROVED, Correction.State.REQUESTED]
    )
    found = [
        *refunds.aggregate(due=Min("available_at"), lost=Min("leased_until")).values(),
        payments.aggregate(at=Min("available_at"))["at"],
        results.filter(available_at__isnull=False).aggregate(
            at=Min(Greatest("available_at", "leased_until"))
        )["at"],
    ]
    return min((at for at in found if at), default=None)


def forget_keys(_: Company) -> int:
    """Delete the keys of forms that nobody can send again."""
    return tidying.forget(OneTimeKey.objects.filter(used_at__lt=Now() - settings.KEEP_FORM_KEYS))
