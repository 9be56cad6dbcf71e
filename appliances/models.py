"""Appliances sold on instalments."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from common.fields import AmountField
from common.words import _
from customers.models import Customer
from devices.models import Device


class Appliance(models.Model):
    """A thing in the catalogue: a television, a solar home system, …"""

    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """One sale on instalments. With a device, paying it earns days on that device."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAID = "paid", _("Paid")
        WRITTEN_OFF = "written_off", _("Written off")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="plans")
    appliance = models.ForeignKey(Appliance, on_delete=models.PROTECT, related_name="plans")
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="plans")
    price = AmountField()  # with VAT; the sum of its instalments and the down payment
    down_payment = AmountField(default=0)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    # Days ordered so far (due, requested, in doubt, issued); what a refusal takes back is subtracted.
    days_ordered = models.PositiveIntegerField(default=0)
    days_carried = models.PositiveIntegerField(default=0)  # unissued days from before a reschedule
    sold_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(price__gt=0, down_payment__gte=0, down_payment__lte=F("price")),
                name="plan_amounts_make_sense",
            ),
            models.UniqueConstraint(
                fields=["device"], condition=Q(state="running"), name="device_has_one_running_plan"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appliance_id} {self.public_id}"


class Instalment(models.Model):
    """One part of a plan's price, due on a day; earns ``days`` of use when the plan has a device."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    cost = AmountField()
    paid = AmountField(default=0)
    days = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "number"], name="instalment_once"),
            models.CheckConstraint(condition=Q(cost__gt=0), name="instalment_positive"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, paid__lte=F("cost")), name="instalment_not_overpaid"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_date"], condition=Q(paid__lt=F("cost")), name="instalment_unpaid"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} no. {self.number}"
