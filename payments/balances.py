"""What a payment's customer still owes and has as credit, read with the payment in one query."""

from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from appliances.models import Instalment, Plan
from common.fields import AmountField
from common.prepared import Hole, Prepared
from devices.models import AccessFee
from ledger.models import Account, Entry
from payments.models import Payment

ZERO = Decimal(0)


def with_what_is_owed(payment_id: int) -> Payment:
    """Return a payment with customer and device, ready for ``still_owed`` and ``credit``."""
    (payment,) = _OWED.all(payment=payment_id)
    return payment


def _with_what_is_owed() -> QuerySet[Payment]:
    instalments = Instalment.objects.filter(
        plan__customer=OuterRef("customer"), plan__state=Plan.State.RUNNING, paid__lt=F("cost")
    )
    fees = AccessFee.objects.filter(device=OuterRef("device"), paid__lt=F("amount"))
    entries = Entry.objects.filter(account=Account.DEVICE_CREDIT, subject_id=OuterRef("device_id"))
    return Payment.objects.select_related("customer", "device").annotate(
        owed_on_plans=_total(instalments, F("cost") - F("paid"), "plan__customer"),
        owed_fees=_total(fees, F("amount") - F("paid"), "device"),
        device_credit=_total(entries, F("amount"), "subject_id"),
    )


_OWED = Prepared(lambda: _with_what_is_owed().filter(pk=Hole("payment")))


def still_owed(payment: Any) -> Decimal:
    """Return all open instalments of the customer and access fees of the device, due or not."""
    return Decimal(payment.owed_on_plans + payment.owed_fees)


def credit(payment: Any) -> Decimal:
    """Return the credit that the paid device holds."""
    return -Decimal(payment.device_credit)


def _total(rows: QuerySet[Any], amount: Any, group: str) -> Coalesce:
    total = rows.order_by().values(group).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(total, output_field=AmountField()), ZERO, output_field=AmountField())
