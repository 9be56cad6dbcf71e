"""A plug-in that was chosen and has no settings yet: it is off, says so, and asks for them."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from plugins.badges import NOT_SET_UP, connection_badge
from plugins.models import Connection
from plugins.services import NotSetUp, ask_check, choose_plugin, connect_plugin, switch_connection

SETTINGS = {"user_id": "jua", "api_key": "secret-key"}


@pytest.fixture
def chosen(jua):
    return choose_plugin(slug="calin_meter", actor=None)


def test_it_stands_as_not_set_up_and_is_off(chosen, owner):
    page = owner.get(reverse("plugins:connection-list")).content.decode()
    own = owner.get(reverse("plugins:connection", args=["calin_meter"])).content.decode()

    assert connection_badge(chosen) == NOT_SET_UP
    assert not chosen.is_on
    assert "Not set up" in page
    assert "Not set up" in own
    assert "Switch on" not in own


def test_its_settings_set_it_up_and_switch_it_on(chosen):
    connect_plugin(slug="calin_meter", data=SETTINGS, actor=None)

    chosen.refresh_from_db()
    assert (chosen.is_set_up, chosen.is_on) == (True, True)


def test_it_is_neither_switched_on_nor_checked_before(chosen, owner):
    for ask in (lambda: switch_connection(connection_id=chosen.pk, is_on=True, actor=None),
                lambda: ask_check(connection_id=chosen.pk)):  # fmt: skip
        with pytest.raises(NotSetUp):
            ask()
    for name, data in (("connection-switch", {"is_on": "yes"}), ("connection-check", {})):
        address = reverse(f"plugins:{name}", args=["calin_meter"])
        said = owner.post(address, data, follow=True).content.decode()
        assert "has no settings yet" in said
    chosen.refresh_from_db()
    assert (chosen.is_on, chosen.check_state) == (False, "never")


def test_nor_can_anybody_write_that_into_the_database(chosen):
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.update(is_on=True)


def test_one_that_needs_nothing_works_at_once(jua):
    assert choose_plugin(slug="console_sms", actor=None).is_on


def test_choosing_what_is_connected_changes_nothing(jua):
    connected = connect_plugin(slug="calin_meter", data=SETTINGS, actor=None)

    assert choose_plugin(slug="calin_meter", actor=None) == connected
    connected.refresh_from_db()
    assert (connected.is_on, connected.is_set_up) == (True, True)
