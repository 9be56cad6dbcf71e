"""The pages: who may, what they say, and that a second click does nothing."""

import gzip
import io
import re
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models import Message
from payments.models import Payment
from payments.statements import work as worker
from payments.statements.models import Statement, StatementLayout, StatementLine
from tests.common.test_sheets import bomb
from tests.payments.statements.makers import as_csv, as_xlsx, booked, paid

HOME = "/payments/statements/"


def form(content, name="airtel.csv", **more):
    return {"connection": "airtel", "file": SimpleUploadedFile(name, content), **more}


def upload(client, content, **more):
    return client.post(f"{HOME}upload/", form(content, **more))


def work(jua):
    for pk in Statement.objects.filter(available_at__isnull=False).values_list("pk", flat=True):
        worker.work(jua, pk)


def hidden(page):
    return re.search(r'name="key" value="([0-9a-f-]{36})"', page.content.decode())[1]


@pytest.fixture
def address(accountant, world, jua):
    """Upload rows, say yes to the columns, and return where the statement stands."""

    def address(rows, make=as_csv):
        where = upload(accountant, make(rows)).url
        work(jua)
        if accountant.get(where).status_code == 302:
            accountant.post(f"{where}columns/", answers(accountant.get(f"{where}columns/")))
            work(jua)
        return where

    return address


def answers(page, **changed):
    """What a browser would send of the columns page."""
    form = page.context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return {**values, "act": "compare", **changed}


def test_there_is_a_way_from_the_payments_and_a_first_step(accountant, world):
    assert 'href="/payments/statements/"' in accountant.get("/payments/").content.decode()

    page = accountant.get(HOME).content.decode()

    assert "No statements yet" in page
    assert "never" in page


@pytest.mark.parametrize("way", ["get", "post"])
def test_whoever_may_only_look_at_payments_may_not_reconcile(clerk, compared, way):
    statement = compared([paid(1)])
    line = statement.lines.get()
    here = f"{HOME}{statement.public_id}/"
    doors = [
        HOME, f"{HOME}upload/", here, f"{here}columns/", f"{here}again/", f"{here}remove/",
        f"{here}record/", f"{here}flag/?list=operator", f"{here}lines/record/",
        f"{here}lines/{line.pk}/", f"{here}lines/{line.pk}/flag/", f"{here}export/",
    ]  # fmt: skip

    for door in doors:
        assert getattr(clerk, way)(door).status_code in {403, 405}, door
    assert "/payments/statements/" not in clerk.get("/payments/").content.decode()
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("make", [as_csv, as_xlsx])
def test_from_the_file_to_the_lists(accountant, world, jua, make):
    booked(world, paid(1)).save()
    where = upload(accountant, make([paid(1), paid(2, "700", 30)], titles=["Airtel", ""])).url
    assert "being looked at" in accountant.get(where).content.decode()
    work(jua)
    columns = accountant.get(where, follow=True)
    assert "Which column is which?" in columns.content.decode()
    assert "MP2610000002" in columns.content.decode()

    accountant.post(f"{where}columns/", answers(columns))
    assert "rows read so far" in accountant.get(where).content.decode()
    work(jua)

    page = accountant.get(where)
    text = page.content.decode()
    assert "One row does not agree." in text
    assert "MP2610000002" in text
    summary = page.context["summary"]
    assert (summary.theirs, summary.ours, summary.difference) == (5700, 5000, 700)
    assert "In both" in accountant.get(where, {"list": "both"}).content.decode()


def test_columns_are_asked_for_once(accountant, address, world, jua):
    address([paid(1)])

    where = upload(accountant, as_csv([paid(2)])).url
    work(jua)

    assert Statement.objects.get(public_id=where.split("/")[-2]).state == "compared"
    assert StatementLayout.objects.count() == 1


def test_columns_are_asked_for_again_when_the_headings_changed(accountant, address, jua):
    address([paid(1)])
    headings = ["ID", "Date", "Kind", "Phone", "Name", "Device", "Amount", "Status"]

    where = upload(accountant, as_csv([paid(2)], headings=headings)).url
    work(jua)

    assert accountant.get(where).url.endswith("/columns/")


def test_looking_again_shows_what_a_choice_makes_of_the_rows_and_keeps_nothing(
    accountant, world, jua
):
    where = upload(accountant, as_csv([paid(1)])).url
    work(jua)
    page = accountant.get(f"{where}columns/")

    other = accountant.post(
        f"{where}columns/", answers(page, act="look", reference="Sender MSISDN", phone="")
    )

    assert other.status_code == 200
    assert [line.reference for line in other.context["preview"]] == ["754123456"]
    assert not StatementLayout.objects.exists()
    assert Statement.objects.get().state == "asking"


