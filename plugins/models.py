"""A company's accounts with vendors, and what went over the wire."""

import secrets
from typing import Any, ClassVar

from django.db import models

from common.encryption import EncryptedJSONField
from common.words import _
from plugins import registry
from plugins.contracts import Plugin


def new_webhook_key() -> str:
    """Return 192 random bits for the address of a webhook."""
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """A company's account with one plug-in: settings, secrets, on or off. At most one per plug-in."""

    class CheckState(models.TextChoices):
        NEVER = "never", _("Not checked")
        ASKED = "asked", _("Being checked")
        OK = "ok", _("Working")
        FAILED = "failed", _("Check failed")

    plugin = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20)
    is_on = models.BooleanField(default=True)
    # False: chosen at sign-up, and off until its settings are entered for the first time.
    is_set_up = models.BooleanField(default=True, db_default=True)
    settings = models.JSONField(default=dict)
    secrets = EncryptedJSONField(default=dict)
    secret_marks = models.JSONField(default=dict)  # field name → {"at": ISO time, "by": name}
    memory = EncryptedJSONField(default=dict)
    webhook_key = models.CharField(max_length=64, unique=True, default=new_webhook_key)
    check_state = models.CharField(max_length=10, choices=CheckState, default=CheckState.NEVER)
    check_asked_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    check_message = models.CharField(max_length=500, blank=True)
    paused_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["manufacturer", "payment", "sms", "feed"]),
                name="connection_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_set_up=True) | models.Q(is_on=False),
                name="connection_is_off_until_set_up",
            ),
        ]

    def __str__(self) -> str:
        return self.plugin

    @property
    def adapter_class(self) -> type[Plugin]:
        return registry.get(self.plugin)

    @property
    def label(self) -> str:
        """The plug-in's name, also when its adapter is no longer installed."""
        try:
            return self.adapter_class.label
        except registry.UnknownPlugin:
            return self.plugin

    @property
    def is_ready(self) -> bool:
        """Whether calls may go out: switched on and not paused by a wrong key or an empty account."""
        return self.is_on and not self.paused_reason

    def all_settings(self) -> dict[str, Any]:
        return {**self.settings, **(self.secrets or {})}


class Exchange(models.Model):
    """One request and its answer, in or out, secrets blanked. Kept for a while, then dropped."""

    class Direction(models.TextChoices):
        OUT = "out", _("Sent")
        IN = "in", _("Received")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="exchanges")
    direction = models.CharField(max_length=3, choices=Direction)
    at = models.DateTimeField(auto_now_add=True)
    operation = models.CharField(max_length=40)
    # Which kind of row asked: "order", "message", …
    source = models.CharField(max_length=20, blank=True)
    source_id = models.BigIntegerField(null=True)
    method = models.CharField(max_length=10)
    url = models.CharField(max_length=1000)
    request_headers = models.JSONField(default=dict)
    request_text = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    response_text = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["connection", "-at"], name="exchange_by_connection"),
            models.Index(fields=["source", "source_id"], name="exchange_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"
