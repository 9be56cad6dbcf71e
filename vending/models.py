"""Token orders: what was asked of a manufacturer, and what came of it."""

import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from common.fields import AmountField, QuantityField
from common.words import _
from devices.models import Device


class TokenOrder(models.Model):
    """One purchase from a manufacturer, made at most once.

    due (paused) → requested → issued | refused | in_doubt
    in_doubt → issued (token found) | refused (not bought: money back) | due again by a person's word only
    """

    class State(models.TextChoices):
        DUE = "due", _("Token due")
        REQUESTED = "requested", _("Token requested")
        ISSUED = "issued", _("Token issued")
        REFUSED = "refused", _("Token refused")
        IN_DOUBT = "in_doubt", _("Token in doubt")

    class Task(models.TextChoices):
        CREDIT = "credit", _("Credit")
        UNLOCK = "unlock", _("Unlock")
        CLEAR = "clear", _("Clear credit")

    class WhyFree(models.TextChoices):
        """Why a token is given without payment."""

        COMPENSATION = "compensation", _("Compensation for an outage or a mistake of ours")
        REPLACEMENT = "replacement", _("Left over on a device that was replaced")
        EMERGENCY = "emergency", _("Emergency, such as a clinic in the dark")
        TEST = "test", _("Test or installation")
        OWN_USE = "own_use", _("Our own use")
        OTHER = "other", _("Something else")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="orders")
    task = models.CharField(max_length=10, choices=Task, default=Task.CREDIT)
    # What it was ordered for: ("payment", id), ("credit", device id) for an order from credit, or
    # ("free", device id) for one without payment.
    source = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    plan_id = models.BigIntegerField(null=True)  # the plan whose days these are: money stays on it
    customer_id = models.BigIntegerField(null=True)
    quantity = QuantityField(default=0)
    unit = models.CharField(max_length=5, blank=True)
    price = AmountField(null=True)  # per unit, with VAT, as it was
    cost = AmountField(default=0)  # money waiting on "ordered, not yet issued"
    vat = AmountField(default=0)  # part of cost
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    # What energy consists of, the cheapest first: [{"kwh", "price", "amount", "band", "is_allowance"}].
    blocks = models.JSONField(default=list)
    allowance_kwh = QuantityField(default=0)  # part of quantity; refused, it may be used again
    without_payment = models.BooleanField(default=False)
    why_free = models.CharField(max_length=20, choices=WhyFree, blank=True)
    note = models.CharField(max_length=300, blank=True)  # what was said with it
    ordered_by = models.CharField(max_length=150, blank=True)  # who, where no payment did
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    token = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=500, blank=True)  # why refused, in doubt or waiting
    paused_reason = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    looked_up_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0) | ~Q(task="credit"), name="order_has_a_quantity"
            ),
            models.CheckConstraint(
                condition=Q(cost__gte=0, vat__gte=0, vat__lte=models.F("cost")),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(without_payment=False) | Q(cost=0, vat=0, price__isnull=True),
                name="order_without_payment_costs_nothing",
            ),
            models.CheckConstraint(
                condition=~Q(state="issued") | ~Q(token=""), name="issued_order_has_a_token"
            ),
            models.CheckConstraint(
                condition=Q(allowance_kwh__gte=0, allowance_kwh__lte=models.F("quantity")),
                name="order_allowance_within_quantity",
            ),
            models.CheckConstraint(
                condition=~Q(state="requested") | Q(leased_until__isnull=False),
                name="requested_order_has_a_lease",
            ),
            models.UniqueConstraint(
                fields=["device", "token"], condition=~Q(token=""), name="token_once_per_device"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["source", "source_id"], name="order_by_source"),
            models.Index(
                fields=["state", "available_at"],
                condition=Q(state__in=["due", "requested", "in_doubt"]),
                name="order_open",
            ),
            models.Index(fields=["device", "-id"], name="order_by_device"),
            models.Index(
                fields=["device", "created_at"],
                condition=Q(allowance_kwh__gt=0),
                name="order_allowance_by_device",
            ),
            models.Index(
                fields=["customer_id", "created_at"],
                condition=Q(allowance_kwh__gt=0),
                name="order_allowance_by_customer",
            ),
            BrinIndex(fields=["created_at"], name="order_by_time", autosummarize=True),
            models.Index(
                fields=["closed_at"],
                condition=Q(state="refused", decided_by=""),
                name="order_refused",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(without_payment=True),
                name="order_without_payment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"

    @property
    def is_in_doubt(self) -> bool:
        return self.state == self.State.IN_DOUBT

    @property
    def is_paused(self) -> bool:
        return self.state == self.State.DUE and bool(self.paused_reason)


class OrderEvent(models.Model):
    """Something worth telling about an order beside its state: an attempt, a doubt, a person's word."""

    class Kind(models.TextChoices):
        UNAVAILABLE = "unavailable", _("No connection, so nothing was bought")
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        IN_DOUBT = "in_doubt", _("Outcome unknown")
        LOOKED_UP = "looked_up", _("Looked up")
        REFUSED = "refused", _("Refused")
        FOUND = "found", _("Token found")
        ISSUE_ANEW = "issue_anew", _("Ordered anew")
        GIVEN_BACK = "given_back", _("Money given back as credit")

    order = models.ForeignKey(TokenOrder, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.CharField(max_length=500, blank=True)
    # Purchases that a look-up found and that a person may choose from: [{"token", "quantity", "issued_at"}].
    found = models.JSONField(default=list, blank=True)
    actor_name = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
