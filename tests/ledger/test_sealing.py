"""Sealing: everything that is committed, once, in one chain, and nobody waits for it."""

import datetime as dt
import hashlib
from decimal import Decimal as D

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from common.chain import sealing
from ledger.chain import BOOKS, seal_books
from ledger.models import Account, Event, Posting, Seal, SealedPosting
from ledger.selectors import latest_seal
from ledger.services import Movement, credit, debit, post
from tenants import sweeping
from tenants.models import DueWork
from tests.threads import at_once


def booked(amount="5000", *, payment=1, memo=""):
    lines = [
        debit(Account.OPERATOR_CLEARING, D(amount), 1),
        credit(Account.SUSPENSE, D(amount), payment),
    ]
    return Movement(Event.BOOKED, "payment", payment, lines, memo)


def write(count=1, **facts):
    post(*[booked(payment=n + 1, **facts) for n in range(count)], occurred_at=timezone.now())


def sealed_ids():
    return list(SealedPosting.objects.order_by("position").values_list("posting_id", flat=True))


def test_what_is_written_is_sealed_in_one_chain(jua):
    write(3)

    assert seal_books() == 3

    seal, ids = latest_seal(), list(Posting.objects.order_by("pk").values_list("pk", flat=True))
    assert sealed_ids() == ids
    assert (seal.number, seal.first_position, seal.last_position, seal.count) == (1, 1, 3, 3)
    assert len(seal.fingerprint) == 64


def test_each_fingerprint_follows_from_the_one_before_and_the_words_of_the_posting(jua):
    write(2, memo="a|b · Ukara")
    seal_books()
    previous = bytes(32)

    for link in SealedPosting.objects.order_by("position"):
        content = by_hand(link.posting)
        previous = hashlib.sha256(previous + content.encode()).digest()
        assert bytes(link.hash) == previous, content

    seal = Seal.objects.get()
    facts = f"1|1|2|{seal.complete_to}|{micros(seal.sealed_at)}"
    assert bytes(seal.hash) == hashlib.sha256(previous + facts.encode()).digest()


def by_hand(posting):
    """The content as docs/reliability.md describes it, without the code that makes it."""

    def text(value):
        return f"{len(value.encode())}:{value}"

    parts = [posting.pk, posting.public_id, text(posting.event), text(posting.source)]
    parts += [posting.source_id, text(posting.memo), text(posting.actor_name)]
    parts += [micros(posting.occurred_at), micros(posting.recorded_at)]
    for entry in posting.entries.order_by("pk"):
        subject = "-" if entry.subject_id is None else entry.subject_id
        parts += [entry.pk, text(entry.account), subject, f"{entry.amount.normalize():f}"]
    return "|".join(map(str, parts))


def micros(at):
    return round(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


def test_the_content_does_not_depend_on_the_session(jua):
    write()
    posting = Posting.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL timezone = 'Africa/Dar_es_Salaam'; SET LOCAL extra_float_digits = -5;"
            " SET LOCAL datestyle = 'SQL, DMY'; SET LOCAL intervalstyle = 'iso_8601'"
        )
        cursor.execute(BOOKS.content.format(row=posting.pk))
        found = cursor.fetchone()
        cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY'")

    assert found == (2, by_hand(posting))


def test_a_batch_begins_where_the_last_one_ended(jua):
    write(5)

    assert [sealing.seal_batch(BOOKS, batch=2) for _ in range(4)] == [2, 2, 1, 0]

    seals = list(Seal.objects.order_by("number"))
    assert [(s.first_position, s.last_position) for s in seals] == [(1, 2), (3, 4), (5, 5)]
    assert [bytes(s.previous_hash) for s in seals[1:]] == [bytes(s.hash) for s in seals[:-1]]


def test_nothing_new_makes_no_seal(jua):
    assert seal_books() == 0
    assert latest_seal() is None
    write()
    seal_books()

    assert seal_books() == 0
    assert Seal.objects.count() == 1


def test_what_commits_late_is_sealed_late(jua):
    write(3)
    first, second, third = Posting.objects.order_by("pk").values_list("pk", flat=True)
    with transaction.atomic():
        _pretend_sealed_without(second)
    seal = latest_seal()

    assert seal_books() == 1
    assert sealed_ids() == [first, third, second]
    assert seal.complete_to == 0


def _pretend_sealed_without(posting_id):
    """Seal as if one posting were not committed yet."""
    rows = [row for row in sealing._unsealed(BOOKS, 0, 10) if row.id != posting_id]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "_unsealed", lambda *_: rows)
        sealing.seal_batch(BOOKS)


def test_the_search_begins_behind_what_no_open_transaction_can_add_to(jua, monkeypatch):
    monkeypatch.setattr(sealing, "LONGEST_TRANSACTION", dt.timedelta(seconds=-60))
    write(3)

    seal_books()

    assert latest_seal().complete_to == Posting.objects.latest("pk").pk


def test_sealers_at_once_make_one_chain_and_nobody_who_writes_waits(fresh_company):
    slug = fresh_company.company.slug

    def write_and_seal():
        for _ in range(5):
            write()
            sealing.seal_batch(BOOKS, batch=3)

    errors = [e for e in at_once(slug, *[write_and_seal] * 6) if e is not None]
    seal_books()

    assert errors == []
    assert sorted(sealed_ids()) == sorted(Posting.objects.values_list("pk", flat=True))
    positions = list(SealedPosting.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, 31))


def test_writing_goes_on_while_a_sealer_is_at_work(fresh_company):
    write()
    with transaction.atomic():
        sealing.seal_batch(BOOKS)

        wrote, sealed = at_once(fresh_company.company.slug, write, seal_books)

    assert wrote is None
    assert sealed == 0
    assert seal_books() == 1


def test_sealing_one_company_does_not_keep_another_from_it(fresh_company, jua):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('chain:taa:books', 0))")
        (found,) = at_once(fresh_company.company.slug, lambda: write() or seal_books())

    assert found == 1


def test_a_fork_is_refused_by_the_database(jua):
    write(2)
    sealing.seal_batch(BOOKS, batch=1)
    seal = latest_seal()

    with pytest.raises(DatabaseError, match="previous_hash"), transaction.atomic():
        Seal.objects.create(
            number=2, first_position=2, last_position=2, complete_to=0, sealed_at=timezone.now(),
            previous_hash=bytes(seal.previous_hash), hash=b"x" * 32,
        )  # fmt: skip


def test_the_seal_of_a_time_is_the_last_before_it(jua):
    write()
    seal_books()
    at = timezone.now()
    write()
    seal_books()

    assert latest_seal(before=at).number == 1
    assert latest_seal().number == 2
    assert latest_seal(before=at - dt.timedelta(days=1)) is None


# --- when ----------------------------------------------------------------------------------------------


@pytest.fixture
def due(jua):
    return DueWork.objects.create(
        company=jua, kind=DueWork.Kind.SEALS, due_at=timezone.now() - dt.timedelta(minutes=5)
    )


def sweep(due):
    sweeping.run(schema="jua", kind=DueWork.Kind.SEALS)
    due.refresh_from_db()
    return round((due.due_at - timezone.now()).total_seconds() / 60)


def test_the_sweeper_seals_and_comes_back_soon_where_money_moves(jua, due):
    write()

    minutes = sweep(due)

    assert latest_seal().count == 1
    assert minutes == 1


def test_a_company_where_nothing_moves_is_looked_at_seldom(jua, due):
    assert sweep(due) == 10
    assert latest_seal() is None