def test_a_new_kind_column_shows_its_kinds_before_anything_is_compared(accountant, world, jua):
    rows = [paid(1), paid(2, kind="Airtel Fee", amount="50")]
    where = upload(accountant, as_csv(rows)).url
    work(jua)
    page = accountant.get(f"{where}columns/")
    without = accountant.post(f"{where}columns/", answers(page, act="look", kind=""))
    assert "kinds" not in without.context["form"].fields

    back = accountant.post(f"{where}columns/", answers(without, kind="Service Type"))

    assert back.context["form"].fields["kinds"].initial == ["Merchant Payment"]
    assert Statement.objects.get().state == "asking"


def test_one_column_cannot_be_two_things(accountant, world, jua):
    where = upload(accountant, as_csv([paid(1)])).url
    work(jua)
    page = accountant.get(f"{where}columns/")

    said = accountant.post(f"{where}columns/", answers(page, account="Transaction ID"))

    assert said.status_code == 422
    assert "chosen twice" in said.content.decode()


def test_the_same_file_again_leads_to_the_statement_that_stands(accountant, world):
    first = upload(accountant, as_csv([paid(1)]))
    again = upload(accountant, as_csv([paid(1)]), name="renamed.csv")

    assert again.url == first.url
    assert "uploaded before" in accountant.get(again.url).content.decode()
    assert Statement.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "said"), [(b"%PDF-1.4", "PDF"), (b" ", "empty"), ("bomb", "unpacks to more")]
)
def test_a_file_that_is_no_statement_is_refused_and_not_kept(accountant, world, content, said):
    page = upload(accountant, bomb() if content == "bomb" else content)

    assert page.status_code == 422
    assert said in page.content.decode()
    assert not Statement.objects.exists()


def test_rows_that_cannot_be_read_are_listed_with_their_reason(accountant, address):
    bad = paid(2).cells()
    bad[0] = "1.23E+11"
    where = address([paid(1), bad, [*paid(3).cells()[:6], "lots", "Transaction Success"]])

    text = accountant.get(where, {"list": "unreadable"}).content.decode()

    assert "row 3" in text
    assert "A spreadsheet made “1.23E+11” of the reference" in text
    assert "“lots” is no amount" in text


# --- recording ------------------------------------------------------------------------------------


def test_one_click_records_one_payment_and_a_second_nothing(accountant, address, work_line):
    where = address([paid(1), paid(2, minutes=9)])
    page = accountant.get(where, {"list": "operator"})
    line = StatementLine.objects.get(reference="MP2610000001")
    sent = {"key": hidden(page), "line": line.pk}

    first = accountant.post(f"{where}lines/record/", sent)
    second = accountant.post(f"{where}lines/record/", sent)

    assert "is being settled now" in accountant.get(first.url).content.decode()
    assert second.status_code == 302
    assert Payment.objects.count() == 1
    work_line()
    assert Payment.objects.get().state == "settled"
    assert Message.objects.count() == 1


@pytest.fixture
def work_line(work):
    return work


def test_two_people_record_one_payment_once(accountant, owner, address):
    where = address([paid(1)])
    line = StatementLine.objects.get()
    for client in (accountant, owner):
        said = client.post(f"{where}lines/record/", {"key": str(uuid4()), "line": line.pk})

    assert said.status_code == 422
    assert "not only at the operator any more" in said.content.decode()
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"key": "x", "line": "1"}, {"line": "9" * 40}])
def test_a_form_that_is_not_whole_does_nothing(accountant, address, sent):
    where = address([paid(1)])

    assert accountant.post(f"{where}lines/record/", sent).status_code == 422
    assert not Payment.objects.exists()


def test_all_that_is_missing_is_asked_about_once_and_recorded_by_a_worker(accountant, address, jua):
    where = address([paid(n, minutes=n * 9) for n in range(1, 4)])
    asked = accountant.get(f"{where}record/")
    assert "Record 3 payments" in asked.content.decode()
    key = hidden(asked)

    accountant.post(f"{where}record/", {"key": key})
    accountant.post(f"{where}record/", {"key": key})

    assert "3 payments are still to be recorded" in accountant.get(where).content.decode()
    work(jua)
    assert Payment.objects.count() == 3
    assert "Everything agrees." in accountant.get(where).content.decode()


def test_the_trace_says_who_recorded_it_from_which_row(accountant, address):
    where = address([paid(1)])
    line = StatementLine.objects.get()
    accountant.post(f"{where}lines/record/", {"key": str(uuid4()), "line": line.pk})

    text = accountant.get(f"/payments/{Payment.objects.get().public_id}/").content.decode()

    assert "Asha Mwinyi recorded it from row 2 of the statement airtel.csv" in text


# --- flags, files, sizes --------------------------------------------------------------------------


def test_a_flagged_row_stands_in_the_inbox_until_it_is_closed(accountant, address):
    where = address([paid(1)])
    line = StatementLine.objects.get()
    here = f"{where}lines/{line.pk}/"
    accountant.post(f"{here}flag/", {"reason": "The payer denies it"})

    inbox = accountant.get("/inbox/")
    assert "The payer denies it" in inbox.content.decode()
    assert here in inbox.content.decode()
    accountant.post(f"{here}close/", {"note": "He remembered."})

    assert "The payer denies it" not in accountant.get("/inbox/").content.decode()
    assert "He remembered." in accountant.get(here).content.decode()


