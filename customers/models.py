"""People and places that use electricity and pay for it."""

import uuid
from typing import ClassVar

from django.db import models

from common.words import _
from customers.records import (  # noqa: F401  Django finds models here
    Address,
    Answer,
    Consent,
    Document,
    DocumentFile,
    Merge,
    Question,
)
from locations.models import Village


class ConnectionType(models.Model):
    """What kind of use: household, shop, school, …"""

    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


class ConnectionSubType(models.Model):
    """A finer kind of use within a connection type, as "Small shop"; ``devices`` knows its tariff."""

    connection_type = models.ForeignKey(
        ConnectionType, on_delete=models.PROTECT, related_name="sub_types"
    )
    name = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection_type", "name"], name="connection_sub_type_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ConnectionGroup(models.Model):
    """A group of customers that is reported on together."""

    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """One person, shop or institution. Archived instead of deleted.

    ``village`` and ``street`` are the primary address; ``phone`` is where SMS go.
    """

    class Gender(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Another")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=20)  # E.164
    title = models.CharField(max_length=20, blank=True, db_default="")
    gender = models.CharField(max_length=10, blank=True, choices=Gender, db_default="")
    birth_date = models.DateField(null=True)
    education = models.CharField(max_length=100, blank=True, db_default="")
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="customers")
    street = models.CharField(max_length=200, blank=True, db_default="")
    connection_type = models.ForeignKey(ConnectionType, null=True, on_delete=models.PROTECT)
    # One of its type; the services see to that.
    connection_sub_type = models.ForeignKey(
        ConnectionSubType, null=True, on_delete=models.PROTECT, related_name="customers"
    )
    connection_group = models.ForeignKey(ConnectionGroup, null=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)
    # The record of the same person that stands for this one; it never leads on to a third.
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged_records"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["phone", "first_name", "last_name"], name="customer_once_per_phone_and_name"
            ),
            models.CheckConstraint(
                condition=models.Q(phone__regex=r"^\+[1-9][0-9]{5,14}$"),
                name="customer_phone_is_e164",
            ),
            models.CheckConstraint(
                condition=models.Q(gender__in=["", "female", "male", "other"]),
                name="customer_gender_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True)
                | models.Q(archived_at__isnull=False) & ~models.Q(merged_into=models.F("id")),
                name="merged_customer_is_archived",
            ),
            models.CheckConstraint(
                condition=models.Q(connection_sub_type__isnull=True)
                | models.Q(connection_type__isnull=False),
                name="customer_sub_type_has_a_type",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["last_name", "first_name", "id"], name="customer_by_name")
        ]

    def __str__(self) -> str:
        return self.name or self.phone

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
