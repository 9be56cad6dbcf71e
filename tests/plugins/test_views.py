"""Settings > Plug-ins, through their addresses."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from plugins import registry
from plugins.models import Connection, Exchange
from plugins.services import check_connection
from tests.conftest import client_for, make_user, make_world

AIRTEL = "/settings/plug-ins/airtel/"
HTMX = {"HX-Request": "true"}
GIVEN = {
    "check_password": "on",
    "username": "jua",
    "password": "a-new-secret",
    "country_code": "255",
}


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def cards(response):
    return {card.slug: card for section in response.context["sections"] for card in section.cards}


def test_every_plug_in_is_listed_by_what_it_is_for(world, owner):
    page = owner.get("/settings/plug-ins/")

    found = cards(page)
    assert [str(section.heading) for section in page.context["sections"]][:3] == [
        "Money in",
        "Devices",
        "SMS",
    ]
    assert {"airtel", "vodacom_tz", "vodacom_mz", "calin_meter", "sunking"} <= set(found)
    assert str(found["airtel"].badge.label) == "Working"
    assert str(found["sunking"].badge.label) == "Not in use"
    assert str(found["sunking"].link) == "Set up"
    assert found["airtel"].sentence == "No payment yet."


def test_a_card_tells_todays_figure_or_the_trouble(world, owner, airtel, pay):
    pay("5000")
    Connection.objects.filter(plugin="demo_meter").update(paused_reason="The account is empty")
    good = cards(owner.get("/settings/plug-ins/"))
    airtel(amount="5000", password="wrong-password")
    bad = cards(owner.get("/settings/plug-ins/"))

    assert good["airtel"].sentence == "1 payment today."
    assert (str(good["demo_meter"].badge.label), good["demo_meter"].sentence) == (
        "Needs attention",
        "The account is empty",
    )
    assert str(bad["airtel"].badge.label) == "Needs attention"
    assert "One report since" in bad["airtel"].sentence


def test_a_plug_in_is_found_by_name_or_description(world, owner):
    one = cards(owner.get("/settings/plug-ins/", {"q": "AIRTEL money"}))
    none = owner.get("/settings/plug-ins/", {"q": "nothing-like-it"})

    assert set(one) == {"airtel"}
    assert "Nothing matches “nothing-like-it”" in text_of(none)


def test_a_stored_secret_is_never_shown_and_kept_when_left_empty(world, owner):
    Connection.objects.filter(plugin="airtel").update(
        secret_marks={"password": {"at": "2026-11-03T08:00:00+00:00", "by": "Asha Mwinyi"}}
    )

    page = owner.get(AIRTEL)
    saved = owner.post(AIRTEL, {**GIVEN, "username": "jua2", "password": "", "check": "no"})

    text = text_of(page)
    assert "airtel-pw" not in text
    assert "Stored on 3 November 2026 by Asha Mwinyi." in text
    assert "Leave empty to keep it." in text
    assert saved.status_code == 302
    row = Connection.objects.get(plugin="airtel")
    assert row.secrets["password"] == "airtel-pw"
    assert row.settings["username"] == "jua2"


def test_saving_asks_for_a_check_unless_only_saving_was_asked(world, owner):
    owner.post(AIRTEL, {**GIVEN, "check": "no"})
    only_saved = Connection.objects.get(plugin="airtel").check_state
    owner.post(AIRTEL, GIVEN)

    row = Connection.objects.get(plugin="airtel")
    assert only_saved == "never"
    assert row.check_state == "asked"
    assert row.secrets["password"] == "a-new-secret"
    assert AuditEntry.objects.filter(action="connection.saved", target="airtel").count() == 2
    assert "a-new-secret" not in str(list(AuditEntry.objects.values()))
    assert "a-new-secret" not in text_of(owner.get(AIRTEL))


def test_what_is_wrong_comes_back_with_422_and_saves_nothing(world, owner):
    answer = owner.post(AIRTEL, {**GIVEN, "country_code": "x", "password": "typed-secret"})

    text = text_of(answer)
    assert answer.status_code == 422
    assert "<title>Error:" in text
    assert "Write one to three digits" in text
    assert "typed-secret" not in text
    row = Connection.objects.get(plugin="airtel")
    assert row.settings["country_code"] == "255"
    assert row.secrets["password"] == "airtel-pw"


def test_setting_a_plug_in_up_makes_its_addresses(world, owner):
    before = owner.get("/settings/plug-ins/africastalking/")
    owner.post(
        "/settings/plug-ins/africastalking/",
        {"username": "jua", "api_key": "at-key-0123456789", "sender_id": "JUA", "check": "no"},
    )
    after = owner.get("/settings/plug-ins/africastalking/")

    row = Connection.objects.get(plugin="africastalking")
    assert "Addresses to hand over" not in text_of(before)
    assert f"/webhooks/sms/africastalking/{row.webhook_key}/" in text_of(after)
    assert "data-copy=" in text_of(after)


def test_the_check_is_asked_for_by_the_page_until_it_is_known(world, owner):
    row = world.maker
    asked = owner.post(f"/settings/plug-ins/{row.plugin}/check/")
    waiting = owner.get(f"/settings/plug-ins/{row.plugin}/check/", headers=HTMX)
    page = owner.get(f"/settings/plug-ins/{row.plugin}/")
    check_connection(connection_id=row.pk)
    done = owner.get(f"/settings/plug-ins/{row.plugin}/check/", headers=HTMX)

    assert asked.status_code == 302
    assert "delay:2s" in text_of(waiting)
    assert "Look again" in text_of(waiting)
    assert "htmx" in text_of(page)
    assert "it works" in text_of(done)
    assert "hx-get" not in text_of(done)


def test_a_check_that_takes_too_long_stops_asking(world, owner):
    Connection.objects.filter(pk=world.maker.pk).update(
        check_state="asked", check_asked_at=timezone.now() - timezone.timedelta(minutes=5)
    )

    page = owner.get("/settings/plug-ins/demo_meter/")

    assert "The check takes long." in text_of(page)
    assert "hx-get" not in text_of(page)


def test_switching_off_asks_first_and_says_what_follows(world, owner):
    asked = owner.get(f"{AIRTEL}switch/")
    between = Connection.objects.get(plugin="airtel").is_on
    owner.post(f"{AIRTEL}switch/", {"is_on": "no"})
    off = Connection.objects.get(plugin="airtel").is_on
    page = owner.get(AIRTEL)
    owner.post(f"{AIRTEL}switch/", {"is_on": "yes"})

    assert "The operator is told “not available”" in text_of(asked)
    assert (between, off) == (True, False)
    assert "what waited for it goes on" in text_of(page)
    assert Connection.objects.get(plugin="airtel").is_on
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "connection.switched_off",
        "connection.switched_on",
    ]


def test_exchanges_are_listed_newest_first_with_their_content(world, owner):
    for status, error in ((200, ""), (500, ""), (None, "No answer for 30 s")):
        Exchange.objects.create(
            connection=world.maker, direction="out", operation="credit", method="POST",
            url="https://calin.test/tokennew", request_text='{"password": "••••"}',
            status=status, response_text="an answer", duration_ms=1200, error=error,
        )  # fmt: skip

    everything = owner.get("/settings/plug-ins/demo_meter/exchanges/")
    failed = owner.get("/settings/plug-ins/demo_meter/exchanges/", {"only": "failed"})
    page = owner.get("/settings/plug-ins/demo_meter/")

    assert [e.status for e in everything.context["page"].rows] == [None, 500, 200]
    assert [e.status for e in failed.context["page"].rows] == [None, 500]
    assert "an answer" in text_of(everything)
    assert "Last call that worked" in text_of(page)
    assert "No answer for 30 s" in text_of(page)


def test_a_company_without_exchanges_reads_how_they_come(world, owner):
    assert "No exchanges here" in text_of(owner.get("/settings/plug-ins/demo_meter/exchanges/"))


@pytest.mark.parametrize(
    "path", ["", "airtel/", "airtel/check/", "airtel/switch/", "airtel/exchanges/"]
)
def test_only_admins_come_here(world, accountant, clerk, stranger, path):
    address = f"/settings/plug-ins/{path}"

    assert accountant.get(address).status_code == clerk.get(address).status_code == 403
    assert stranger.get(address).status_code == 302


@pytest.mark.parametrize("path", ["airtel/", "airtel/check/", "airtel/switch/"])
def test_who_may_not_change_it_changes_nothing(world, accountant, path):
    answer = accountant.post(f"/settings/plug-ins/{path}", {**GIVEN, "is_on": "no"})

    assert answer.status_code == 403
    row = Connection.objects.get(plugin="airtel")
    assert (row.is_on, row.check_state, row.secrets["password"]) == (True, "never", "airtel-pw")


@pytest.mark.parametrize(
    "path", ["nobody/", "nobody/exchanges/", "nobody/switch/", "sunking/exchanges/"]
)
def test_a_plug_in_that_is_not_there_is_404(world, owner, path):
    assert owner.get(f"/settings/plug-ins/{path}").status_code == 404


def test_two_companies_never_see_each_others_settings(world, owner, taa):
    Connection.objects.filter(plugin="airtel").update(settings={"username": "ours-only"})
    key = world.airtel.webhook_key
    connection.set_tenant(taa)
    make_world()
    stranger = client_for(make_user("owner", "Baraka", "baraka@taa.example"), "taa.localhost")
    theirs = text_of(stranger.get(AIRTEL))
    connection.set_tenant(type(taa).objects.get(schema_name="jua"))

    assert "ours-only" not in theirs
    assert key not in theirs
    assert "taa.localhost" in theirs


@pytest.mark.parametrize("slug", ["vodacom_tz", "airtel", "sunking", "africastalking"])
def test_a_form_that_comes_back_shows_no_secret_again(owner, jua, slug):
    """Whatever else is wrong with the form, also with secrets of many lines."""
    secrets = registry.get(slug).settings_form.secret_names()
    assert secrets
    canary = {name: f"-----BEGIN canary {name}" for name in secrets}

    page = owner.post(f"/settings/plug-ins/{slug}/", canary)

    assert page.status_code == 422
    assert "BEGIN canary" not in page.content.decode()
