"""What waits too long in a company, and how long things may wait there."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Limit(models.Model):
    """How many minutes one kind of thing may wait in this company, where that is not the usual time."""

    kind = models.CharField(max_length=30, unique=True)  # watch.kinds.Kind.name
    minutes = models.PositiveIntegerField()  # 0: nobody is told

    def __str__(self) -> str:
        return f"{self.kind} {self.minutes}"


class Alert(models.Model):
    """Something waited longer than the company allows, from when that was seen until it was over.

    open → (mailed, again every day) → closed → (told that it is over)
    """

    kind = models.CharField(max_length=30)  # watch.kinds.Kind.name
    subject = models.CharField(max_length=60, blank=True)  # a plug-in or a job, where one is meant
    count = models.PositiveIntegerField()
    since = models.DateTimeField(null=True)  # of the oldest
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)  # that it is open, last time
    told_at = models.DateTimeField(null=True)  # that it is over
    leased_until = models.DateTimeField(null=True)  # somebody is mailing it

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at=None), name="alert_open_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-opened_at"], name="alert_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
