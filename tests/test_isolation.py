"""Two companies with the same ids, serials and references: nothing of one shows or moves in the other."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ledger.models import Posting
from messaging.models import Message
from payments import tasks
from payments.models import Payment
from tenants.scope import in_company
from tests.conftest import client_for, make_user, make_world
from tests.line import airtel_xml, work_all
from vending.models import TokenOrder


@pytest.fixture
def two_worlds(jua, taa):
    """The same world in both companies, and one payment of the same reference to each."""
    worlds = {}
    for company in (jua, taa):
        connection.set_tenant(company)
        worlds[company.slug] = make_world()
        worlds[company.slug].owner = make_user(User.Role.OWNER, "Owner", "owner@both.example")
    for slug in ("jua", "taa"):
        body = airtel_xml(reference="AT1", amount="5000" if slug == "jua" else "800")
        said = Client(headers={"host": f"{slug}.localhost"}).post(
            f"/webhooks/airtel/{worlds[slug].airtel.webhook_key}/process",
            body,
            content_type="application/xml",
        )
        assert b"<STATUS>200</STATUS>" in said.content
    for company in (jua, taa):
        connection.set_tenant(company)
        work_all()
    connection.set_tenant(jua)
    return worlds


def test_the_same_reference_is_counted_in_each_company(two_worlds, jua, taa):
    for slug, amount, kwh in (("jua", 5000, "12.5"), ("taa", 800, "2")):
        with in_company(slug):
            assert [p.amount for p in Payment.objects.all()] == [amount]
            assert [f"{o.quantity.normalize():f}" for o in TokenOrder.objects.all()] == [kwh]
            assert Message.objects.count() == 1


def test_a_task_works_in_the_company_that_it_names(two_worlds):
    with in_company("taa"):
        Payment.objects.update(reason="untouched")

    tasks.work_payment(schema="jua", payment_id=Payment.objects.get().pk)

    with in_company("taa"):
        assert Payment.objects.get().reason == "untouched"


def test_a_log_in_counts_at_its_own_company_only(two_worlds):
    client = client_for(two_worlds["jua"].owner)

    at_home = client.get("/payments/", headers={"host": "jua.localhost"})
    abroad = client.get("/payments/", headers={"host": "taa.localhost"})

    assert at_home.status_code == 200
    assert abroad.status_code == 302


def test_a_page_of_one_company_does_not_exist_at_the_other(two_worlds, taa):
    address = f"/payments/{Payment.objects.get().public_id}/"
    connection.set_tenant(taa)
    stranger = client_for(two_worlds["taa"].owner, "taa.localhost")

    page = stranger.get(address)
    listed = stranger.get("/payments/").content.decode()

    assert page.status_code == 404
    assert "5,000" not in listed
    assert "800" in listed


BOOKS = ("trial-balance", "day", "journal", "token-list")


def test_the_books_of_one_company_hold_nothing_of_the_other(two_worlds, taa):
    posting = Posting.objects.first().public_id
    connection.set_tenant(taa)
    theirs = client_for(two_worlds["taa"].owner, "taa.localhost")
    account = ["operator_clearing"]
    pages = [reverse(f"reports:{name}") for name in BOOKS] + [
        reverse("reports:account", args=account),
        reverse("reports:account-balances", args=account),
    ]

    texts = [theirs.get(page).content.decode() for page in pages]
    files = [
        b"".join(theirs.get(page).streaming_content).decode()
        for page in (reverse("reports:journal-export"), reverse("reports:trial-balance-export"))
    ]

    assert all("800" in text for text in texts + files)
    assert not any("5,000" in text or "5000" in text for text in texts + files)
    assert theirs.get(reverse("reports:posting", args=[posting])).status_code == 404


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "JUA.localhost.evil.example", "taa.localhost:80@jua"]
)
def test_a_host_of_nobody_leads_nowhere(two_worlds, host):
    assert Client(headers={"host": host}).get("/payments/").status_code in {400, 404}


def test_host_names_are_compared_in_lower_case(two_worlds):
    assert Client(headers={"host": "JUA.LOCALHOST:8000"}).get("/payments/").status_code == 302
