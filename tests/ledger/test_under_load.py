"""Many at once on one account: nothing is lost, nothing is made, and the order of postings is one order."""

from decimal import Decimal as D

from django.utils import timezone

from common.chain import sealing
from ledger.chain import BOOKS, seal_books
from ledger.models import Account, Entry, Event, Posting, SealedPosting
from ledger.proof import prove_books
from ledger.selectors import balance, trial_balance
from ledger.services import Movement, credit, debit, post
from tests.threads import at_once

HOT = 7


def move(source, target, amount):
    lines = [debit(source, amount, HOT), credit(target, amount, HOT)]
    post(Movement(Event.OPENING, "test", HOT, lines), occurred_at=timezone.now())


def test_500_credits_and_1000_moves_of_one_unit_at_the_same_time_all_count(fresh_company):
    def credits():
        for _ in range(125):
            move(Account.OPERATOR_CLEARING, Account.DEVICE_CREDIT, D(1000))

    def small_moves():
        for _ in range(250):
            move(Account.DEVICE_CREDIT, Account.CUSTOMER_CREDIT, D("0.0001"))

    def seal():
        for _ in range(20):
            sealing.seal_batch(BOOKS, batch=40)

    slug = fresh_company.company.slug
    errors = [e for e in at_once(slug, *[credits] * 4, *[small_moves] * 4, seal) if e is not None]
    seal_books()

    assert errors == []
    assert Posting.objects.count() == 1500
    assert balance(Account.DEVICE_CREDIT, HOT) == D(500_000) - D("0.1")
    assert balance(Account.CUSTOMER_CREDIT, HOT) == D("0.1")
    assert sum(trial_balance().values()) == 0
    assert SealedPosting.objects.count() == 1500
    assert prove_books()[1] == []


def test_every_balance_can_be_made_anew_from_the_postings_alone(world, pay):
    pay("4999")
    pay("4961")
    anew: dict[tuple[str, int | None], D] = {}
    for posting in Posting.objects.order_by("pk").prefetch_related("entries"):
        for entry in posting.entries.all():
            key = entry.account, entry.subject_id
            anew[key] = anew.get(key, D(0)) + entry.amount

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == -anew["device_credit", world.meter.pk]
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert len(anew) == len(set(Entry.objects.values_list("account", "subject_id")))
