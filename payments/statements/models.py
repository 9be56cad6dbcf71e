"""Statements as they were uploaded, how each operator's are read, and what became of every line."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import User
from common.encryption import EncryptedJSONField
from common.fields import AmountField
from common.words import _
from plugins.models import Connection


class StatementLayout(models.Model):
    """How the statements of one operator are read: confirmed once by a person, used from then on."""

    connection = models.OneToOneField(
        Connection, on_delete=models.PROTECT, related_name="statement_layout"
    )
    content = models.JSONField()  # payments.statements.layouts.Layout
    confirmed_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return str(self.connection_id)


class Statement(models.Model):
    """One file of one operator.

    waiting → asking (for the columns) → comparing → compared; waiting or comparing → refused
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Being looked at")
        ASKING = "asking", _("Columns to confirm")
        COMPARING = "comparing", _("Being compared")
        COMPARED = "compared", _("Compared")
        REFUSED = "refused", _("Not readable")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="statements")
    name = models.CharField(max_length=200)  # of the file
    digest = models.CharField(max_length=64)  # SHA-256 of the file
    size_bytes = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)  # why it was refused
    guess = models.JSONField(
        default=dict
    )  # the layout that is proposed while columns are asked for
    since_date = models.DateField(null=True)  # what it covers, where a person said so
    until_date = models.DateField(null=True)
    starts_at = models.DateTimeField(null=True)  # what it covers, as it was compared
    ends_at = models.DateTimeField(null=True)
    has_times = models.BooleanField(default=True)
    shift_minutes = models.SmallIntegerField(default=0)  # our clock less the operator's
    outside_count = models.PositiveIntegerField(default=0)  # payments at its edges
    row_count = models.PositiveIntegerField(default=0)  # read so far
    is_recording = models.BooleanField(default=False)  # a worker records lines that are wanted
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(null=True)  # None: waits for a person, or for nothing
    leased_until = models.DateTimeField(null=True)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=150)
    compared_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "digest"], name="statement_file_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["-uploaded_at"], name="statement_newest"),
            models.Index(
                fields=["available_at"],
                condition=Q(available_at__isnull=False),
                name="statement_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def is_busy(self) -> bool:
        """Whether a worker has, or will have, something to do with it."""
        return self.state in {self.State.WAITING, self.State.COMPARING} or self.is_recording


class StatementFile(models.Model):
    """The bytes of a statement, encrypted; forgotten after a while, its lines stay."""

    statement = models.OneToOneField(Statement, on_delete=models.CASCADE, related_name="file")
    content = EncryptedJSONField()  # base64
    sample = EncryptedJSONField(default=dict)  # its beginning, while its columns are asked for

    def __str__(self) -> str:
        return str(self.statement_id)


class StatementLine(models.Model):
    """One row of a statement, or one payment of ours that has no row in it; each has one verdict."""

    class Verdict(models.TextChoices):
        BOTH = "both", _("In both")
        OPERATOR = "operator", _("Only at the operator")
        HERE = "here", _("Only here")
        DIFFERS = "differs", _("Amount differs")
        STANDS = "stands", _("Given back here, not there")
        REVERSED = "reversed", _("Taken back there, not here")
        TWICE = "twice", _("Twice in the statement")
        UNREADABLE = "unreadable", _("Not readable")
        UNDONE = "undone", _("Paid and taken back")
        OTHER = "other", _("Other rows")

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(null=True)  # in the file; None: only here
    reference = models.CharField(max_length=64, blank=True)  # as written
    receipt = models.CharField(max_length=64, blank=True)
    amount = AmountField(null=True)  # at the operator; below zero: taken back
    at = models.DateTimeField(null=True)
    account = models.CharField(max_length=64, blank=True)
    payer_phone = models.CharField(max_length=40, blank=True)
    payer_name = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=100, blank=True)
    problem = models.CharField(max_length=300, blank=True)  # why it is not readable
    verdict = models.CharField(max_length=10, choices=Verdict)
    ours = AmountField(null=True)  # what stands in our books for it
    payment = models.ForeignKey(
        "payments.Payment", null=True, on_delete=models.PROTECT, related_name="statement_lines"
    )
    # Who asked for it to be recorded; a worker does it.
    wanted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(null=True)
    recorded_by = models.CharField(max_length=150, blank=True)
    flagged_at = models.DateTimeField(null=True)
    flagged_by = models.CharField(max_length=150, blank=True)
    flag_reason = models.CharField(max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(null=True)  # the operator, about this payment
    is_asking = models.BooleanField(default=False)
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["statement", "number"], name="statement_line_once_per_row"
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=False) | Q(payment__isnull=False),
                name="statement_line_is_a_row_or_a_payment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["statement", "verdict", "number"], name="statement_line_by_verdict"
            ),
            models.Index(
                fields=["flagged_at"],
                condition=Q(flagged_at__isnull=False, closed_at__isnull=True),
                name="statement_line_flagged",
            ),
            models.Index(
                fields=["statement", "number"],
                condition=Q(wanted_by__isnull=False),
                name="statement_line_wanted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.verdict}"

    @property
    def is_flagged(self) -> bool:
        return self.flagged_at is not None and self.closed_at is None
