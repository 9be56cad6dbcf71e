"""From something that waits too long to an e-mail, and back."""

import datetime as dt
import smtplib

import pytest
from django.core import mail as outgoing
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.services import change_profile
from desk import inbox
from ledger import chain
from payments.models import Payment
from plugins.models import Exchange
from tenants import sweeping
from tenants.models import DueWork, JobRecord
from tenants.scope import in_company
from tests.conftest import make_user
from tests.watch.conftest import ago
from watch import mailing, services, sweeps, tasks
from watch.kinds import WORK
from watch.models import Alert, Limit
from watch.words import sentence

pytestmark = pytest.mark.usefixtures("rung", "all_ran")


@pytest.fixture
def late_payment(airtel, amina):
    """A payment that was booked 25 minutes ago and that no worker settled."""
    airtel(amount="5000")
    Payment.objects.update(booked_at=ago(minutes=25))
    return Payment.objects.get()


def settle(payment):
    Payment.objects.filter(pk=payment.pk).update(
        state=Payment.State.RETURNED, seen_at=ago(minutes=0)
    )


def look_and_mail(company):
    services.look(company)
    return mailing.mail(company)


def later(**length):
    """Let time pass for the alerts: everything that was noted about them moves back."""
    back = dt.timedelta(**length)
    for alert in Alert.objects.all():
        for name in ("opened_at", "closed_at", "mailed_at", "told_at", "leased_until"):
            if moment := getattr(alert, name):
                setattr(alert, name, moment - back)
        alert.save()


# --- opening and closing --------------------------------------------------------------------------------


def test_what_waits_too_long_is_mailed_once_to_owners_and_admins(jua, late_payment, asha, rung):
    make_user(User.Role.ADMIN, "Admin Zuhura", "admin@jua.example")

    sent = [look_and_mail(jua), look_and_mail(jua)]

    assert sent == [2, 0]
    assert [m.to for m in outgoing.outbox] == [["amina@jua.example"], ["admin@jua.example"]]
    text = outgoing.outbox[0].body
    assert outgoing.outbox[0].subject == "Jua Power: one thing waits too long"
    assert "One payment is not settled. Since today" in text
    assert "for 25" in text
    assert "http://jua.localhost:8000/settings/running/" in text
    assert rung == [("watch.tasks.mail", {"schema": "jua"})]


def test_a_mail_holds_no_phone_and_no_name_of_a_customer(jua, late_payment):
    look_and_mail(jua)

    message = outgoing.outbox[0]
    for secret in ("754123456", "Neema", "47000100011", "airtel-pw"):
        assert secret not in message.body + message.subject
    assert message.content_subtype == "plain"


def test_nothing_is_said_within_the_time_that_a_thing_may_take(jua, airtel, amina):
    airtel(amount="5000")
    Payment.objects.update(booked_at=ago(minutes=9))

    assert look_and_mail(jua) == 0
    assert not Alert.objects.exists()


def test_an_open_alert_is_mailed_again_once_a_day(jua, late_payment):
    look_and_mail(jua)
    later(hours=23)
    assert look_and_mail(jua) == 0

    later(hours=2)

    assert [look_and_mail(jua), look_and_mail(jua)] == [1, 0]
    assert "Still waiting at Jua Power:" in outgoing.outbox[-1].body


def test_the_end_is_mailed_once_after_a_while_without_trouble(jua, late_payment):
    look_and_mail(jua)
    later(minutes=30)
    settle(late_payment)

    assert look_and_mail(jua) == 0
    later(minutes=11)

    assert [look_and_mail(jua), look_and_mail(jua)] == [1, 0]
    assert outgoing.outbox[-1].subject == "Jua Power: it is over"
    assert "Over since" in outgoing.outbox[-1].body
    assert Alert.objects.get().closed_at is not None


def test_trouble_that_comes_and_goes_is_one_alert_and_no_storm(jua, late_payment):
    for _ in range(4):
        look_and_mail(jua)
        later(minutes=5)
        settle(late_payment)
        look_and_mail(jua)
        later(minutes=5)
        Payment.objects.update(state=Payment.State.RECEIVED)

    assert len(outgoing.outbox) == 1
    assert Alert.objects.count() == 1


