"""Did it run? The page, its limits, and what every page says when nothing runs."""

import datetime as dt
import gzip

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from messaging.models import Message
from payments.models import Correction, Payment
from plugins.models import Exchange
from tenants import pulse, runs
from tenants.models import JobRecord
from tests.watch.conftest import ago
from vending.models import TokenOrder
from watch import services
from watch.kinds import KINDS
from watch.models import Limit

ADDRESS = "/settings/running/"


def page(client, address=ADDRESS):
    response = client.get(address)
    assert response.status_code == 200
    return response


def rows(response):
    return {line.waiting.kind.name: line for line in response.context["running"].work}


def plugins(response):
    return {line.connection.plugin: line for line in response.context["running"].plugins}


def job(response, name):
    return next(line for line in response.context["running"].jobs if line.job.name == name)


# --- the page ---------------------------------------------------------------------------------------------


def test_a_good_day_is_one_quiet_sentence(owner, world, pay, all_ran):
    pay("5000")

    response = page(owner)

    assert "Everything ran." in response.content.decode()
    assert response.context["running"].is_well


def test_a_new_company_is_told_what_will_stand_there(owner, jua):
    text = page(owner).content.decode()

    assert "Not run yet" in text
    assert "Nothing is connected yet" in text
    assert "None yet. An alert opens by itself" in text


def test_every_job_that_is_named_stands_there_with_its_last_run(owner, all_ran):
    JobRecord.objects.filter(job="seals").update(duration_ms=61_000)

    response = page(owner)
    text = response.content.decode()

    for label in ("Sweeper", "Access fees", "Sealing the books", "Checking the books", "Tidying"):
        assert label in text
    assert "1\u00a0min" in text
    assert {str(line.badge.label) for line in response.context["running"].jobs} == {"Ran"}


@pytest.mark.parametrize(
    ("fields", "badge", "words"),
    [
        ({"failures": 1, "error": "FeesIncomplete"}, "Failed", "It comes again for them."),
        ({"failures": 2, "error": "ZeroDivisionError"}, "Failed", "(ZeroDivisionError)"),
        (
            {"started_at": {"minutes": 10}, "ended_at": {"minutes": 11}},
            "Started, never ended",
            "",
        ),
        ({"started_at": {"minutes": 2}, "ended_at": {"minutes": 3}}, "Running", ""),
        ({"started_at": {"hours": 28}, "ended_at": {"hours": 28}}, "Late", ""),
    ],
)
def test_a_run_that_did_not_end_well_says_how(owner, all_ran, fields, badge, words):
    times = {name: ago(**each) if isinstance(each, dict) else each for name, each in fields.items()}
    JobRecord.objects.filter(job="access_fees").update(**times)

    response = page(owner)

    assert str(job(response, "access_fees").badge.label) == badge
    assert words in response.content.decode()


def test_failures_are_kept_as_evidence_on_the_page_of_the_job(owner, jua, all_ran):
    for _ in range(2):
        with pytest.raises(ValueError), runs.noted("seals", jua.pk):
            raise ValueError("+255754123456")

    text = page(owner, "/settings/running/jobs/seals/").content.decode()

    assert text.count("The program failed (ValueError). The log says where.") == 3
    assert "255754" not in text
    assert owner.get("/settings/running/jobs/nothing/").status_code == 404


def test_work_is_shown_with_its_age_against_its_limit(owner, airtel, all_ran):
    airtel(amount="5000", reference="OLD")
    airtel(amount="6000", reference="NEW")
    Payment.objects.filter(reference="OLD").update(booked_at=ago(minutes=25))

    line = rows(page(owner))["payment"]

    assert (line.waiting.count, str(line.badge.label)) == (2, "Too long")
    assert line.waiting.limit == dt.timedelta(minutes=10)
    assert line.waiting.since < ago(minutes=24)
    assert owner.get(line.url).status_code == 200


def test_a_payment_that_was_tried_and_stays_is_one_for_the_inbox(owner, airtel, all_ran):
    airtel(amount="5000")
    Payment.objects.update(booked_at=ago(minutes=25), attempts=3)

    found = rows(page(owner))

    assert (found["payment"].waiting.count, found["payment_stuck"].waiting.count) == (0, 1)
    assert "/inbox/" in found["payment_stuck"].url


