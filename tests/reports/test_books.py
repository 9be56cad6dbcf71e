"""The pages of the books: their sums are the ledger's, and each figure leads to lines that add up to it."""

import csv
import datetime as dt
import io
import random
import re
from decimal import Decimal as D
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEntry
from ledger.chain import seal_books
from ledger.models import KINDS, MONEY, Account, Entry, Event, Kind, Posting, Seal, sign_of
from ledger.selectors import balance, trial_balance
from ledger.services import Line, Movement, credit, debit, post
from reports.books.subjects import SUBJECTS
from tests.conftest import NOW
from tests.payments.makers import silent, use_calin
from vending import services as vending
from vending.models import TokenOrder

DAY = dt.date(2026, 11, 23)
TRIAL = reverse("reports:trial-balance")
JOURNAL = reverse("reports:journal")
EVER = {"since": "2026-01-01", "until": "2026-12-31"}


def get(client, url, params=None):
    response = client.get(url, params)
    assert response.status_code == 200, url
    return response


def lines_behind(client, url):
    """Every line that a link of a figure leads to, over all its pages."""
    lines, page = [], get(client, url)
    while True:
        lines += page.context["page"].lines
        older = page.context["older_url"]
        if not older:
            return lines
        page = get(client, url.partition("?")[0] + older)


def net(lines):
    return sum((line.entry.amount for line in lines), D(0))


