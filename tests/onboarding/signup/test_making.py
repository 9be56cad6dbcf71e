"""From the confirmed sign-up to an owner who logs in: whole or nothing, whoever dies on the way."""

import datetime as dt
import multiprocessing
import os
import signal

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from django_tenants.utils import schema_context, schema_exists

from accounts.models import AuditEntry, Protection, User
from common import crash
from onboarding import tasks
from onboarding.signup import making
from plugins.badges import NOT_SET_UP, connection_badge
from plugins.models import Connection
from tenants import publicwork
from tenants import tasks as tenant_tasks
from tenants.models import Company, Domain, KnownEmail, SignUp
from tenants.services import Stage
from tests.onboarding.signup.conftest import PASSWORD, mailed_link
from tests.onboarding.signup.test_steps import text_of

pytestmark = pytest.mark.usefixtures("zed")
State = SignUp.State


@pytest.fixture
def confirmed(visitor, zed):
    """A sign-up whose e-mail is confirmed; nobody has begun."""
    row = visitor.ask()
    visitor.client.post(mailed_link(row))
    mail.outbox.clear()
    row.refresh_from_db()
    assert row.state == State.CONFIRMED
    return row


def make(row):
    tasks.make_company(sign_up_id=row.pk)
    row.refresh_from_db()
    return row


def is_nothing_there():
    return not (
        schema_exists("zed")
        or Company.objects.filter(schema_name="zed").exists()
        or Domain.objects.filter(domain="zed.localhost").exists()
        or KnownEmail.objects.exists()
    )


def due_now(row):
    past = timezone.now() - dt.timedelta(seconds=1)
    SignUp.objects.filter(pk=row.pk).update(due_at=past, leased_until=None)


def test_the_first_user_logs_in_at_the_company_s_address(visitor, confirmed):
    waiting = text_of(visitor.get("progress", confirmed.public_id))
    row = make(confirmed)
    ready = text_of(visitor.get("progress", row.public_id))
    host = Client(headers={"host": "zed.localhost"})
    entered = host.post("/account/login/", {"login": "zuhura@zed.example", "password": PASSWORD})

    assert "Waiting for a worker" in waiting
    assert (row.state, row.stage, row.company.slug) == (State.MADE, Stage.LIVE, "zed")
    assert "zed.localhost" in ready
    assert (entered.status_code, entered.headers["Location"]) == (302, "/")
    assert host.get("/").status_code == 200
    asked = host.get("/settings/plug-ins/")
    assert (asked.status_code, asked.headers["Location"][:19]) == (302, "/account/protected/")


def test_everything_that_was_said_is_there(confirmed):
    hashed = confirmed.protected_password
    make(confirmed)

    company = Company.objects.get(schema_name="zed")
    said = (company.country, company.currency, company.timezone, company.language)
    assert said == ("TZ", "TZS", "Africa/Dar_es_Salaam", "sw")
    assert company.usage_types == ["mini_grid", "shs"]
    assert (company.phone, company.email) == ("+255754123456", "office@zed.example")
    with schema_context("zed"):
        owner = User.objects.get()
        assert (owner.name, owner.role, owner.is_active) == ("Zuhura Ali", "owner", True)
        assert EmailAddress.objects.get(user=owner).verified
        assert Protection.objects.get().password == hashed
        chosen = Connection.objects.exclude(plugin="console_sms").order_by("plugin")
        assert [c.plugin for c in chosen] == ["airtel", "calin_meter", "sunking"]
        assert all(connection_badge(c) == NOT_SET_UP and not c.is_on for c in chosen)
        assert AuditEntry.objects.get(action="company.created").facts["by"] == "sign-up"


def test_the_welcome_names_the_address_and_passwords_are_forgotten_here(confirmed):
    row = make(confirmed)

    tasks.mail_sign_up(sign_up_id=row.pk)
    tasks.mail_sign_up(sign_up_id=row.pk)

    row.refresh_from_db()
    (sent,) = mail.outbox
    assert sent.to == ["zuhura@zed.example"]
    assert "zed.localhost" in sent.body
    assert (row.owner_password, row.protected_password, row.due_at) == ("", "", None)