def test_refunds_wait_for_a_person_or_for_their_payout(owner, amina, pay, all_ran):
    payment = pay("5000")
    facts = {
        "kind": "refund",
        "pot": "suspense",
        "payment": payment,
        "amount": 100,
        "reason": "x",
        "needs_approval": False,
        "asked_by": amina,
    }
    for state, available_at, hours in [
        ("asked", None, 9),
        ("approved", None, 1),
        ("in_doubt", None, 1),
        ("approved", ago(minutes=1), 2),
        ("requested", None, 1),
        ("paid", None, 1),
    ]:
        Correction.objects.create(
            **facts, state=state, available_at=available_at, asked_at=ago(hours=hours)
        )

    found = rows(page(owner))

    assert (found["refund"].waiting.count, found["payout"].waiting.count) == (3, 2)
    assert {str(found[name].badge.label) for name in ("refund", "payout")} == {"Too long"}


def test_what_waits_within_its_time_is_no_trouble(owner, airtel, all_ran):
    airtel(amount="5000")

    response = page(owner)

    assert str(rows(response)["payment"].badge.label) == "In time"
    assert response.context["running"].is_well


def test_every_kind_of_work_that_waits_leads_somewhere(owner, world, pay, airtel, all_ran):
    pay("5000")
    airtel(amount="700")
    order, message = TokenOrder.objects.get(), Message.objects.get()
    for state, fields in [
        ("due", {}),
        ("due", {"paused_reason": "x"}),
        ("in_doubt", {}),
        ("refused", {}),
    ]:
        order.pk, order.public_id, order.token = None, None, ""
        order.public_id = TokenOrder._meta.get_field("public_id").default()
        order.state, order.paused_reason = state, fields.get("paused_reason", "")
        order.save()
    for state, paused in [("queued", ""), ("queued", "x"), ("failed", "")]:
        message.pk, message.public_id = None, Message._meta.get_field("public_id").default()
        message.state, message.paused_reason = state, paused
        message.save()

    found = rows(page(owner))

    waiting = {name for name, line in found.items() if line.waiting.count}
    assert waiting >= {
        "payment",
        "order",
        "order_paused",
        "order_in_doubt",
        "order_refused",
        "message",
        "message_paused",
        "message_failed",
    }
    for name in waiting:
        assert found[name].url
        assert owner.get(found[name].url).status_code == 200


def test_a_plug_in_shows_its_last_good_call_error_rate_and_waiting_orders(owner, world, all_ran):
    def call(minutes, **fields):
        row = Exchange.objects.create(
            connection=world.maker, direction="out", operation="x", method="GET", url="x", **fields
        )
        Exchange.objects.filter(pk=row.pk).update(at=ago(minutes=minutes))

    call(30, status=200)
    call(20, status=500)
    call(10, status=None, error="Unavailable: no answer")
    call(23 * 60, status=403)
    call(25 * 60, status=403)
    TokenOrder.objects.create(
        device=world.meter,
        source="payment",
        source_id=1,
        quantity=1,
        unit="kwh",
        created_at=timezone.now(),
    )

    response = page(owner)
    line = plugins(response)["demo_meter"]

    assert (line.hour.bad, line.hour.count, line.hour.percent) == (2, 3, 67)
    assert (line.day.bad, line.day.count) == (3, 4)
    assert dt.timedelta(minutes=29) < timezone.now() - line.good_at < dt.timedelta(minutes=31)
    assert line.waiting == 1
    assert "2 of 3" in response.content.decode()


def test_a_plug_in_that_makes_no_calls_worked_when_it_last_did_its_work(owner, pay, all_ran):
    pay("5000")

    found = plugins(page(owner))

    assert found["demo_meter"].good_at == TokenOrder.objects.get().closed_at
    assert found["airtel"].good_at is not None
    assert found["airtel"].hour.bad == 0


def test_calls_of_an_operator_that_we_turn_away_are_its_failures(owner, airtel, all_ran):
    airtel(amount="5000", password="wrong")

    assert plugins(page(owner))["airtel"].hour.bad == 1


def test_alerts_stand_on_the_page_open_ones_first(owner, airtel, all_ran, rung, jua):
    airtel(amount="5000")
    Payment.objects.update(booked_at=ago(minutes=25))
    services.look(jua)

    text = page(owner).content.decode()

    assert "One thing needs a look:" in text
    assert text.count("One payment is not settled.") == 2
    assert "not mailed" in text
    assert "E-mails go to: Amina Said." in text.replace(" \n", " ")


def test_the_page_asks_the_same_however_much_there_is(
    owner, world, pay, all_ran, django_assert_max_num_queries
):
    pay("5000")
    page(owner)
    with django_assert_max_num_queries(40) as few:
        page(owner)
    count = len(few)
    for _ in range(3):
        pay("5000")
        Message.objects.update(state="failed")
        TokenOrder.objects.update(state="in_doubt")
    with django_assert_max_num_queries(count):
        page(owner)


