"""Meters, solar home systems and e-bikes; tariffs; access fees."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.text import format_lazy

from accounts.models import User
from common.fields import AmountField, QuantityField
from common.words import _
from customers.models import ConnectionSubType, Customer
from locations.models import Village


class Tariff(models.Model):
    """A named price list. Its prices stand on versions, so that a change never rewrites history."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    archived_at = models.DateTimeField(null=True)  # no device may be put on it any more

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class TariffVersion(models.Model):
    """What a tariff costs from ``valid_from`` on, until the next version. VAT is included in every price.

    A version that has begun never changes. ``allowance_kwh`` is the first energy of each calendar month, sold at
    ``allowance_price``, once for each device or once for each customer.
    """

    class AllowancePer(models.TextChoices):
        DEVICE = "device", _("Each device")
        CUSTOMER = "customer", _("Each customer")

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="versions")
    valid_from = models.DateTimeField()
    price_per_kwh = AmountField(null=True)
    price_per_day = AmountField(null=True)  # energy as a service
    access_fee = AmountField(default=0)
    access_fee_days = models.PositiveIntegerField(default=0)  # length of its period; 0: no fee
    minimum_purchase = AmountField(default=0)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    allowance_kwh = QuantityField(default=0)
    allowance_price = AmountField(null=True)
    allowance_per = models.CharField(
        max_length=10, choices=AllowancePer, default=AllowancePer.DEVICE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tariff", "valid_from"], name="tariff_version_once_per_time"
            ),
            models.CheckConstraint(
                condition=Q(price_per_kwh__isnull=True) | Q(price_per_kwh__gt=0),
                name="tariff_price_per_kwh_positive",
            ),
            models.CheckConstraint(
                condition=Q(price_per_day__isnull=True) | Q(price_per_day__gt=0),
                name="tariff_price_per_day_positive",
            ),
            models.CheckConstraint(
                condition=Q(access_fee__gte=0, minimum_purchase__gte=0, vat_percent__gte=0),
                name="tariff_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(access_fee=0) | Q(access_fee_days__gt=0), name="access_fee_has_a_period"
            ),
            models.CheckConstraint(
                condition=Q(allowance_kwh=0, allowance_price__isnull=True)
                | Q(allowance_kwh__gt=0, allowance_price__gt=0, price_per_kwh__isnull=False),
                name="tariff_allowance_has_a_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff_id} from {self.valid_from:%Y-%m-%d}"


class PriceComponent(models.Model):
    """A named part of the price per kWh, on top of the base price of its version."""

    version = models.ForeignKey(TariffVersion, on_delete=models.PROTECT, related_name="components")
    name = models.CharField(max_length=100)
    price_per_kwh = AmountField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "name"], name="price_component_once"),
            models.CheckConstraint(
                condition=Q(price_per_kwh__gt=0), name="price_component_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PriceBand(models.Model):
    """Named hours of the company's day with a price of their own, or a share of the version's price.

    Of the days it names, from ``begins`` up to ``ends``; over midnight when it ends earlier, the whole day when
    both are the same. The day that counts is that of the moment itself.
    """

    class Days(models.TextChoices):
        ALL = "all", _("Every day")
        WORKDAYS = "workdays", _("Monday to Friday")
        WEEKEND = "weekend", _("Saturday and Sunday")

    version = models.ForeignKey(TariffVersion, on_delete=models.PROTECT, related_name="bands")
    name = models.CharField(max_length=60)
    begins = models.TimeField()
    ends = models.TimeField()
    days = models.CharField(max_length=10, choices=Days, default=Days.ALL)
    percent = models.DecimalField(max_digits=6, decimal_places=2, null=True)  # of the price per kWh
    price_per_kwh = AmountField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "name"], name="price_band_once"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, price_per_kwh__isnull=True)
                | Q(percent__isnull=True, price_per_kwh__gt=0),
                name="price_band_has_one_price",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultTariff(models.Model):
    """The tariff that a device gets, unless told otherwise, where its customer is of this sub-type."""

    sub_type = models.OneToOneField(
        ConnectionSubType, on_delete=models.CASCADE, related_name="default_tariff"
    )
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="default_of")

    def __str__(self) -> str:
        return f"{self.sub_type_id} {self.tariff_id}"


