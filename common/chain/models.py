"""Columns of links and seals; a room with a chain makes two tables of them."""

from typing import ClassVar

from django.db import models


class LinkModel(models.Model):
    """One row's place in the chain. The room adds the row: a one-to-one key."""

    append_only: ClassVar = True

    position = models.BigIntegerField(primary_key=True)
    parts = models.SmallIntegerField()  # how many lower rows its content had, such as entries
    hash = models.BinaryField()

    class Meta:
        abstract = True


class SealModel(models.Model):
    """The end of one batch. ``fingerprint`` stands for all that was written before."""

    append_only: ClassVar = True

    number = models.BigIntegerField(primary_key=True)
    first_position = models.BigIntegerField(unique=True)
    last_position = models.BigIntegerField(unique=True)
    # Every row up to this id is in the chain; the next search starts behind it.
    complete_to = models.BigIntegerField()
    # Unique, so that the chain cannot fork.
    previous_hash = models.BinaryField(unique=True)
    hash = models.BinaryField(unique=True)
    sealed_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} {self.fingerprint[:12]}"

    @property
    def fingerprint(self) -> str:
        """The 64 hexadecimal digits to note outside."""
        return bytes(self.hash).hex()

    @property
    def count(self) -> int:
        """How many rows this seal closed."""
        return self.last_position - self.first_position + 1
