"""Every address of one company, asked by the other company's owner at the other company's host."""

from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, User
from customers.models import ConnectionType
from customers.records import Address, Consent, Document, DocumentFile, Question
from devices.models import Device, Tariff, TariffMove, TariffVersion
from ledger.models import Posting
from locations.models import Cluster, MiniGrid, Village
from messaging.models import Message
from payments.models import Conflict, Correction, Payment, Statement, StatementLine
from plugins.models import Connection
from tests.conftest import client_for, make_user, make_world
from tests.line import airtel_xml, work_all
from tests.test_every_url import GUARDED
from vending.models import TokenOrder

MARK = "Canary"
FOREIGN_AMOUNT = "77,700"


def company_of(slug: str, name: str, amount: str) -> SimpleNamespace:
    """Return the small world of the open company with one of each thing that has an address of its own."""
    world = make_world()
    world.owner = make_user(User.Role.OWNER, f"{name} Owner", "owner@both.example")
    world.meter.serial = f"{name}-470001"
    world.meter.save()
    world.neema.first_name = name
    world.neema.save()
    Village.objects.update(name=f"{name} village")
    MiniGrid.objects.update(name=f"{name} mini-grid")
    Cluster.objects.update(name=f"{name} cluster")
    door = f"/webhooks/airtel/{world.airtel.webhook_key}/process"
    client = Client(headers={"host": f"{slug}.localhost"})
    for sum_ in (amount, "1"):  # the second is a conflict
        body = airtel_xml(reference=f"{name}AT1", amount=sum_, account=world.meter.serial)
        assert client.post(door, body, content_type="application/xml").status_code == 200
    work_all()
    payment = Payment.objects.get()
    Correction.objects.create(
        kind="refund",
        pot="device",
        payment=payment,
        device=payment.device,
        customer=payment.customer,
        connection=world.airtel,
        amount=Decimal(10),
        reason=name,
        needs_approval=True,
        asked_by=world.owner,
        asked_at=timezone.now(),
        pay_by="hand",
    )
    Tariff.objects.update(name=f"{name} tariff")
    ConnectionType.objects.create(name=f"{name} type")
    TariffMove.objects.create(before=world.tariff, after=world.tariff, device_ids=[])
    statement = Statement.objects.create(
        connection=world.airtel,
        name=f"{name}.csv",
        digest=name,
        size_bytes=1,
        state=Statement.State.COMPARED,
        uploaded_at=timezone.now(),
        uploaded_by=name,
    )
    Invitation.objects.create(
        email=f"{name}@invited.example",
        role=User.Role.USER,
        digest=name,
        invited_by=world.owner,
        expires_at=timezone.now(),
    )
    StatementLine.objects.create(
        statement=statement, number=1, reference=name, amount=Decimal(amount), verdict="operator"
    )
    Address.objects.create(customer=world.neema, village=world.village, street=name)
    document = Document.objects.create(
        customer=world.neema,
        name=f"{name}.pdf",
        kind=name,
        type="pdf",
        size_bytes=1,
        digest=name,
        uploaded_at=timezone.now(),
        uploaded_by=name,
    )
    DocumentFile.objects.create(document=document, content="")
    Consent.objects.create(
        customer=world.neema,
        purpose="offers",
        given_date=timezone.now().date(),
        how="paper",
        note=name,
        recorded_at=timezone.now(),
        recorded_by=name,
    )
    Question.objects.create(text=name, position=1)
    return world


@pytest.fixture
def foreign(jua, taa) -> SimpleNamespace:
    """What stands in jua; the open schema is taa, which has rows of the same numbers."""
    at_home = company_of("jua", MARK, "77700")
    found = SimpleNamespace(
        payment=Payment.objects.get(),
        order=TokenOrder.objects.get(),
        conflict=Conflict.objects.get(),
        device=Device.objects.get(),
        message=Message.objects.get(),
        posting=Posting.objects.first(),
        correction=Correction.objects.get(),
        statement=Statement.objects.get(),
        line=StatementLine.objects.get(),
        tariff=Tariff.objects.get(),
        version=TariffVersion.objects.get(),
        move=TariffMove.objects.get(),
        connection_type=ConnectionType.objects.get(),
        address=Address.objects.get(),
        document=Document.objects.get(),
        consent=Consent.objects.get(),
        question=Question.objects.get(),
        token=TokenOrder.objects.get().token,
        user=at_home.owner,
        invitation=Invitation.objects.get(),
        keys={row.plugin: row.webhook_key for row in Connection.objects.all()},
    )
    found.customer = found.device.customer
    found.village = found.customer.village
    found.mini = found.village.mini_grid
    found.cluster = found.mini.cluster
    found.home = client_for(at_home.owner)
    connection.set_tenant(taa)
    found.own = company_of("taa", "Own", "5000")
    found.browser = client_for(found.own.owner, "taa.localhost")
    connection.set_tenant(taa)
    return found