class MeterType(models.Model):
    """A sort of meter: how much current, how many phases, and whether it talks to its maker by itself."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    max_current_amperes = models.PositiveSmallIntegerField()
    phases = models.PositiveSmallIntegerField()
    is_online = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["max_current_amperes", "phases", "is_online"], name="meter_type_once"
            ),
            models.CheckConstraint(
                condition=Q(max_current_amperes__gt=0, phases__in=[1, 2, 3]),
                name="meter_type_makes_sense",
            ),
        ]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> Any:
        """What it is in words: "60 A, 1 phase, online"."""
        words = METER_TYPE_WORDS[self.phases > 1, self.is_online]
        return format_lazy(words, current=self.max_current_amperes, phases=self.phases)


METER_TYPE_WORDS = {
    (False, True): _("{current} A, {phases} phase, online"),
    (False, False): _("{current} A, {phases} phase, offline"),
    (True, True): _("{current} A, {phases} phases, online"),
    (True, False): _("{current} A, {phases} phases, offline"),
}


class Device(models.Model):
    """One meter, solar home system or e-bike: with a customer, in stock, or archived."""

    class Kind(models.TextChoices):
        METER = "meter", _("Meter")
        SHS = "shs", _("Solar home system")
        EBIKE = "ebike", _("E-bike")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    manufacturer = models.CharField(max_length=40)  # slug of the plug-in
    serial = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="devices"
    )
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="devices")
    tariff = models.ForeignKey(Tariff, null=True, on_delete=models.PROTECT, related_name="devices")
    # Start of the access-fee periods: the moment it was given to its customer.
    assigned_at = models.DateTimeField(null=True)
    fees_until = models.DateField(null=True)  # last day for which access fees were made
    meter_type = models.ForeignKey(
        MeterType, null=True, on_delete=models.PROTECT, related_name="devices"
    )
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    # First day on which its tariff may ask an access fee; None where it always had this tariff.
    fee_terms_from = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)
    archive_reason = models.CharField(max_length=300, blank=True)
    # What took its place; payments for this number go there for as long as this one is out of use.
    replaced_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(serial=""), name="device_has_a_serial"),
            models.CheckConstraint(
                condition=Q(customer__isnull=True) | Q(assigned_at__isnull=False),
                name="device_of_a_customer_has_a_date",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="device_stands_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by__isnull=True) | Q(customer__isnull=True),
                name="replaced_device_belongs_to_nobody",
            ),
        ]

    def __str__(self) -> str:
        return self.serial

    @property
    def label(self) -> Any:
        """The kind with the serial, as it stands in sentences: "Meter 47000100011"."""
        return f"{self.get_kind_display()} {self.serial}"


class Holding(models.Model):
    """The time that a device belonged to one customer. The one that goes on has no end."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="holdings")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="holdings")
    village = models.ForeignKey(Village, null=True, on_delete=models.SET_NULL, related_name="+")
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=150, blank=True)
    began_reason = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)
    ended_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(ended_at__isnull=True), name="device_is_held_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at")),
                name="holding_ends_after_it_began",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["device", "-began_at"], name="holding_by_device")]

    def __str__(self) -> str:
        return f"{self.device_id} of {self.customer_id} from {self.began_at:%Y-%m-%d}"


class TariffMove(models.Model):
    """Devices that get another tariff, one after the other, by a worker.

    due → done. Each device is moved and counted in one transaction of its own; one that somebody moved meanwhile,
    or archived, is counted and left as it is.
    """

    class State(models.TextChoices):
        DUE = "due", _("Under way")
        DONE = "done", _("Done")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    before = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")
    device_ids = models.JSONField()  # in the order in which they are moved
    done_count = models.PositiveIntegerField(default=0)  # of device_ids
    moved_count = models.PositiveIntegerField(default=0)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(null=True)  # None: done
    leased_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["available_at"], condition=Q(state="due"), name="tariff_move_open"
            ),
            models.Index(fields=["before", "-id"], name="tariff_move_by_tariff"),
        ]

    def __str__(self) -> str:
        return f"{self.before_id} to {self.after_id} {self.state}"

    @property
    def total(self) -> int:
        return len(self.device_ids)

    @property
    def left_count(self) -> int:
        """Devices that were looked at and left as they are."""
        return self.done_count - self.moved_count


class AccessFee(models.Model):
    """One period's fee of one device: due on a day, paid in parts or whole, or carried elsewhere."""

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="access_fees")
    due_date = models.DateField()
    amount = AmountField()
    paid = AmountField(default=0)
    vat = AmountField(default=0)
    # When what was open went to another device or to the debts of its customer; it counts as paid here.
    carried_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "due_date"], name="access_fee_once_per_period"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="access_fee_positive"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, paid__lte=F("amount")), name="access_fee_not_overpaid"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["device", "due_date"],
                condition=Q(paid__lt=F("amount")),
                name="access_fee_unpaid",
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.due_date}"