def test_the_page_is_small(owner, world, pay, all_ran):
    pay("5000")

    assert len(gzip.compress(page(owner).content)) < 10_000


def test_another_companys_runs_and_work_do_not_show(owner, taa, world, all_ran):
    with pytest.raises(ValueError), runs.noted("seals", taa.pk):
        raise ValueError

    response = page(owner)

    assert str(job(response, "seals").badge.label) == "Ran"
    assert "ValueError" not in page(owner, "/settings/running/jobs/seals/").content.decode()


# --- who may ----------------------------------------------------------------------------------------------


def test_the_office_looks_and_only_admins_change(accountant, clerk, owner, world):
    assert accountant.get(ADDRESS).status_code == 200
    assert clerk.get(ADDRESS).status_code == 403
    assert accountant.get(f"{ADDRESS}limits/").status_code == 403
    assert "/settings/running/limits/" not in accountant.get(ADDRESS).content.decode()
    assert owner.get(f"{ADDRESS}limits/").status_code == 200


def test_home_leads_to_it(owner, clerk, world):
    assert ADDRESS in owner.get("/").content.decode()
    assert ADDRESS not in clerk.get("/").content.decode()


# --- the limits -------------------------------------------------------------------------------------------


def asked(**changes):
    return {**{name: kind.minutes for name, kind in KINDS.items()}, **changes}


def test_limits_are_changed_noted_and_shown(owner, world):
    response = owner.post(f"{ADDRESS}limits/", asked(payment=0, order=45))

    assert response.status_code == 302
    assert dict(Limit.objects.values_list("kind", "minutes")) == {"payment": 0, "order": 45}
    entry = AuditEntry.objects.get(action="limits.changed")
    before = {"payment_before": 10, "order_before": 15}
    assert entry.facts == {"payment": 0, "order": 45, **before}
    text = page(owner).content.decode()
    assert "may wait 45" in text
    assert "nobody is told" in text
    assert 'name="order" value="45"' in page(owner, f"{ADDRESS}limits/").content.decode()


def test_what_did_not_change_is_not_noted(owner, world):
    owner.post(f"{ADDRESS}limits/", asked())

    assert not Limit.objects.exists()
    assert not AuditEntry.objects.filter(action="limits.changed").exists()


@pytest.mark.parametrize("minutes", ["-1", "", "soon", "43201"])
def test_a_limit_that_makes_no_sense_is_refused(owner, world, minutes):
    response = owner.post(f"{ADDRESS}limits/", asked(payment=minutes))

    assert response.status_code == 422
    assert "Error:" in response.content.decode()
    assert not Limit.objects.exists()


# --- silence ----------------------------------------------------------------------------------------------

NOTICE = "the workers are not running. Payments are kept and will be settled."


def silent_since(moment):
    pulse.remember(pulse.Pulse(moment, is_silent=True), seconds=600)


def test_every_page_of_the_office_says_when_nothing_is_taken_up(owner, accountant, clerk, world):
    silent_since(timezone.now().replace(hour=1, minute=2))

    for client in (owner, accountant):
        for address in ("/", "/payments/", "/inbox/", ADDRESS):
            text = client.get(address).content.decode()
            assert NOTICE in text
            assert "Nothing has been taken up since today 04:02:" in text
    assert NOTICE not in clerk.get("/").content.decode()


def test_nothing_is_said_while_the_sweeper_comes(owner, world):
    assert NOTICE not in owner.get("/").content.decode()


def test_a_company_that_was_made_just_now_waits_for_its_first_sweep(owner, jua, world):
    silent_since(None)
    jua.created_at = timezone.now()
    jua.save()
    assert NOTICE not in owner.get("/").content.decode()

    jua.created_at = ago(minutes=3)
    jua.save()
    from tenants.selectors import forget_hosts

    forget_hosts()
    assert "Nothing has been taken up yet:" in owner.get("/").content.decode()


def test_silence_costs_a_page_one_question_in_five_seconds(owner, jua, world):
    pulse.forget()
    owner.get("/payments/")
    found = []

    def note(execute, sql, params, many, context):
        found.append(sql)
        return execute(sql, params, many, context)

    from django.db import connection

    with connection.execute_wrapper(note):
        owner.get("/payments/")
    assert not [sql for sql in found if "jobrecord" in str(sql)]