def test_what_was_over_before_anybody_was_told_is_never_mailed(jua, late_payment):
    services.look(jua)
    settle(late_payment)
    services.look(jua)
    later(minutes=30)

    assert look_and_mail(jua) == 0


def test_several_things_go_in_one_mail(jua, late_payment, world):
    world.maker.paused_reason = "The key is wrong."
    world.maker.checked_at = ago(minutes=20)
    world.maker.save()

    look_and_mail(jua)

    assert len(outgoing.outbox) == 1
    assert outgoing.outbox[0].subject == "Jua Power: 2 things wait too long"
    assert "fails or is paused." in outgoing.outbox[0].body


def test_what_opens_soon_after_a_mail_waits_for_the_next(jua, late_payment, world):
    look_and_mail(jua)
    world.maker.paused_reason, world.maker.checked_at = "The key is wrong.", ago(minutes=20)
    world.maker.save()

    assert look_and_mail(jua) == 0
    later(minutes=16)
    assert look_and_mail(jua) == 1
    assert "One payment" not in outgoing.outbox[-1].body


def test_each_reads_in_their_own_language(jua, late_payment, amina, monkeypatch):
    seen = []

    def render(name, context):
        from django.utils import translation

        seen.append(translation.get_language())
        return "x"

    make_user(User.Role.ADMIN, "Admin", "admin@jua.example")
    User.objects.filter(pk=amina.pk).update(language="fr")
    monkeypatch.setattr(mailing, "render_to_string", render)

    look_and_mail(jua)

    assert seen == ["fr", "fr", "en", "en"]


# --- who is told, and who is not --------------------------------------------------------------------------


def test_who_does_not_want_to_is_not_written_to(jua, late_payment, amina):
    change_profile(user_id=amina.pk, name="Amina", language="", wants_alerts=False, actor=amina)

    assert look_and_mail(jua) == 0
    assert Alert.objects.get().mailed_at is None

    change_profile(user_id=amina.pk, name="Amina", language="", wants_alerts=True, actor=amina)
    assert look_and_mail(jua) == 1


def test_the_choice_is_made_under_ones_account(owner, clerk, amina, kato):
    assert "wants_alerts" in owner.get("/account/").content.decode()
    owner.post("/account/", {"name": "Amina", "language": ""})
    amina.refresh_from_db()
    assert not amina.wants_alerts

    assert "wants_alerts" not in clerk.get("/account/").content.decode()
    clerk.post("/account/", {"name": "Juma", "language": "", "wants_alerts": ""})
    kato.refresh_from_db()
    assert kato.wants_alerts


def test_a_limit_of_zero_has_nobody_told(jua, late_payment):
    Limit.objects.create(kind="payment", minutes=0)

    assert look_and_mail(jua) == 0
    assert not Alert.objects.exists()


def test_a_company_sets_its_own_limits(jua, late_payment):
    Limit.objects.create(kind="payment", minutes=30)
    assert look_and_mail(jua) == 0

    Limit.objects.update(minutes=20)
    assert look_and_mail(jua) == 1


def test_a_limit_that_is_switched_off_closes_what_is_open(jua, late_payment):
    look_and_mail(jua)
    Limit.objects.create(kind="payment", minutes=0)

    services.look(jua)

    assert Alert.objects.get().closed_at is not None


def test_another_companys_trouble_is_not_ours(jua, taa, late_payment):
    look_and_mail(jua)

    with in_company("taa") as company:
        services.look(company)
        assert not Alert.objects.filter(kind="payment").exists()
    assert Alert.objects.filter(kind="payment").count() == 1


# --- a mail server in trouble -----------------------------------------------------------------------------


class Broken:
    """A mail server that does not answer."""

    def __init__(self, *_, **__):
        """Accept whatever settings there are."""

    def open(self):
        raise ConnectionRefusedError

    def close(self):
        raise smtplib.SMTPServerDisconnected