def account_url(account, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return f"{reverse('reports:account', args=[account])}?{query}"


def day_report(client, day=DAY):
    return get(client, reverse("reports:day"), {"day": str(day)})


# --- every account has its place -------------------------------------------------------------------------


def test_every_account_has_a_kind():
    assert set(KINDS) == set(Account)


def test_the_kinds_stand_on_the_side_that_grows_them():
    grown_by_debits = {Kind.ASSET, Kind.EXPENSE}
    assert {a for a in Account if sign_of(a) == 1} == {
        a for a, kind in KINDS.items() if kind in grown_by_debits
    }
    assert {KINDS[account] for account in MONEY} == {Kind.ASSET}


# --- trial balance ---------------------------------------------------------------------------------------


def test_the_trial_balance_holds_the_sums_of_the_ledger(accountant, full_books):
    trial = get(accountant, TRIAL, EVER).context["trial"]

    shown = {row.account: row.sums.closing for group in trial.groups for row in group.rows}
    assert shown == {Account(name): total for name, total in trial_balance().items()}
    assert trial.is_balanced


def test_each_figure_of_the_trial_balance_leads_to_lines_that_add_up_to_it(accountant, full_books):
    response = get(accountant, TRIAL, {"since": "2026-11-23", "until": "2026-11-23"})

    followed = 0
    for _group, rows in response.context["groups"]:
        for row, urls in rows:
            sign = sign_of(row.account)
            for name, figure in (
                ("opening", sign * row.opening),
                ("debits", row.sums.debits),
                ("credits", -row.sums.credits),
                ("closing", sign * row.closing),
            ):
                lines = lines_behind(accountant, urls[name])
                assert net(lines) == figure, (row.account, name)
                assert {line.entry.account for line in lines} <= {row.account}
                followed += bool(lines)
    assert followed > 30


def test_a_figure_on_the_page_is_a_link_and_zero_is_none(accountant, full_books):
    text = get(accountant, TRIAL, EVER).content.decode()
    row = text.partition('id="account-operator_clearing"')[2].partition("</tr>")[0]

    assert row.count("<a ") == 4  # name, debits, credits, closing
    assert '<span class="soft">0</span>' in row
    assert "The books balance." in text


def test_books_that_do_not_balance_are_said_so_loudly(accountant, full_books):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_entry SET amount = amount + 1 WHERE account = 'vat_payable'")
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")

    for page in (get(accountant, TRIAL, EVER), day_report(accountant)):
        text = page.content.decode()
        assert "The books do not balance." in text
        assert "The books balance." not in text


def test_new_books_say_how_they_fill(accountant, world):
    assert "Nothing is booked yet" in get(accountant, TRIAL).content.decode()


@pytest.mark.parametrize(
    "params",
    [
        {"since": "x", "until": "2026-13-40"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "2026-12-01", "until": "2026-11-01"},
        {"subject": "9" * 30, "before": "x", "event": "no", "side": "no"},
        {"after": "x", "q": "\x00%", "sort": "no", "late": "no", "day": "0001-01-01"},
    ],
)
def test_nonsense_in_the_address_is_as_if_it_had_not_been_asked(accountant, full_books, params):
    for url in (
        TRIAL,
        JOURNAL,
        reverse("reports:day"),
        reverse("reports:token-list"),
        reverse("reports:account", args=["suspense"]),
        reverse("reports:account-balances", args=["device_credit"]),
    ):
        get(accountant, url, params)


# --- the ledger of an account ----------------------------------------------------------------------------


def booked(amount, subject=1):
    lines = [
        debit(Account.OPERATOR_CLEARING, D(amount), subject),
        credit(Account.SUSPENSE, D(amount), 1),
    ]
    return Movement(Event.BOOKED, "payment", 1, lines)


def test_the_balance_runs_along_the_lines_over_all_pages(accountant, world):
    chance = random.Random(7)
    for _each in range(130):
        # Few moments, so that pages end among postings of the same one.
        at = NOW - dt.timedelta(hours=20 * chance.randrange(12))
        lines = [Line(Account.OPERATOR_CLEARING, D(amount := chance.choice([-7, 3, 11])), 1)]
        other = Line(Account.SUSPENSE, D(-amount), 1)
        post(Movement(Event.BOOKED, "payment", 1, [*lines, other]), occurred_at=at)
    url = account_url("operator_clearing", since="2026-11-16", until="2026-11-23")

    first = get(accountant, url)
    lines = lines_behind(accountant, url)

    page = first.context["page"]
    start = dt.datetime(2026, 11, 15, 21, tzinfo=dt.UTC)
    entries = Entry.objects.filter(account="operator_clearing")
    earlier = entries.filter(posting__occurred_at__lt=start).aggregate(s=Sum("amount"))["s"] or 0
    running, expected = earlier, {}
    inside = entries.filter(posting__occurred_at__gte=start)
    for entry in inside.order_by("posting__occurred_at", "posting_id", "pk"):
        running += entry.amount
        expected[entry.pk] = running
    assert len(page.lines) == 50
    assert page.count == len(lines) == len(expected) > 60
    assert {line.entry.pk: line.balance for line in lines} == expected
    assert (page.opening, page.closing) == (earlier, running)


def test_a_liability_is_shown_positive_when_we_owe_it(accountant, world, airtel):
    airtel(amount="5000")
    page = get(accountant, account_url("suspense", **EVER)).context["page"]
    assert page.closing == D(5000)
    assert [line.balance for line in page.lines] == [D(5000)]


def test_lines_are_narrowed_down_to_a_subject_an_event_and_a_side(accountant, full_books, world):
    of_meter = get(accountant, account_url("device_credit", subject=world.meter.pk, **EVER))
    refunds = get(accountant, account_url("device_credit", event="refund_decided", **EVER))
    nobody = get(accountant, account_url("device_credit", subject=999, **EVER))

    assert of_meter.context["page"].closing == balance(Account.DEVICE_CREDIT, world.meter.pk)
    assert world.meter.label in [text for text, _url in of_meter.context["chips"]]
    assert {line.posting.event for line in refunds.context["page"].lines} == {"refund_decided"}
    assert refunds.context["page"].lines[0].balance is None
    assert nobody.context["page"].count == 0


def test_no_other_account_exists(accountant, jua):
    assert accountant.get(reverse("reports:account", args=["piggy_bank"])).status_code == 404


def test_each_subject_of_a_posting_of_the_line_is_known_by_name(accountant, full_books):
    """A new account with subjects, or a new cause, must be named: it would be shown as a number."""
    for posting in Posting.objects.all():
        response = get(accountant, reverse("reports:posting", args=[posting.public_id]))
        for line, _url in response.context["rows"]:
            assert not re.fullmatch(r"[a-z_]+ \d+", str(line.subject.label)), line.entry
            assert not re.fullmatch(r"[a-z_]+ \d+", str(line.cause.label)), posting
            assert bool(line.subject.label) == (line.account in SUBJECTS)


def test_a_payments_page_leads_to_its_postings(accountant, full_books):
    payment = full_books.yesterday
    text = get(accountant, reverse("desk:payment", args=[payment.public_id])).content.decode()
    for posting in Posting.objects.filter(source="payment", source_id=payment.pk):
        assert reverse("reports:posting", args=[posting.public_id]) in text


# --- one posting -----------------------------------------------------------------------------------------


def test_a_posting_leads_to_its_payment_and_to_its_other_postings(accountant, full_books):
    issued = Posting.objects.filter(event="issued").first()

    response = get(accountant, reverse("reports:posting", args=[issued.public_id]))

    payment = full_books.yesterday
    lead = accountant.get(response.context["cause"].url, follow=True)
    assert lead.redirect_chain[-1][0] == reverse("desk:payment", args=[payment.public_id])
    events = [row.posting.event for row in response.context["others"]]
    assert events == ["booked", "settled", "credit_spent"]


def test_a_reversal_stands_beside_the_payment_that_it_takes_back(accountant, full_books):
    reversed_ = Posting.objects.get(event="reversed")
    response = get(accountant, reverse("reports:posting", args=[reversed_.public_id]))
    text = response.content.decode()

    assert response.context["cause"].label == f"Reversal {full_books.second.reference}"
    assert "Fraud" in text
    assert "Amina Said" in text
    assert "booked" in [row.posting.event for row in response.context["others"]]


# --- who has a balance -----------------------------------------------------------------------------------


def test_balances_are_those_of_the_ledger_at_the_end_of_the_day(accountant, full_books, world):
    url = reverse("reports:account-balances", args=["device_credit"])

    now = get(accountant, url).context
    then = get(accountant, url, {"until": "2026-11-22"}).context

    assert [(str(n.label), amount) for n, amount, _url in now["rows"]] == [
        (world.meter.label, balance(Account.DEVICE_CREDIT, world.meter.pk))
    ]
    assert [named.note for named, _amount, _url in now["rows"]] == ["Neema Bahati"]
    assert [amount for _n, amount, _url in then["rows"]] == [
        -Entry.objects.filter(
            account="device_credit", posting__occurred_at__lt="2026-11-22T21:00:00Z"
        ).aggregate(s=Sum("amount"))["s"]
    ]
    for context in (now, then):
        for _named, amount, link in context["rows"]:
            assert -net(lines_behind(accountant, link)) == amount


def test_balances_are_sorted_found_and_paged(accountant, world):
    for number in range(1, 61):
        post(booked(number * 10, subject=number), occurred_at=NOW)
    url = reverse("reports:account-balances", args=["operator_clearing"])

    first = get(accountant, url, {"until": "2026-11-23"}).context
    last = get(accountant, url, {"until": "2026-11-23", "sort": "smallest", "after": "50"}).context
    found = get(accountant, url, {"until": "2026-11-23", "q": "nobody"}).context

    assert [amount for _n, amount, _u in first["rows"]] == [D(n * 10) for n in range(60, 10, -1)]
    assert (first["standing"].count, first["standing"].amount) == (60, D(18300))
    assert [amount for _n, amount, _u in last["rows"]] == [D(n * 10) for n in range(51, 61)]
    assert not last["page"].next_url
    assert found["rows"] == []


@pytest.mark.parametrize(
    ("account", "text"),
    [("device_credit", "4700"), ("device_credit", "neema bahati"), ("suspense", "AT"),
     ("plan_receivable", "tele"), ("ordered", "4700"), ("operator_clearing", "airtel")],
)  # fmt: skip
def test_a_balance_is_found_by_what_people_know(accountant, full_books, airtel, account, text):
    airtel(amount="300")
    url = reverse("reports:account-balances", args=[account])
    if account == "plan_receivable":
        assert get(accountant, url, {"q": text, "until": "2026-11-20"}).context["rows"]
    else:
        assert get(accountant, url, {"q": text}).context["rows"]
    assert not get(accountant, url, {"q": "zzz"}).context["rows"]


# --- the closing report ----------------------------------------------------------------------------------


def figures(report):
    return [*report.received, *report.given_back, *report.went_to]


def test_each_figure_of_the_closing_report_leads_to_lines_that_add_up_to_it(accountant, full_books):
    report = day_report(accountant).context["report"]

    for figure in report.received:
        assert net(lines_behind(accountant, figure.url)) == figure.amount, figure
    for figure in [*report.given_back, *report.went_to]:
        assert net(lines_behind(accountant, figure.url)) == -figure.amount, figure
    for row in report.clearing:
        for name, amount in (
            ("opening", row.sums.opening),
            ("debits", row.sums.debits),
            ("credits", -row.sums.credits),
            ("closing", row.sums.closing),
        ):
            assert net(lines_behind(accountant, row.urls[name])) == amount
    for figure in report.open:
        listed = get(accountant, figure.url).context
        assert (listed["standing"].count, listed["standing"].amount) == (
            figure.count,
            figure.amount,
        )
        assert sum(amount for _n, amount, _u in listed["rows"]) == figure.amount
    tokens = get(accountant, report.tokens_url).context["page"]
    assert tokens.total == report.tokens.count > 0
    assert sum(o.cost for o in tokens.rows) == report.tokens.cost
    assert sum(o.quantity for o in tokens.rows if o.unit == "kwh") == report.tokens.kwh > 0


def test_what_came_is_what_it_became(accountant, full_books):
    report = day_report(accountant).context["report"]

    came = report.received_total.amount - report.given_back_total.amount
    assert report.went_to_total.amount == came
    assert came == report.clearing_total.debits - report.clearing_total.credits
    assert report.received_total.amount == D(12345 + 4999 + 2000 + 7000)
    assert report.received_total.count == 4
    assert report.received_total.amount_before == D(9999)
    given = {str(f.label): (f.count, f.amount) for f in report.given_back}
    assert given == {"Refund paid out": (1, D(500)), "Reversed by the operator": (1, D(4999))}


def test_the_report_tells_what_stands_open(accountant, full_books, airtel):
    airtel(amount="300")

    report = day_report(accountant).context["report"]

    stands = {str(figure.label): (figure.count, figure.amount) for figure in report.open}
    order = TokenOrder.objects.get(state="in_doubt")
    assert stands["Payments not yet settled"] == (1, D(300))
    assert stands["Tokens ordered, not yet issued"] == (1, order.cost)
    assert stands["Of these in doubt now"] == (1, order.cost)
    assert stands["Refunds decided, not yet paid out"] == (1, D(100))


def test_the_days_compare(accountant, full_books):
    today = day_report(accountant).context["report"]
    yesterday = day_report(accountant, DAY - dt.timedelta(days=1)).context["report"]

    before = {str(f.label): f.amount_before for f in figures(today) if f.amount_before}
    assert before == {str(f.label): f.amount for f in figures(yesterday) if f.amount}
    assert today.tokens_before == yesterday.tokens
    assert [f.amount_before for f in today.open if "doubt" not in str(f.label)] == [
        f.amount for f in yesterday.open if "doubt" not in str(f.label)
    ]


def test_a_posting_that_was_recorded_later_is_counted_and_told(
    clock, accountant, amina, world, pay
):
    clock.move_to(NOW - dt.timedelta(days=1))
    use_calin(world.meter)
    with silent():
        pay("5000")
    before = day_report(accountant, DAY - dt.timedelta(days=1)).context["report"]
    clock.move_to(NOW)
    order = TokenOrder.objects.get()
    vending.settle_doubt(order_id=order.pk, token="22768092005421093510", reason="x", actor=amina)

    response = day_report(accountant, DAY - dt.timedelta(days=1))
    after = response.context["report"]
    late = get(accountant, after.late_url).context["rows"]

    assert before.tokens.count == 0
    assert after.tokens.count == 1
    assert after.late_count == len(late)
    assert "issued" in [row.posting.event for row in late]
    assert "recorded after the day was over" in response.content.decode()


def test_only_what_was_recorded_after_its_day_is_late(accountant, world):
    now = timezone.now()
    today = now.astimezone(ZoneInfo("Africa/Dar_es_Salaam")).date()
    post(booked("1"), occurred_at=now)
    post(booked("10"), booked("20"), occurred_at=now - dt.timedelta(days=1))

    in_time = day_report(accountant, today).context["report"]
    assert in_time.late_count == 0
    assert get(accountant, in_time.late_url).context["rows"] == []
    before = day_report(accountant, today - dt.timedelta(days=1)).context["report"]
    late = get(accountant, before.late_url).context["rows"]
    assert before.late_count == 2
    assert sorted(row.amount for row in late) == [D(10), D(20)]


def test_a_day_begins_at_midnight_of_the_company(accountant, world):
    midnight = dt.datetime(2026, 11, 22, 21, tzinfo=dt.UTC)  # 00:00 on the 23rd in Dar es Salaam
    post(booked("1"), occurred_at=midnight - dt.timedelta(microseconds=1))
    post(booked("10"), occurred_at=midnight)
    post(booked("100"), occurred_at=midnight + dt.timedelta(hours=24, microseconds=-1))
    post(booked("1000"), occurred_at=midnight + dt.timedelta(hours=24))

    report = day_report(accountant).context["report"]

    assert report.received_total.amount == D(110)
    assert report.received_total.amount_before == D(1)
    assert report.clearing_total.closing == D(111)
    month = get(accountant, account_url("suspense", since="2026-11-23", until="2026-11-23"))
    page = month.context["page"]
    assert (page.opening, page.closing, page.count) == (D(1), D(111), 2)


def test_the_report_and_the_posting_tell_what_is_sealed(accountant, full_books):
    open_day = day_report(accountant).content.decode()
    seal_books()
    report = day_report(accountant)
    posting = Posting.objects.first()
    page = get(accountant, reverse("reports:posting", args=[posting.public_id])).content.decode()

    assert "The first seal is still to come" in open_day
    assert report.context["report"].is_sealed
    assert Seal.objects.get().fingerprint in report.content.decode()
    assert "sealed as number 1" in page


# --- journal, files --------------------------------------------------------------------------------------


def rows_of(response):
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_the_journal_lists_every_posting_of_a_period(accountant, full_books):
    page = get(accountant, JOURNAL, EVER).context
    assert page["page"].total == Posting.objects.count()
    only = get(accountant, JOURNAL, {**EVER, "event": "no_money"}).context["rows"]
    assert {row.posting.event for row in only} == {"fee_due", "sold", "written_off"}


def test_the_journal_as_a_file_has_every_line_and_runs_no_formula(accountant, full_books):
    rows = rows_of(accountant.get(reverse("reports:journal-export"), EVER))

    assert len(rows) == Entry.objects.count()
    assert sum(D(r["debit"] or 0) for r in rows) == sum(D(r["credit"] or 0) for r in rows)
    assert {r["account"] for r in rows} == set(trial_balance())
    refund = next(r for r in rows if r["event"] == "refund_decided")
    assert refund["memo"] == "'=Asked for it"
    assert (refund["date"], refund["currency"], refund["actor"]) == (
        "2026-11-23",
        "TZS",
        "Amina Said",
    )
    booked_row = next(r for r in rows if r["event"] == "booked")
    assert booked_row["cause"] == full_books.yesterday.reference
    assert booked_row["subject"] == "airtel"
    assert AuditEntry.objects.get(action="books.exported").target == "journal"


def test_the_columns_of_the_files_stay_as_they_are_documented(accountant, full_books):
    documented = re.findall(r"`([a-z_]+)`", (Path(settings.BASE_DIR) / "docs/books.md").read_text())
    for view, args in (
        ("journal-export", []), ("trial-balance-export", []), ("account-export", ["suspense"]),
        ("account-balances-export", ["device_credit"]),
    ):  # fmt: skip
        rows = rows_of(accountant.get(reverse(f"reports:{view}", args=args), EVER))
        assert rows, view
        assert set(rows[0]) <= set(documented)


def test_every_account_and_event_is_explained_to_accountants():
    documented = set(
        re.findall(r"`([a-z_]+)`", (Path(settings.BASE_DIR) / "docs/books.md").read_text())
    )
    assert documented >= set(Account.values) | set(Event.values)


def test_the_trial_balance_as_a_file_adds_up(accountant, full_books):
    url = reverse("reports:trial-balance-export")
    response = accountant.get(url, {**EVER, "format": "xlsx"})
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    heads, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    sums = {head: sum(row[heads.index(head)] for row in rows) for head in heads[5:11]}

    assert sums["debits"] == sums["credits"] > 0
    assert sums["closing_debit"] == sums["closing_credit"] > 0
    assert sums["opening_debit"] == sums["opening_credit"] == 0


def test_a_ledger_as_a_file_carries_its_balance(accountant, full_books):
    url = reverse("reports:account-export", args=["operator_clearing"])
    rows = rows_of(accountant.get(url, EVER))
    total = trial_balance()["operator_clearing"]

    assert D(rows[-1]["balance"]) == total
    assert rows[0]["date"] == "2026-11-22"
    narrowed = rows_of(accountant.get(url, {**EVER, "side": "credit"}))
    assert {row["debit"] for row in narrowed} == {""}
    assert {row["balance"] for row in narrowed} == {""}


def test_another_format_is_refused(accountant, jua):
    assert accountant.get(reverse("reports:journal-export"), {"format": "pdf"}).status_code == 404


# --- who may, and what it costs --------------------------------------------------------------------------


def test_a_clerk_sees_nothing_of_the_books(clerk, full_books):
    assert "Books" not in clerk.get("/").content.decode()
    for name in ("trial-balance", "journal", "day", "journal-export"):
        assert clerk.get(reverse(f"reports:{name}")).status_code == 403


def test_the_books_stand_in_the_navigation_of_the_office(accountant, world):
    places = get(accountant, TRIAL).context["shell"].places
    assert [str(p.label) for p in places if p.current == "page"] == ["Books"]


@pytest.mark.parametrize("name", ["trial-balance", "journal", "day", "account", "account-balances"])
def test_queries_do_not_grow_with_the_books(accountant, full_books, pay, name):
    args = {"account": ["device_credit"], "account-balances": ["suspense"]}.get(name, [])
    url = reverse(f"reports:{name}", args=args)

    def count():
        with CaptureQueriesContext(connection) as queries:
            get(accountant, url)
        # What is remembered of companies and log-ins for a while may be read anew in between.
        return sum("tenants_" not in query["sql"] for query in queries)

    count()
    before = count()
    for _each in range(5):
        with silent():
            pay("500")
    count()

    assert count() == before


def test_a_full_page_is_under_ten_kilobytes_compressed(accountant, world):
    for number in range(60):
        post(booked(1000 + number), occurred_at=NOW - dt.timedelta(minutes=number))
    for url in (
        account_url("operator_clearing", **EVER),
        JOURNAL + "?since=2026-11-01&until=2026-11-30",
    ):
        response = accountant.get(url, headers={"accept-encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(response.content) < 10_000
