"""SMS out and in. This room knows phones and text, not payments."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from common.words import _
from plugins.models import Connection


class Message(models.Model):
    """One SMS to one phone.

    queued → sent → delivered | failed. A resend is a new message.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("SMS queued")
        SENT = "sent", _("SMS sent")
        DELIVERED = "delivered", _("SMS delivered")
        FAILED = "failed", _("SMS failed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    phone = models.CharField(max_length=20)  # E.164
    text = models.TextField()
    language = models.CharField(max_length=10, blank=True)
    purpose = models.CharField(max_length=20)  # "token", "notice", …
    # What it is about: ("payment", id), …; opaque to this room.
    source = models.CharField(max_length=20, blank=True)
    source_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT)
    gateway_id = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    paused_reason = models.CharField(max_length=500, blank=True)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    resent_by = models.CharField(max_length=150, blank=True)
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["source", "source_id"], name="message_by_source"),
            models.Index(
                fields=["gateway_id"], condition=~Q(gateway_id=""), name="message_by_gateway_id"
            ),
            models.Index(fields=["available_at"], condition=Q(state="queued"), name="message_open"),
            models.Index(fields=["phone", "-id"], name="message_by_phone"),
            models.Index(
                fields=["created_at"],
                condition=Q(state="failed", dismissed_at__isnull=True),
                name="message_undelivered",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state="queued") & ~Q(paused_reason=""),
                name="message_paused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class EarlyReport(models.Model):
    """A delivery report that came before our own send call had returned; read when the id is known."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    gateway_id = models.CharField(max_length=100)
    state = models.CharField(max_length=20)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["gateway_id"], name="early_report_by_gateway_id")]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.state}"


class IncomingMessage(models.Model):
    """One SMS that somebody sent to us."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    gateway_id = models.CharField(max_length=100)
    phone = models.CharField(max_length=20)
    text = models.TextField()
    trust = models.CharField(max_length=20)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "gateway_id"], name="incoming_sms_once")
        ]

    def __str__(self) -> str:
        return f"{self.phone} {self.received_at:%Y-%m-%d}"