def test_a_failure_in_the_middle_leaves_nothing_and_is_tried_again(confirmed, monkeypatch):
    def fail(**_facts):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(making, "choose_plugin", fail)
        row = make(confirmed)
        assert is_nothing_there()
        assert (row.state, row.tries) == (State.CONFIRMED, 1)
        assert row.due_at > timezone.now()
    due_now(row)

    assert make(row).state == State.MADE


def test_after_many_failures_it_says_so_and_can_be_asked_for_again(visitor, confirmed, monkeypatch):
    def fail(**_facts):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(making, "add_company", fail)
        for _ in range(publicwork.MOST_TRIES):
            due_now(confirmed)
            row = make(confirmed)
    page = text_of(visitor.get("progress", row.public_id))
    nothing = is_nothing_there()
    visitor.post("progress", {}, row.public_id)

    assert "The company was not made" in page
    assert "Nothing was left behind" in page
    assert nothing
    row.refresh_from_db()
    assert (row.state, row.tries) == (State.CONFIRMED, 0)
    assert make(row).state == State.MADE


def die_at(point, sign_up_id):
    """What a worker does that is killed there."""
    connections.close_all()
    crash.point = lambda name: name == point and os.kill(os.getpid(), signal.SIGKILL)
    connection.set_schema_to_public()
    making.make(sign_up_id=sign_up_id)


def killed_at(point, row):
    worker = multiprocessing.get_context("fork").Process(target=die_at, args=(point, row.pk))
    connection.close()
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL, point


@pytest.mark.parametrize("point", ["signup.taken", "company.tables_made", "company.furnished"])
def test_a_killed_worker_s_company_is_made_by_the_next_one(confirmed, monkeypatch, point):
    killed_at(point, confirmed)
    rung = []
    monkeypatch.setattr(making, "ring", lambda task, **ids: rung.append((task, ids)))
    host = Client(headers={"host": "zed.localhost"})

    assert host.get("/account/login/").status_code == 404
    assert make(confirmed).state == State.CONFIRMED  # the lease of the dead
    past = timezone.now() - dt.timedelta(seconds=1)
    SignUp.objects.update(leased_until=past, rung_at=past - dt.timedelta(seconds=20))
    tenant_tasks.sweep()
    assert rung == [(tasks.make_company, {"sign_up_id": confirmed.pk})]
    assert make(confirmed).state == State.MADE
    assert host.get("/account/login/").status_code == 200


def test_one_that_was_killed_every_time_leaves_nothing(confirmed):
    killed_at("company.tables_made", confirmed)
    assert schema_exists("zed")
    SignUp.objects.update(tries=publicwork.MOST_TRIES)
    due_now(confirmed)

    row = make(confirmed)

    assert (row.state, row.failure) == (State.FAILED, "error")
    assert is_nothing_there()


def test_once_it_is_live_a_second_worker_makes_it_no_more(confirmed):
    row = make(confirmed)
    company = row.company_id

    assert making.make(sign_up_id=row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.company_id) == (State.MADE, company)


def test_a_name_that_the_command_took_meanwhile_asks_for_another(visitor, confirmed):
    taken = Company.objects.create(
        schema_name="zed", name="Other", country="TZ", currency="TZS", timezone="UTC"
    )

    row = make(confirmed)

    assert (row.state, row.failure) == (State.FAILED, "taken")
    assert Company.objects.get(schema_name="zed") == taken
    assert "Somebody was quicker" in text_of(visitor.get("progress", row.public_id))


def test_while_another_worker_is_at_it_nothing_is_lost(confirmed):
    with connections["default"].copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('company:zed', 0))")
        row = make(confirmed)
        other.execute("SELECT pg_advisory_unlock(hashtextextended('company:zed', 0))")

    assert (row.state, row.tries, row.leased_until) == (State.CONFIRMED, 0, None)
    due_now(row)
    assert make(row).state == State.MADE


def test_the_page_asks_again_by_itself_and_has_a_link_for_others(visitor, confirmed):
    page = text_of(visitor.get("progress", confirmed.public_id))
    part = visitor.get("progress", confirmed.public_id, headers={"HX-Request": "true"})

    assert 'hx-trigger="load delay:2s"' in page
    assert "Look again" in page
    assert "<html" not in part.content.decode()
    SignUp.objects.update(due_at=timezone.now() - dt.timedelta(minutes=2))
    assert "perhaps no worker is running" in text_of(visitor.get("progress", confirmed.public_id))