def named_in(name: str, foreign: SimpleNamespace) -> dict[str, object]:
    """Return the row of the other company that an address called this is about, by its own names."""
    room, _, view = name.partition(":")
    thing = "message" if room == "messaging" else view.partition("-")[0]
    row = getattr(foreign, {"conflict": "payment", "result": "payment"}.get(thing, thing), None)
    if view == "tariff-moved":
        row = foreign.move
    numbered = {
        "conflict": foreign.conflict,
        "statement": foreign.line,
        "connection": foreign.connection_type,
    }.get(thing, foreign.payment)
    return {
        "public_id": getattr(row, "public_id", None),
        "into": foreign.customer.public_id,
        "pk": numbered.pk,
        "kind": "types" if thing == "connection" else "payment",
        "version": foreign.version.pk,
        "slug": "airtel",
        "plugin": "airtel",
        "token": "x",
        "name": "line" if room == "watch" else "suspense",
    }


def said(response) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode("utf-8", "replace")


def assert_nothing_foreign(response, foreign: SimpleNamespace) -> None:
    text = said(response) + str(response.headers)
    # The address that was asked for may stand on the page, as the way back from an error.
    for secret in (MARK, FOREIGN_AMOUNT, foreign.token, foreign.keys["airtel"]):
        assert secret not in text


def addresses(foreign: SimpleNamespace) -> Iterator[tuple[str, bool]]:
    """Yield every address that asks for a log-in, with the other company's names; whether it has any."""
    for name, pattern in GUARDED:
        wanted = pattern.pattern.converters
        kwargs = {key: value for key, value in named_in(name, foreign).items() if key in wanted}
        assert set(kwargs) == set(wanted), f"{name} takes something new: name it in named_in"
        assert None not in kwargs.values(), f"{name} is about something new: put it into foreign"
        yield reverse(name, urlconf="mpm.urls", kwargs=kwargs), "public_id" in wanted


def test_at_home_these_addresses_show_what_nobody_else_may_see(foreign, jua):
    connection.set_tenant(jua)
    pages = [foreign.home.get(address) for address, is_foreign in addresses(foreign) if is_foreign]
    texts = [said(page) for page in pages if page.status_code == 200]

    assert sum(MARK in text for text in texts) > 5
    assert any(FOREIGN_AMOUNT in text for text in texts)


def test_no_address_leads_to_the_other_company(foreign):
    for address, is_foreign in addresses(foreign):
        for ask in (foreign.browser.get, foreign.browser.post):
            response = ask(address)
            assert_nothing_foreign(response, foreign)
            if is_foreign:
                assert response.status_code in {404, 405}, address


def test_a_log_in_of_one_company_opens_nothing_at_the_other(foreign):
    for address, _is_foreign in addresses(foreign):
        response = foreign.browser.get(address, headers={"host": "jua.localhost"})
        assert response.status_code in {302, 405}, address
        assert_nothing_foreign(response, foreign)


def test_the_key_of_one_company_opens_no_machine_door_of_the_other(foreign):
    body = airtel_xml(reference="STOLEN", account=foreign.own.meter.serial)

    response = Client(headers={"host": "taa.localhost"}).post(
        f"/webhooks/airtel/{foreign.keys['airtel']}/process", body, content_type="application/xml"
    )

    assert response.status_code == 404
    assert not Payment.objects.filter(reference="STOLEN").exists()


def test_searching_for_what_the_other_company_has_finds_nothing(foreign):
    for path in ("/search/", "/payments/", "/customers/", "/devices/", "/messages/"):
        for text in (f"{MARK}AT1", foreign.token, f"{MARK}-470001"):
            response = foreign.browser.get(path, {"q": text})
            assert response.status_code == 200
            assert FOREIGN_AMOUNT not in said(response)
            assert f"{MARK} Bahati" not in said(response)