def test_recording_closes_the_flag(accountant, address):
    where = address([paid(1)])
    line = StatementLine.objects.get()
    accountant.post(f"{where}lines/{line.pk}/flag/", {"reason": "Whose?"})

    accountant.post(f"{where}lines/record/", {"key": str(uuid4()), "line": line.pk})

    line.refresh_from_db()
    assert (line.verdict, line.is_flagged, line.note) == ("both", False, "Recorded.")


def test_a_flag_needs_a_reason(accountant, address):
    where = address([paid(1)])
    line = StatementLine.objects.get()

    assert accountant.post(f"{where}lines/{line.pk}/flag/", {"reason": " "}).status_code == 422
    assert not StatementLine.objects.get().is_flagged


def test_a_whole_list_is_flagged_with_one_reason(accountant, address, world):
    booked(world, paid(5, minutes=60)).save()
    where = address([paid(1), paid(9, minutes=600)])

    accountant.post(f"{where}flag/?list=here", {"reason": "Ask Airtel"})

    assert [line.payment.reference for line in StatementLine.objects.exclude(flagged_at=None)] == [
        "MP2610000005"
    ]


def test_what_was_taken_back_is_shown_with_the_step_that_mends_it(accountant, address, world):
    booked(world, paid(1)).save()
    where = address([paid(1), paid(1, "-5000", minutes=5, kind="Transaction Reversal")])

    page = accountant.get(where, {"list": "reversed"})

    assert "took this money back and we still count it" in page.content.decode()
    assert page.context["summary"].difference == Decimal(-5000)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_each_list_can_be_saved(accountant, address, kind):
    where = address([paid(1, name="=HYPERLINK(0)")])

    saved = b"".join(accountant.get(f"{where}export/?list=operator&format={kind}"))

    if kind == "csv":
        assert b"MP2610000001" in saved
        assert b"'=HYPERLINK(0)" in saved
    else:
        assert saved.startswith(b"PK")


@pytest.mark.parametrize("asked", ["", "nonsense", "%00"])
def test_a_list_that_there_is_not_cannot_be_saved(accountant, compared, asked):
    statement = compared([paid(1)])

    assert accountant.get(f"{HOME}{statement.public_id}/export/?list={asked}").status_code == 404


def test_cells_of_absurd_size_are_rows_that_cannot_be_read(compared):
    row = paid(1).cells()
    rows = [
        [*row[:6], 1e308, row[7]],
        [*row[:6], 10**200, row[7]],
        [row[0], datetime(9999, 12, 31, 23, 59), *row[2:6], 5000, row[7]],  # noqa: DTZ001
    ]

    statement = compared([*rows, paid(2)], make=as_xlsx)

    verdicts = statement.lines.order_by("number").values_list("verdict", flat=True)
    assert list(verdicts) == ["unreadable"] * 3 + ["operator"]


def test_a_statement_of_an_impossible_year_is_refused(accountant, world):
    page = upload(accountant, as_csv([paid(1)]), since="0001-01-01", until="0001-02-01")

    assert page.status_code == 422
    assert "The year cannot be right." in page.content.decode()


def test_a_statement_uploaded_by_mistake_can_be_removed(accountant, address):
    where = address([paid(1)])

    accountant.post(f"{where}remove/")

    assert not Statement.objects.exists()
    assert not StatementLine.objects.exists()


def test_a_statement_that_hardly_fits_says_so_before_anything_is_recorded(accountant, address):
    where = address([paid(n, minutes=n) for n in range(1, 9)])

    for page in (accountant.get(where), accountant.get(f"{where}record/")):
        assert "Hardly any of these payments is known here." in page.content.decode()


def test_a_full_page_is_small_and_asks_the_database_as_often_as_a_short_one(
    accountant, address, world
):
    def asked(rows):
        where = address(rows)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = accountant.get(where, {"list": "operator"})
        return page, len(queries)

    _page, few = asked([paid(1)])
    page, many = asked(
        [
            paid(n, minutes=n, name="Mwanahawa Abdulrahman Kitwana Nyambura-Mgonja")
            for n in range(2, 90)
        ]
    )

    assert many <= few
    assert len(page.context["page"].rows) == 50
    assert len(gzip.compress(page.content)) < 10_000


def test_a_statement_of_another_company_does_not_exist(compared, taa):
    from tests.conftest import client_for, make_user

    statement = compared([paid(1)])
    connection.set_tenant(taa)
    stranger = client_for(make_user("owner", "Zed", "zed@taa.example"), "taa.localhost")

    assert stranger.get(f"{HOME}{statement.public_id}/").status_code == 404


def test_a_huge_upload_is_refused(accountant, world):
    content = io.BytesIO(b"a,b\n" * 2_700_000).getvalue()

    page = upload(accountant, content)

    assert page.status_code == 422
    assert "10 MB" in page.content.decode()
