"""Companies, their hosts, where work is due, and who signs up. All of it in the public schema."""

import uuid
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django_tenants.models import DomainMixin, TenantMixin

from common.fields import AmountField, QuantityField
from common.words import _


class Company(TenantMixin):  # type: ignore[misc]
    """One company. Its rows live in a PostgreSQL schema of its own, named like its slug."""

    class DebtOrder(models.TextChoices):
        INSTALMENTS_FIRST = "instalments_first", _("Instalments, then access fees")
        FEES_FIRST = "fees_first", _("Access fees, then instalments")

    class UsageType(models.TextChoices):
        MINI_GRID = "mini_grid", _("Mini-grids")
        SHS = "shs", _("Solar home systems")
        EBIKE = "ebike", _("E-bikes")

    name = models.CharField(max_length=100)
    address = models.CharField(max_length=300, blank=True, db_default="")
    phone = models.CharField(max_length=20, blank=True, db_default="")  # E.164
    email = models.EmailField(blank=True, db_default="")
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    currency = models.CharField(max_length=3)  # ISO 4217
    timezone = models.CharField(max_length=50)
    language = models.CharField(max_length=10, default="en")
    # What it sells for; empty where nobody said, which is taken as everything.
    usage_types = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    debt_order = models.CharField(
        max_length=20, choices=DebtOrder, default=DebtOrder.INSTALMENTS_FIRST
    )
    debt_share_percent = models.PositiveSmallIntegerField(
        default=100, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    unpaid_fee_limit = models.PositiveSmallIntegerField(default=3)
    # Tokens without payment: at most so much each, and so many of them a day.
    free_kwh_limit = QuantityField(default=10)
    free_days_limit = models.PositiveSmallIntegerField(default=7)
    free_tokens_per_day = models.PositiveSmallIntegerField(default=20)
    # A refund or reversal above this amount is approved by a second person; None: never asked.
    approval_limit = AmountField(null=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    auto_create_schema = True
    auto_drop_schema = False

    class Meta:
        verbose_name_plural = "companies"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(debt_share_percent__lte=100),
                name="company_debt_share_is_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(free_kwh_limit__gte=0), name="company_free_kwh_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(approval_limit__isnull=True) | models.Q(approval_limit__gte=0),
                name="company_approval_limit_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^([a-z][a-z0-9]{1,30}|public)$"),
                name="company_schema_is_a_slug",
            ),
            models.CheckConstraint(
                condition=models.Q(usage_types__contained_by=["mini_grid", "shs", "ebike"]),
                name="company_usage_types_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def slug(self) -> str:
        return str(self.schema_name)


class Domain(DomainMixin):  # type: ignore[misc]
    """One host name of a company, in lower case."""


class DueWork(models.Model):
    """Somewhere in this company, work of this kind is due: where the sweeper looks, and nowhere else.

    A row is put before the work it announces can be seen, and removed only when none is open.
    """

    class Kind(models.TextChoices):
        LINE = "line", _("Payments, tokens and messages")
        ACCESS_FEES = "access_fees", _("Access fees")
        STATEMENTS = "statements", _("Statements of operators")
        TARIFF_MOVES = "tariff_moves", _("Devices moved to another tariff")
        SEALS = "seals", _("Seals of the books")
        WATCH = "watch", _("What waits too long")

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "kind"], name="due_work_once_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.kind} {self.due_at:%H:%M:%S}"


class JobRecord(models.Model):
    """How one job of a company, or of the installation (no company), ran last.

    A run that was killed stays as started and not ended. ``failures`` counts those since the last good run.
    """

    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, related_name="+")
    job = models.CharField(max_length=40)  # tenants.jobs.Job.name
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    good_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)  # of the last run that ended
    failures = models.PositiveIntegerField(db_default=0)
    error = models.CharField(
        max_length=100, blank=True, db_default=""
    )  # the class of the last error

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "job"], nulls_distinct=False, name="job_record_once_per_job"
            )
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.job}"


class JobFailure(models.Model):
    """One run that failed or never ended: evidence, the last twenty of each job."""

    record = models.ForeignKey(JobRecord, on_delete=models.CASCADE, related_name="failed")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # None: killed
    error = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.record_id} {self.error}"


class PublicWork(models.Model):
    """A row that a worker has something to do about, though it belongs to no company.

    Due from ``due_at`` on (None: nothing to do) for whoever takes the lease. The sweeper rings again for what
    nobody took.
    """

    due_at = models.DateTimeField(null=True, db_index=True)
    leased_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class SignUp(PublicWork):
    """What somebody said who signs a company up, and how far the company has come.

    draft → asked: complete, and a link was mailed to the first user → confirmed: the link was followed, a worker
    makes the company → made, or failed: nothing was made, and it can be tried again. Passwords are hashes.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Being filled in")
        ASKED = "asked", _("E-mail to be confirmed")
        CONFIRMED = "confirmed", _("Being made")
        MADE = "made", _("Made")
        FAILED = "failed", _("Not made")

    class Failure(models.TextChoices):
        TAKEN = "taken", _("The short name was taken meanwhile")
        ERROR = "error", _("An error that nobody foresaw")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # SHA-256 of the key that the browser holds.
    key_digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    slug = models.CharField(max_length=31)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=300)
    phone = models.CharField(max_length=20)
    email = models.EmailField()
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=50)
    language = models.CharField(max_length=10)
    usage_types = models.JSONField(default=list)
    plugins = models.JSONField(null=True)  # None: not asked yet
    owner_name = models.CharField(max_length=100, blank=True, db_default="")
    owner_email = models.EmailField(blank=True, db_default="")
    owner_password = models.CharField(max_length=128, blank=True, db_default="")
    protected_password = models.CharField(max_length=128, null=True)  # None: not asked yet
    stage = models.PositiveSmallIntegerField(db_default=0)  # of making, onboarding.signup.making
    failure = models.CharField(max_length=10, choices=Failure, blank=True, db_default="")
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["slug"],
                condition=models.Q(state="confirmed"),
                name="sign_up_being_made_once_per_name",
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft")
                | models.Q(plugins__isnull=False, protected_password__isnull=False),
                name="sign_up_is_complete_when_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.state}"


class Enquiry(PublicWork):
    """Somebody asks by e-mail which companies are theirs. Gone once it is answered."""

    email = models.EmailField()

    class Meta:
        verbose_name_plural = "enquiries"

    def __str__(self) -> str:
        return f"enquiry {self.pk}"


class KnownEmail(models.Model):
    """Somebody logs in at this company with the e-mail of this digest, which nobody can read back."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digest", "company"], name="known_email_once")
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.digest[:8]}"
