"""rotate_keys: after it, the old key is not needed any more."""

import datetime as dt

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from onboarding import keys
from payments.models import Callback
from plugins.models import Connection
from tenants.models import Company
from tenants.scope import in_company

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)
SEED = "JBSWY3DPEHPK3PXP"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def secrets_of_two_companies(jua, taa, settings):
    """Each company holds a secret under the old key."""
    settings.FIELD_KEYS = [OLD]
    for slug in ("jua", "taa"):
        with in_company(slug):
            Connection.objects.create(plugin="airtel", kind="payment", secrets={"password": slug})


def test_the_newest_key_alone_opens_everything_afterwards(
    secrets_of_two_companies, settings, command
):
    settings.FIELD_KEYS = [NEW, OLD]

    rotated = command("rotate_keys", "--json")

    settings.FIELD_KEYS = [NEW]
    assert rotated.json["companies"] == 2
    assert rotated.json["changed"] == 4  # secrets and memory of each
    for slug in ("jua", "taa"):
        with in_company(slug):
            assert Connection.objects.get().secrets == {"password": slug}


def test_the_second_step_of_a_log_in_is_rotated_too(jua, asha, settings, command):
    settings.FIELD_KEYS = [OLD]
    TOTP.activate(asha, SEED)
    settings.FIELD_KEYS = [NEW, OLD]

    assert command("rotate_keys", "--json").json["changed"] == 1

    settings.FIELD_KEYS = [NEW]
    step = Authenticator.objects.get(user=asha)
    assert get_adapter().decrypt(step.data["secret"]) == SEED


def test_companies_that_are_switched_off_are_rotated_too(
    secrets_of_two_companies, settings, command
):
    Company.objects.filter(schema_name="taa").update(is_active=False)
    settings.FIELD_KEYS = [NEW, OLD]

    assert command("rotate_keys", "--json").json["companies"] == 2


def test_an_interrupted_run_is_started_again(
    secrets_of_two_companies, settings, command, monkeypatch
):
    settings.FIELD_KEYS = [NEW, OLD]
    honest = keys._rotate_chunk
    seen = []

    def break_off(model, field, after, rotated):
        seen.append(field)
        if len(seen) > 3:
            raise RuntimeError("killed")
        return honest(model, field, after, rotated)

    monkeypatch.setattr(keys, "_rotate_chunk", break_off)
    with pytest.raises(RuntimeError):
        command("rotate_keys")
    monkeypatch.setattr(keys, "_rotate_chunk", honest)

    again = command("rotate_keys", "--json")

    assert again.json["changed"] + again.json["current"] == 4
    assert again.json["current"] > 0
    assert command("rotate_keys", "--json").json["changed"] == 0


def test_many_rows_are_rotated_in_chunks(jua, settings, command, monkeypatch):
    settings.FIELD_KEYS = [OLD]
    airtel = Connection.objects.create(plugin="airtel", kind="payment")
    for number in range(7):
        Callback.objects.create(
            connection=airtel,
            action="process",
            content={"body": str(number)},
            remote_ip="192.0.2.1",
            received_at=NOW,
        )
    settings.FIELD_KEYS = [NEW, OLD]
    monkeypatch.setattr(keys, "CHUNK", 3)

    command("rotate_keys")

    settings.FIELD_KEYS = [NEW]
    bodies = [each.content["body"] for each in Callback.objects.order_by("pk")]
    assert bodies == ["0", "1", "2", "3", "4", "5", "6"]


def test_a_value_that_no_key_opens_is_told_and_left_alone(
    secrets_of_two_companies, settings, command
):
    settings.FIELD_KEYS = [NEW]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM jua.plugins_connection")
        before = bytes(cursor.fetchone()[0])

    told = command("rotate_keys", "--json")

    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM jua.plugins_connection")
        assert bytes(cursor.fetchone()[0]) == before
    assert "1 in jua plugins.Connection.secrets" in told.error
    assert {each["company"] for each in told.json["problems"]} == {"jua", "taa"}
    with pytest.raises(ImproperlyConfigured):
        Connection.objects.get()


def test_every_encrypted_column_is_found():
    found = {f"{model._meta.label}.{field.name}" for model, field in keys.encrypted_columns()}

    assert {
        "plugins.Connection.secrets",
        "plugins.Connection.memory",
        "payments.Callback.content",
    } <= found
