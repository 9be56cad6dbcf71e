"""Sums of any period are what adding the entries up by hand gives, whatever was posted in whatever order."""

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal as D

import pytest

from ledger.models import MONEY, NO_MONEY, Account, Event, sign_of
from ledger.services import Line, Movement, post
from reports.books.closing import OPEN, closing_of
from reports.books.lines import Asked, ledger_page, oldest_first
from reports.books.periods import Span
from reports.books.subjects import SUBJECTS
from reports.books.sums import Sums, standing_of, subject_balances, trial_balance_of

ZONE = "Africa/Dar_es_Salaam"
BEGIN = dt.datetime(2026, 10, 28, 20, 30, tzinfo=dt.UTC)


@pytest.fixture(params=[1, 2, 3])
def mix(request, jua):
    """150 postings of any event on any accounts, recorded in no order; each as (day, event, lines)."""
    chance = random.Random(request.param)
    posted = []
    for _each in range(150):
        at = BEGIN + dt.timedelta(minutes=chance.randrange(10 * 24 * 60))
        one, other = chance.sample(list(Account), 2)
        amount = D(chance.randrange(-9999, 9999) or 1) / chance.choice([1, 100])
        lines = [Line(account, change, _subject(chance, account)) for account, change in
                 ((one, amount), (other, -amount))]  # fmt: skip
        event = chance.choice(list(Event))
        post(Movement(event, "payment", 1, lines), occurred_at=at)
        posted.append(((at + dt.timedelta(hours=3)).date(), event, lines))
    return posted


def _subject(chance, account):
    return chance.randrange(1, 4) if account in SUBJECTS else None


def spans():
    days = [dt.date(2026, 10, 27) + dt.timedelta(days=n) for n in range(14)]
    chance = random.Random(9)
    for _each in range(8):
        first, last = sorted(chance.sample(days, 2))
        yield Span(chance.choice([first, first, None]), last, ZONE)


def by_hand(mix, span, of):
    """Opening, debits and credits of everything for which ``of(event, line)`` names a key."""
    sums = defaultdict(Sums)
    for day, event, lines in mix:
        for line in lines:
            key = of(event, line)
            if key is None or day > span.last:
                continue
            if span.first and day < span.first:
                sums[key] += Sums(opening=line.amount)
            elif line.amount > 0:
                sums[key] += Sums(debits=line.amount)
            else:
                sums[key] += Sums(credits=-line.amount)
    return dict(sums)


def test_the_trial_balance_of_any_period(mix):
    for span in spans():
        trial = trial_balance_of(span)
        shown = {row.account: row.sums for group in trial.groups for row in group.rows}
        expected = by_hand(mix, span, lambda _event, line: line.account)
        assert shown == {account: sums for account, sums in expected.items() if not sums.is_empty}
        assert trial.is_balanced


def test_the_ledger_of_any_account_and_subject(mix):
    for span in spans():
        for account in (Account.DEVICE_CREDIT, Account.OPERATOR_CLEARING, Account.LOSSES):
            subject = 2 if account in SUBJECTS else None
            page = ledger_page(Asked(account, span, subject), before=None)
            expected = by_hand(
                mix,
                span,
                lambda _e, line, key=(account, subject): (
                    key if (line.account, line.subject_id) == key else None
                ),
            )
            assert page.sums == expected.get((account, subject), Sums())
            in_file = list(oldest_first(Asked(account, span, subject)))
            assert len(in_file) == page.count
            assert not in_file or in_file[-1].balance == page.closing


def test_who_has_a_balance_at_the_end_of_any_day(mix):
    for span in spans():
        for account in OPEN:
            expected = by_hand(
                mix,
                span.until(),
                lambda _e, line, a=account: line.subject_id if line.account == a else None,
            )
            balances = {
                subject: sign_of(account) * sums.closing
                for subject, sums in expected.items()
                if sums.closing
            }
            found = subject_balances(account, span)
            assert dict(found.rows) == balances
            assert [amount for _s, amount in found.rows] == sorted(balances.values(), reverse=True)
            standing = standing_of([account], span)[account]
            assert (standing.count, standing.amount) == (len(balances), sum(balances.values()))
            if balances:
                assert found.standing == standing


def test_the_closing_report_of_any_day(mix):
    for day in sorted({day for day, _event, _lines in mix}):
        report = closing_of(day, ZONE)
        moved = [
            (event, line)
            for on, event, lines in mix
            for line in lines
            if on == day and event not in NO_MONEY
        ]
        money = sum((line.amount for _e, line in moved if line.account in MONEY), D(0))
        booked = [line.amount for e, line in moved if e == Event.BOOKED and line.account in MONEY]
        assert report.received_total.amount == sum(booked)
        assert report.received_total.count == len(booked)
        assert report.received_total.amount - report.given_back_total.amount == money
        assert report.went_to_total.amount == money
        assert report.difference == 0
