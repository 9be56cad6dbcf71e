"""Users and roles of one company, and what they did."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac

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
    # Counted up to end all sessions of this user at once; part of what each session is checked by.
    sessions_ended = models.PositiveIntegerField(default=0, db_default=0)
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

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must fit: the password, and how often all sessions were ended."""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        value = f"{self.password}{self.sessions_ended or ''}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class Invitation(models.Model):
    """Somebody who was asked by e-mail to become a user. The link holds a secret of which we keep the digest."""

    LASTS_DAYS: ClassVar = 7

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=User.Role)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)  # None: the mail server did not take it
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return self.email


class OpenSession(models.Model):
    """A browser in which a user is logged in, for the page that shows them. The session itself is Django's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    remote_ip = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id} {self.browser}"


class Protection(models.Model):
    """The company's second password and the page groups that ask for it: one row, or none."""

    PK: ClassVar = 1
    MINUTES: ClassVar = 15

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    password = models.CharField(max_length=200)  # a hash
    groups = models.JSONField(default=list)  # names of accounts.protection.PAGE_GROUPS
    minutes = models.PositiveSmallIntegerField(default=MINUTES)
    # Anew with every password: what was opened or mailed for an older one is worth nothing.
    epoch = models.UUIDField(default=uuid.uuid4)
    set_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())  # when the password was chosen

    class Meta:
        verbose_name_plural = "protection"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="protection_is_one_row"),
            models.CheckConstraint(
                condition=models.Q(minutes__gte=1, minutes__lte=480),
                name="protection_minutes_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.groups)


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
        indexes: ClassVar = [models.Index(fields=["target", "-at"], name="audit_by_target")]

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
