"""How long a log-in lasts, where one is logged in, and what of it stands in the audit log."""

import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import noting
from accounts.models import AuditEntry, OpenSession
from tests.conftest import PASSWORD, client_for

HOUR = 3600


@pytest.fixture
def at(monkeypatch):
    """Move the clock that sessions are measured by."""
    now = time.time()
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_a_log_in_ends_after_hours_without_a_click(clerk, at):
    assert clerk.get("/").status_code == 200
    at(11 * HOUR)
    assert clerk.get("/").status_code == 200
    at(22 * HOUR)  # eleven hours after the last click
    assert clerk.get("/").status_code == 200
    at(34 * HOUR + 60)
    assert clerk.get("/").status_code == 302


def test_a_log_in_ends_after_fourteen_days_however_often_one_clicks(clerk, at):
    for step in range(0, 14 * 24, 8):
        at(step * HOUR)
        assert clerk.get("/").status_code == 200
    at(14 * 24 * HOUR + 60)
    assert clerk.get("/").status_code == 302


def test_the_hours_are_a_setting(clerk, at, settings):
    settings.SESSION_IDLE_SECONDS = HOUR
    clerk.get("/")
    at(HOUR + 1)
    assert clerk.get("/").status_code == 302


def test_one_sees_where_one_is_logged_in_and_ends_it_elsewhere(kato, clerk):
    elsewhere = client_for(kato)
    OpenSession.objects.exclude(session_key=clerk.session.session_key).update(
        browser="Mozilla/5.0 (Linux; Android 13) Chrome/120 Mobile Safari/537", remote_ip="10.0.0.9"
    )
    text = clerk.get(reverse("accounts:session-list")).content.decode()
    for said in ("This browser", "Chrome · Android", "10.0.0.9", "12 hours without a click"):
        assert said in text

    clerk.post(reverse("accounts:session-end"))

    assert elsewhere.get("/").status_code == 302
    assert clerk.get("/").status_code == 200
    page = clerk.get(reverse("accounts:session-list"))
    assert [browser.is_this for browser in page.context["browsers"]] == [True]
    assert AuditEntry.objects.get(action="user.logged_out_elsewhere").facts == {"sessions": 1}


def test_nobody_sees_or_ends_the_sessions_of_another(kato, clerk, accountant):
    clerk.post(reverse("accounts:session-end"))
    assert accountant.get("/").status_code == 200
    page = clerk.get(reverse("accounts:session-list"))
    assert {browser.row.user_id for browser in page.context["browsers"]} == {kato.pk}


def test_another_password_ends_sessions_elsewhere(kato, clerk):
    elsewhere = client_for(kato)
    new = "quite-another-password-9"
    clerk.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert elsewhere.get("/").status_code == 302
    assert clerk.get("/").status_code == 200
    assert AuditEntry.objects.filter(action="user.password_changed", actor=kato).count() == 1


def test_a_page_notes_nothing_within_a_minute(clerk):
    clerk.get(reverse("accounts:profile"))
    with CaptureQueriesContext(connection) as caught:
        clerk.get(reverse("accounts:profile"))
    said = " ".join(query["sql"] for query in caught)
    assert "accounts_opensession" not in said
    assert "UPDATE" not in said


# --- the audit log --------------------------------------------------------------------------------


@pytest.fixture
def fresh_limits(jua):
    cache.clear()
    yield
    cache.clear()


def log_in(client, password=PASSWORD, email="kato@jua.example", ip="10.0.0.7"):
    login = {"login": email, "password": password}
    return client.post(reverse("account_login"), login, REMOTE_ADDR=ip)


def test_log_ins_failed_ones_and_lock_outs_are_written_down(fresh_limits, stranger, kato):
    log_in(stranger)
    client = client_for(None)
    for number in range(8):
        log_in(client, f"a-wrong-password-{number}", ip=f"10.0.1.{number}")
    entries = AuditEntry.objects.filter(action__startswith="login.").order_by("pk")
    actions = [entry.action for entry in entries]
    assert actions[0] == "login.done"
    assert entries[0].actor == kato
    assert entries[0].remote_ip == "10.0.0.7"
    assert set(actions[1:-1]) == {"login.failed"}
    assert actions[-1] == "login.locked"
    assert actions.count("login.locked") == 1
    assert all(entry.target == str(kato.public_id) for entry in entries)
    assert "a-wrong-password" not in str(list(entries.values()))


def test_an_e_mail_that_nobody_has_is_not_written_down(fresh_limits, stranger):
    """People type their password there."""
    log_in(stranger, email="my-password@typed.example")
    assert not AuditEntry.objects.filter(action__startswith="login.").exists()


def test_failed_log_ins_fill_no_log(fresh_limits, kato, monkeypatch):
    monkeypatch.setattr(noting, "MOST_FAILED_PER_HOUR", 3)
    for _ in range(5):
        noting.login_failed(kato.email)
    assert AuditEntry.objects.filter(action="login.failed").count() == 3
