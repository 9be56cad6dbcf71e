"""Models of what is kept about a customer beside the personal data; ``models`` brings them to Django."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from common.encryption import EncryptedJSONField
from common.words import _
from locations.models import Village


class Address(models.Model):
    """A further place where a customer is found. The primary one stands on the customer itself."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="addresses"
    )
    village = models.ForeignKey(Village, on_delete=models.PROTECT, related_name="+")
    street = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)  # E.164
    note = models.CharField(max_length=100, blank=True)  # whose, or what it is
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "village", "street", "phone", "note"], name="address_once"
            ),
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=r"^\+[1-9][0-9]{5,14}$"),
                name="address_phone_is_e164",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["phone"], condition=~Q(phone=""), name="address_by_phone")
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.street, self.village.name) if part)


class Document(models.Model):
    """One file about a customer: a contract, an identity card, a photograph of the house."""

    class Type(models.TextChoices):
        PDF = "pdf", "PDF"
        JPEG = "jpeg", "JPEG"
        PNG = "png", "PNG"
        WEBP = "webp", "WebP"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="documents"
    )
    name = models.CharField(max_length=120)  # safe to save a file under
    kind = models.CharField(max_length=60)  # what it is, in the words of whoever uploaded it
    type = models.CharField(max_length=5, choices=Type)  # by its content
    size_bytes = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=150)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "digest"], name="document_once"),
            models.CheckConstraint(
                condition=Q(type__in=["pdf", "jpeg", "png", "webp"]), name="document_type_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DocumentFile(models.Model):
    """The bytes of a document, encrypted."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="file")
    content = EncryptedJSONField()  # base64

    def __str__(self) -> str:
        return str(self.document_id)


class Question(models.Model):
    """Something that the company asks every new customer. Retired instead of deleted once it is answered."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.CharField(max_length=255)
    position = models.PositiveSmallIntegerField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("text"), name="question_once"),
            models.CheckConstraint(condition=~Q(text=""), name="question_asks_something"),
        ]

    def __str__(self) -> str:
        return self.text


class Answer(models.Model):
    """What one customer said to one question."""

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="answers"
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    text = models.CharField(max_length=1000)
    answered_at = models.DateTimeField()
    answered_by = models.CharField(max_length=150)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "question"], name="answer_once")
        ]

    def __str__(self) -> str:
        return self.text


class Consent(models.Model):
    """That a customer agreed to something, when and how; and when it was withdrawn."""

    class Purpose(models.TextChoices):
        SERVICE = "service", _("Keeping and using these data for the service")
        OFFERS = "offers", _("Offers and news by SMS")
        SHARING = "sharing", _("Passing data on to funders or authorities")
        PICTURES = "pictures", _("Using pictures")

    class How(models.TextChoices):
        PAPER = "paper", _("Signed on paper")
        SPOKEN = "spoken", _("Said in person or by phone")
        SMS = "sms", _("By SMS")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="consents"
    )
    purpose = models.CharField(max_length=10, choices=Purpose)
    given_date = models.DateField()
    how = models.CharField(max_length=10, choices=How)
    note = models.CharField(max_length=200, blank=True)  # where the proof is
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)
    withdrawn_date = models.DateField(null=True)
    withdrawn_how = models.CharField(max_length=10, choices=How, blank=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)  # who wrote it down

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "purpose"],
                condition=Q(withdrawn_date__isnull=True),
                name="consent_stands_once",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_date__isnull=True)
                | Q(withdrawn_date__gte=models.F("given_date")),
                name="consent_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self) -> str:
        return self.get_purpose_display()

    @property
    def stands(self) -> bool:
        return self.withdrawn_date is None


class Merge(models.Model):
    """That one record turned out to be the person of another. Never undone: ``moved`` says what went over."""

    merged = models.OneToOneField(
        "customers.Customer", on_delete=models.PROTECT, related_name="merge"
    )
    into = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="merges")
    reason = models.CharField(max_length=300)
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=150)
    moved = models.JSONField(default=dict)  # ids by kind of row, as "payments": [4711, …]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(merged=models.F("into")), name="merge_is_of_two_records"
            )
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.into_id}"