def test_a_mail_server_that_is_away_breaks_nothing_and_is_tried_again(
    jua, late_payment, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(mailing, "get_connection", Broken)
        assert look_and_mail(jua) == 0
    assert Alert.objects.get().mailed_at is None
    assert mailing.mail(jua) == 0  # not at once

    later(minutes=6)

    assert look_and_mail(jua) == 1


def test_an_address_that_is_refused_keeps_nobody_waiting(jua, late_payment, amina, monkeypatch):
    make_user(User.Role.ADMIN, "Admin", "admin@jua.example")
    write = mailing.write

    def refuse_amina(company, news, person, server=None):
        if person == amina:
            raise smtplib.SMTPRecipientsRefused({})
        return write(company, news, person, server)

    monkeypatch.setattr(mailing, "write", refuse_amina)

    assert look_and_mail(jua) == 1
    assert [m.to for m in outgoing.outbox] == [["admin@jua.example"]]
    assert Alert.objects.get().mailed_at is not None


def test_what_comes_back_while_its_end_is_mailed_is_mailed_as_new(jua, late_payment, monkeypatch):
    look_and_mail(jua)
    later(minutes=30)
    settle(late_payment)
    services.look(jua)
    later(minutes=11)
    send = mailing._send

    def send_while_it_comes_back(*words):
        Payment.objects.update(state=Payment.State.RECEIVED)
        Alert.objects.update(closed_at=None)
        return send(*words)

    monkeypatch.setattr(mailing, "_send", send_while_it_comes_back)
    mailing.mail(jua)

    alert = Alert.objects.get()
    assert (alert.closed_at, alert.mailed_at, alert.told_at) == (None, None, None)


# --- what else is watched ---------------------------------------------------------------------------------


def kinds():
    return sorted(Alert.objects.filter(closed_at=None).values_list("kind", "subject"))


def test_a_plug_in_whose_every_call_fails_is_an_alert(jua, world, amina):
    def call(status, minutes):
        row = Exchange.objects.create(
            connection=world.maker,
            direction="out",
            operation="x",
            method="GET",
            url="x",
            status=status,
        )
        Exchange.objects.filter(pk=row.pk).update(at=ago(minutes=minutes))

    call(200, 90)
    call(500, 50)
    call(None, 40)
    services.look(jua)
    assert kinds() == []  # two are not yet often

    Exchange.objects.filter(status=None).update(error="Unavailable: no answer")
    call(404, 1)
    services.look(jua)
    assert kinds() == [("plugin", "demo_meter")]

    call(200, 0)
    services.look(jua)
    assert kinds() == []


def test_jobs_that_are_late_fail_often_or_were_killed_are_alerts(jua):
    JobRecord.objects.filter(job="tidy_company").update(
        started_at=ago(hours=28), ended_at=ago(hours=28)
    )
    JobRecord.objects.filter(job="seals").update(
        failures=3, error="ValueError", good_at=ago(hours=1)
    )
    JobRecord.objects.filter(job="access_fees").update(
        started_at=ago(minutes=40), ended_at=ago(hours=24), good_at=ago(hours=24)
    )
    JobRecord.objects.filter(job="tidy").update(
        failures=2, error="ValueError", good_at=ago(hours=1)
    )

    services.look(jua)

    assert kinds() == [("job", "access_fees"), ("job", "seals"), ("job", "tidy_company")]


def test_a_job_that_never_ran_is_missed_after_its_time(jua):
    JobRecord.objects.filter(job="check_books_of_company").delete()
    services.look(jua)
    assert kinds() == []

    JobRecord.objects.filter(job="check_books_of_company").update(created_at=ago(hours=28))
    services.look(jua)

    assert kinds() == [("job", "check_books_of_company")]


def test_work_that_nobody_takes_up_makes_its_job_late(jua):
    DueWork.objects.filter(company=jua).delete()
    DueWork.objects.create(company=jua, kind="line", due_at=ago(minutes=31))

    services.look(jua)

    assert kinds() == [("job", "line")]


def test_books_that_do_not_add_up_are_an_alert_and_good_ones_close_it(jua, pay, amina):
    payment = pay("5000")
    Payment.objects.filter(pk=payment.pk).update(
        state=Payment.State.RECEIVED
    )  # behind the books' back
    with pytest.raises(services.BooksDoNotHold):
        tasks.check_books_of_company(schema="jua")
    JobRecord.objects.filter(job="check_books_of_company").update(good_at=ago(minutes=2))

    services.look(jua)
    assert ("books", "") in kinds()
    assert ("job", "check_books_of_company") not in kinds()

    Payment.objects.filter(pk=payment.pk).update(state=Payment.State.SETTLED)
    tasks.check_books_of_company(schema="jua")
    services.look(jua)
    assert kinds() == []


def test_books_that_were_changed_behind_their_seal_do_not_hold(jua, pay):
    pay("5000")
    chain.seal_books()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_posting SET memo = 'another'")
        cursor.execute("ALTER TABLE ledger_posting ENABLE TRIGGER USER")

    with pytest.raises(services.BooksDoNotHold):
        tasks.check_books_of_company(schema="jua")


def test_every_company_is_asked_to_check_its_books(jua, taa, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda task, **kwargs: rung.append(kwargs))
    connection.set_schema_to_public()

    tasks.check_books()

    assert rung == [{"schema": "jua"}, {"schema": "taa"}]


# --- when somebody looks ----------------------------------------------------------------------------------


def test_a_quiet_company_is_looked_at_every_ten_minutes_one_in_trouble_every_minute(
    jua, late_payment
):
    settle(late_payment)
    quiet = sweeps.next_look(jua) - timezone.now()
    Payment.objects.update(state=Payment.State.RECEIVED)
    services.look(jua)
    busy = sweeps.next_look(jua) - timezone.now()

    assert dt.timedelta(minutes=9) < quiet <= dt.timedelta(minutes=10)
    assert dt.timedelta(0) < busy <= dt.timedelta(minutes=1)


def test_open_work_brings_the_next_look_forward_and_not_back(jua):
    DueWork.objects.filter(company=jua).delete()
    row = DueWork.objects.create(company=jua, kind="watch", due_at=ago(minutes=-10))

    sweeping.run(schema="jua", kind="line")
    row.refresh_from_db()
    first = row.due_at
    sweeping.run(schema="jua", kind="line")
    row.refresh_from_db()

    assert dt.timedelta(seconds=50) < first - timezone.now() <= dt.timedelta(seconds=60)
    assert row.due_at == first


def test_the_sweeper_looks_and_comes_again(jua, late_payment):
    DueWork.objects.filter(company=jua).delete()
    row = DueWork.objects.create(company=jua, kind="watch", due_at=ago(minutes=1))

    sweeping.run(schema="jua", kind="watch")

    row.refresh_from_db()
    assert row.due_at > timezone.now()
    assert Alert.objects.get().kind == "payment"


def test_old_alerts_are_forgotten_and_open_ones_kept(jua, late_payment):
    services.look(jua)
    later(days=100)
    assert sweeps.forget_alerts(jua) == 0

    Alert.objects.update(closed_at=ago(days=91))
    assert sweeps.forget_alerts(jua) == 1


def test_whatever_stands_in_the_inbox_has_a_limit():
    """Connections are looked after as plug-ins, operators' results from the first attempt on."""
    watched = {rows for kind in WORK for rows, _since in kind.sources}
    elsewhere = {
        inbox.connections_in_trouble,
        inbox.connections_turned_away,
        inbox.results_unconfirmed,
        inbox.orders_paused_alone,
    }

    assert set(inbox.ROWS) - watched == elsewhere


def test_every_kind_has_words_for_one_and_for_many():
    for kind in WORK:
        assert sentence(kind.name, "", 1).startswith("One ")
        assert sentence(kind.name, "", 3).startswith("3 ")
