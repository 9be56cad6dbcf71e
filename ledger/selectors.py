"""Balances are sums of entries. A liability's balance is shown positive when we owe it."""

import datetime as dt
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet, Sum

from ledger.models import LIABILITIES, Account, Entry, Posting, Seal

_BALANCE = """
SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account = %s AND subject_id = %s
"""
_BALANCE_OF_NOBODY = """
SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account = %s AND subject_id IS NULL AND %s IS NULL
"""


def balance(account: Account, subject_id: int | None) -> Decimal:
    """Return one subject's balance: what it holds (assets) or what we owe it (liabilities)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BALANCE_OF_NOBODY if subject_id is None else _BALANCE, [account, subject_id]
        )
        total: Decimal = cursor.fetchone()[0]
    return -total if account in LIABILITIES else total


def balances(account: Account, subject_ids: list[int]) -> dict[int, Decimal]:
    """Return the balances of many subjects in one query; those without entries are absent."""
    entries = Entry.objects.filter(account=account, subject_id__in=subject_ids)
    sums = entries.values_list("subject_id").annotate(total=Sum("amount"))
    sign = -1 if account in LIABILITIES else 1
    return {subject: sign * total for subject, total in sums if subject is not None}


def trial_balance() -> dict[str, Decimal]:
    """Return the sum of every account, debits positive; all sums together are zero."""
    sums = Entry.objects.values_list("account").annotate(total=Sum("amount")).order_by("account")
    return dict(sums)


def postings_of(source: str, source_ids: list[int]) -> QuerySet[Posting]:
    postings = Posting.objects.filter(source=source, source_id__in=source_ids)
    return postings.prefetch_related("entries").order_by("id")


def latest_seal(*, before: dt.datetime | None = None) -> Seal | None:
    """Return the newest seal of the books, or the newest that was made before a point in time.

    Its ``fingerprint`` stands for the first ``last_position`` postings that were sealed.
    """
    seals = Seal.objects.order_by("-number")
    return (seals.filter(sealed_at__lt=before) if before else seals).first()
