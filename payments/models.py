"""Money in: what operators sent, the payments it became, and what is open about them."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from common.encryption import EncryptedJSONField
from common.fields import AmountField
from common.words import _
from customers.models import Customer
from devices.models import Device
from payments.statements.models import (  # noqa: F401  Django finds models here
    Statement,
    StatementFile,
    StatementLayout,
    StatementLine,
)
from plugins.models import Connection


class Payment(models.Model):
    """One payment of one payer, counted once.

    validated → received → settled | unmatched | returned
    settled → refunded | reversed; unmatched → received (assigned) | refunded; refunded → reversed
    """

    class State(models.TextChoices):
        VALIDATED = "validated", _("Validated")
        RECEIVED = "received", _("Received")
        SETTLED = "settled", _("Settled")
        UNMATCHED = "unmatched", _("Unmatched")
        RETURNED = "returned", _("Returned")
        REFUNDED = "refunded", _("Refunded")
        REVERSED = "reversed", _("Reversed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="payments")
    reference = models.CharField(max_length=64)  # the operator's: the idempotency key
    receipt = models.CharField(max_length=64, blank=True)  # on the payer's SMS, when it differs
    amount = AmountField()
    account = models.CharField(max_length=64)  # what the payer typed
    payer_phone = models.CharField(max_length=20, blank=True)
    payer_name = models.CharField(max_length=100, blank=True)
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="payments")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="payments"
    )
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    reason = models.CharField(max_length=200, blank=True)  # why unmatched or returned
    # How it was split: [{"part", "label", "amount", …}], the allocation as the pure function returned it.
    parts = models.JSONField(default=list)
    wire = models.JSONField(default=dict)  # what later answers to the operator must echo
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    expires_at = models.DateTimeField(null=True)  # of a validation
    validated_at = models.DateTimeField(null=True)
    booked_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)  # by the operator's clock, where it says so
    settled_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # a returned payment that staff took out of the inbox
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "reference"], name="payment_reference_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=~Q(state="settled") | Q(customer__isnull=False),
                name="settled_payment_has_a_customer",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-booked_at", "-id"], name="payment_newest"),
            models.Index(fields=["customer", "-id"], name="payment_by_customer"),
            models.Index(fields=["device", "-id"], name="payment_by_device"),
            models.Index(fields=["payer_phone"], name="payment_by_phone"),
            models.Index(
                fields=["connection", "paid_at"],
                condition=Q(paid_at__isnull=False),
                name="payment_by_time_paid",
            ),
            models.Index(
                fields=["booked_at"],
                condition=Q(state="returned", seen_at__isnull=True),
                name="payment_returned",
            ),
            models.Index(
                fields=["state", "available_at"],
                condition=Q(state__in=["validated", "received", "unmatched"]),
                name="payment_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"

    @property
    def is_parked(self) -> bool:
        """Whether settling failed so often that a person has to look."""
        return self.state == self.State.RECEIVED and self.available_at is None


class Callback(models.Model):
    """One call of an operator as it came, headers and body encrypted. Kept before anything is decided."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="callbacks")
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="callbacks"
    )
    action = models.CharField(max_length=40)
    content = EncryptedJSONField()  # {"headers": …, "body": text}
    remote_ip = models.CharField(max_length=45)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    kind = models.CharField(max_length=12, blank=True)  # validation, notice, enquiry, heartbeat
    reference = models.CharField(max_length=64, blank=True)
    verdict = models.CharField(max_length=15, blank=True)  # our word: plugins.contracts.Verdict
    reason = models.CharField(max_length=300, blank=True)
    price = AmountField(null=True)  # that a validation was computed with
    # Set on the one call that moved money, so that the same bytes can never move it again.
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "digest"],
                condition=~Q(digest=""),
                name="callback_counted_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-received_at"], name="callback_newest"),
            models.Index(fields=["connection", "state", "-received_at"], name="callback_by_state"),
            models.Index(
                fields=["connection", "reference"],
                condition=~Q(reference=""),
                name="callback_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.state}"


class Conflict(models.Model):
    """The operator sent a reference that stands, with another amount or device: for a person to close."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="conflicts")
    callback = models.ForeignKey(Callback, on_delete=models.PROTECT, related_name="+")
    amount = models.CharField(max_length=40)  # as written
    account = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payment", "amount", "account"], name="conflict_once_per_content"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["opened_at"], condition=Q(closed_at__isnull=True), name="conflict_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.amount} {self.account}"


class OperatorResult(models.Model):
    """Our final word to an operator that wants it in a call of its own.

    owed → sent → confirmed. The verdict is written once and never turned.
    """

    class State(models.TextChoices):
        OWED = "owed", _("Result owed")
        SENT = "sent", _("Result sent")
        CONFIRMED = "confirmed", _("Result confirmed")

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="result")
    is_accepted = models.BooleanField()
    message = models.CharField(max_length=200)
    decided_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    leased_until = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)  # who said that it need not be told

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["available_at"], condition=~Q(state="confirmed"), name="result_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.state}"


class Correction(models.Model):
    """Money that goes back: a refund to the payer, or a reversal (the operator took a payment back).

    asked → approved (refund: to pay out) | booked (reversal); asked → declined | withdrawn
    approved → requested → paid | in_doubt | approved again; approved → paid by hand | withdrawn
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("Refund")
        REVERSAL = "reversal", _("Reversal")

    class Pot(models.TextChoices):
        """Where the money of a refund stands until it goes back."""

        SUSPENSE = "suspense", _("The unmatched payment")
        DEVICE = "device", _("Credit of the device")
        CUSTOMER = "customer", _("Credit of the customer")

    class PayBy(models.TextChoices):
        OPERATOR = "operator", _("By the operator, automatically")
        HAND = "hand", _("By hand")

    class PaidFrom(models.TextChoices):
        OPERATOR = "operator", _("The operator's account")
        CASH = "cash", _("Cash")
        BANK = "bank", _("Bank account")

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for approval")
        APPROVED = "approved", _("To pay out")
        REQUESTED = "requested", _("Being paid out")
        IN_DOUBT = "in_doubt", _("Payout in doubt")
        PAID = "paid", _("Paid out")
        BOOKED = "booked", _("Booked")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    pot = models.CharField(max_length=10, choices=Pot, blank=True)  # of a refund
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="corrections"
    )
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    # Whose account the money leaves: that of the payment, else of the last payment there.
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = AmountField()
    as_loss = models.BooleanField(null=True)  # of a reversal: our loss, or owed by the customer
    reason = models.CharField(max_length=300)
    needs_approval = models.BooleanField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)  # why declined or withdrawn
    pay_by = models.CharField(max_length=10, choices=PayBy, blank=True)
    paid_from = models.CharField(max_length=10, choices=PaidFrom, blank=True)
    payout_reference = models.CharField(max_length=64, blank=True)
    paid_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True)  # why it is not paid out yet
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField(null=True)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="correction_amount_positive"),
            models.CheckConstraint(
                condition=Q(kind="refund", as_loss__isnull=True)
                | Q(kind="reversal", payment__isnull=False, as_loss__isnull=False),
                name="correction_kind_has_its_facts",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(decided_by__isnull=False)
                | Q(state__in=["asked", "withdrawn"]),
                name="correction_was_decided",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("asked_by")),
                name="correction_decided_by_another",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state="asked", payment__isnull=False),
                name="correction_asked_once_of_payment",
            ),
            models.UniqueConstraint(
                fields=["pot", "device"],
                condition=Q(state="asked", payment__isnull=True, pot="device"),
                name="correction_asked_once_of_device",
            ),
            models.UniqueConstraint(
                fields=["pot", "customer"],
                condition=Q(state="asked", payment__isnull=True, pot="customer"),
                name="correction_asked_once_of_customer",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["payment", "id"], name="correction_by_payment"),
            models.Index(fields=["device", "-asked_at"], name="correction_by_device"),
            models.Index(fields=["customer", "-asked_at"], name="correction_by_customer"),
            models.Index(
                fields=["state", "available_at"],
                condition=Q(state__in=["asked", "approved", "requested", "in_doubt"]),
                name="correction_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen: to be decided, or to be paid out."""
        return self.state in OPEN_CORRECTIONS

    @property
    def waits_for_person(self) -> bool:
        """Whether a decided refund is not on its way by itself: by hand, or the operator would not."""
        return self.state == self.State.APPROVED and self.available_at is None


OPEN_CORRECTIONS = frozenset({
    Correction.State.ASKED, Correction.State.APPROVED, Correction.State.REQUESTED,
    Correction.State.IN_DOUBT,
})  # fmt: skip


class OneTimeKey(models.Model):
    """A form that moves money was sent: a second sending of the same key changes nothing."""

    key = models.UUIDField(unique=True)
    used_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.key)
