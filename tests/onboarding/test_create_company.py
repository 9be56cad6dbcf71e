"""create_company: from a command line to an owner who can log in."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django_tenants.utils import schema_context, schema_exists

from accounts.models import AuditEntry, User
from onboarding import services
from plugins.models import Connection
from tenants.models import Company

PASSWORD = "a-long-password-of-zed"


@pytest.fixture
def create(public_committed, command, monkeypatch):
    monkeypatch.setenv("ZED_PASSWORD", PASSWORD)

    def run(*more: str, **changes: str):
        facts = {
            "name": "Zed Power",
            "slug": "zed",
            "country": "TZ",
            "currency": "TZS",
            "timezone": "Africa/Dar_es_Salaam",
            "owner-email": "Zuhura@Zed.example",
            "owner-password-env": "ZED_PASSWORD",
            **changes,
        }
        return command(
            "create_company", *(f"--{name}={value}" for name, value in facts.items()), *more
        )

    return run


def test_the_owner_logs_in_on_the_company_s_host(create):
    made = create("--json")

    assert made.json["company"] == "zed"
    assert made.json["address"].startswith("http://zed.localhost")
    response = Client(headers={"host": "zed.localhost"}).post(
        reverse("account_login"), {"login": "zuhura@zed.example", "password": PASSWORD}
    )
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_a_company_starts_with_an_owner_and_the_message_page(create):
    assert create().is_good

    with schema_context("zed"):
        owner = User.objects.get()
        address = EmailAddress.objects.get()
        gateway = Connection.objects.get()
        assert (owner.email, owner.name, owner.role) == ("zuhura@zed.example", "zuhura", "owner")
        assert (address.user, address.verified, address.primary) == (owner, True, True)
        assert (gateway.plugin, gateway.kind, gateway.is_on) == ("console_sms", "sms", True)
        assert AuditEntry.objects.filter(action="company.created", actor_name="system").exists()


def test_the_password_is_nowhere_in_what_is_printed(create):
    made = create("--json")

    assert PASSWORD not in made.out + made.err


def test_the_same_short_name_twice_is_a_clear_error(create):
    create()

    again = create("--json", name="Other")

    assert again.error == "There is a company “zed” already. Take another short name."
    assert again.json == {"error": again.error}
    assert Company.objects.get(schema_name="zed").name == "Zed Power"


def test_a_weak_password_is_refused_field_by_field(create, monkeypatch):
    monkeypatch.setenv("ZED_PASSWORD", "zuhura")

    refused = create("--json", **{"owner-email": "not an address"})

    assert set(refused.json["problems"]) == {"email", "password"}
    assert not schema_exists("zed")


def test_a_password_that_is_not_in_the_environment_is_asked_for(create):
    refused = create(**{"owner-password-env": "NOT_SET"})

    assert "The environment variable NOT_SET holds no password" in refused.error


def test_a_failure_after_the_schema_was_made_leaves_nothing(create, monkeypatch):
    def fail(**_facts):
        raise RuntimeError("the gateway is gone")

    monkeypatch.setattr(services, "connect_plugin", fail)

    with pytest.raises(RuntimeError):
        create()

    assert not schema_exists("zed")
    assert not Company.objects.filter(schema_name="zed").exists()


def test_what_the_company_is_and_sells_for_is_kept(create):
    made = create(
        "--usage", "mini_grid", "shs", "--json",
        address="Posta Street 4, Mwanza", phone="0754 123 456", email="office@zed.example",
    )  # fmt: skip

    company = Company.objects.get(schema_name="zed")
    assert made.is_good
    assert company.usage_types == ["mini_grid", "shs"]
    assert (company.phone, company.email) == ("+255754123456", "office@zed.example")
    assert company.address == "Posta Street 4, Mwanza"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"phone": "12"}, "is not a phone number"),
        ({"email": "office"}, "is not an e-mail address"),
        ({"usage": "boats"}, "is not a usage type"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_and_nothing_is_made(create, facts, said):
    refused = create(**facts)

    assert said in refused.error
    assert not schema_exists("zed")
