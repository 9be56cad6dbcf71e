"""Users and roles of one company, and what they did."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from common.chain import LinkModel, SealModel
from common.words import _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """One person who works for this company; logs in by e-mail."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        ADMIN = "admin", _("Admin")
        FINANCIAL_MANAGER = "financial_manager", _("Financial manager")
        USER = "user", _("User")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=Role, default=Role.USER)
    language = models.CharField(max_length=10, blank=True, default="")
    is_active = models.BooleanField(default=True)
    wants_alerts = models.BooleanField(db_default=True)  # mails about what waits too long
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "admin", "financial_manager", "user"]),
                name="user_role_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class AuditEntry(models.Model):
    """One thing a person (or a command) did. Append-only: the database refuses change."""

    append_only: ClassVar = True

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60, db_index=True)
    target = models.CharField(max_length=100, blank=True)
    facts = models.JSONField(default=dict)
    remote_ip = models.CharField(max_length=45, blank=True)

    class Meta:
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class SealedAuditEntry(LinkModel):
    """An audit entry's place and fingerprint in the chain of the audit log."""

    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="sealed")

    class Meta:
        verbose_name_plural = "sealed audit entries"

    def __str__(self) -> str:
        return f"{self.position}: audit entry {self.entry_id}"


class AuditSeal(SealModel):
    """The end of one batch of sealed audit entries."""
