"""Registering customers on the web, changing what is known of them, and giving them devices."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from customers.models import ConnectionSubType, ConnectionType, Customer
from devices.models import Device
from tests.desk.test_customers import LONG, add_customer

NEW = "/customers/new/"


def said(world, **changes):
    facts = {
        "first_name": "Baraka",
        "last_name": "Manyama",
        "phone": "0754 710 366",
        "village": str(world.village.public_id),
        "key": str(uuid.uuid4()),
    }
    return {**facts, **changes}


def stock(world, serial="47000100099", **fields):
    given = {"kind": "meter", "manufacturer": "demo_meter", "tariff": world.tariff}
    return Device.objects.create(serial=serial, village=world.village, **{**given, **fields})


def test_somebody_is_registered_without_a_device(clerk, world, kato):
    response = clerk.post(NEW, said(world, street="  By the  jetty ", gender="male"))

    customer = Customer.objects.get(first_name="Baraka")
    assert response.headers["Location"] == f"/customers/{customer.public_id}/"
    assert customer.phone == "+255754710366"
    assert (customer.street, customer.gender) == ("By the jetty", "male")
    assert AuditEntry.objects.get(action="customer.registered").actor == kato


def test_a_device_from_stock_is_given_out_with_it(accountant, world):
    device = stock(world)
    accountant.post(NEW, said(world, serial="47000 100099"))
    device.refresh_from_db()
    assert device.customer == Customer.objects.get(first_name="Baraka")
    assert device.assigned_at is not None


def test_a_new_device_is_registered_with_it(accountant, world):
    accountant.post(
        NEW,
        said(
            world,
            serial="55500000001",
            make="demo_meter:meter",
            tariff=str(world.tariff.public_id),
        ),
    )
    device = Device.objects.get(serial="55500000001")
    assert (device.customer.first_name, device.tariff) == ("Baraka", world.tariff)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"serial": "999"}, "no device with the number 999"),
        ({"serial": "47000100011"}, "belongs to Neema Bahati already"),
        ({"serial": "999", "make": "demo_meter:meter"}, "needs a tariff"),
        ({"serial": "", "make": "demo_meter:meter"}, "Type the number of the device"),
        ({"phone": "12"}, "is not a phone number"),
        ({"first_name": " ", "last_name": ""}, "first name or a last name"),
        ({"village": str(uuid.uuid4())}, "Select a valid choice"),
        ({"birth_date": "2999-01-01"}, "Nobody alive was born"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(accountant, world, changes, why):
    before = Device.objects.count()

    response = accountant.post(NEW, said(world, **changes))

    assert response.status_code == 422
    assert why in response.content.decode().replace("&#x27;", "'")
    assert Customer.objects.count() == 1
    assert Device.objects.count() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": "+255754123456"},
        {"first_name": "Bahati", "last_name": "Nema"},
        {"first_name": "NEEMA", "last_name": "BAHATTI"},
    ],
)
def test_whoever_may_be_the_same_is_shown_before_anything_is_saved(clerk, world, changes):
    first = clerk.post(NEW, said(world, **changes))

    text = first.content.decode()
    assert first.status_code == 200
    assert "It is the same person: open Neema Bahati" in text
    assert f"/customers/{world.neema.public_id}/" in text
    assert Customer.objects.count() == 1

    seen = first.context["seen"]
    clerk.post(NEW, said(world, **changes, seen=seen))

    assert Customer.objects.count() == 2


def test_somebody_who_turned_up_meanwhile_is_shown_too(clerk, world):
    first = clerk.post(NEW, said(world, phone="+255754123456"))
    add_customer(world, 1, phone="+255754123456")

    second = clerk.post(NEW, said(world, phone="+255754123456", seen=first.context["seen"]))

    assert "open Asha1 Juma" in second.content.decode()
    assert Customer.objects.filter(first_name="Baraka").count() == 0


def test_the_very_same_name_and_phone_is_never_saved_twice(clerk, world):
    same = {"first_name": "Neema", "last_name": "Bahati", "phone": "+255754123456"}
    seen = clerk.post(NEW, said(world, **same)).context["seen"]
    response = clerk.post(NEW, said(world, **same, seen=seen))
    assert response.status_code == 422
    assert Customer.objects.count() == 1


def test_a_form_sent_twice_registers_once(clerk, world):
    sent = said(world)
    clerk.post(NEW, sent)
    seen = clerk.post(NEW, sent).context["seen"]
    clerk.post(NEW, {**sent, "first_name": "Other", "seen": seen})
    assert Customer.objects.filter(phone="+255754710366").count() == 1


def test_similar_names_elsewhere_are_no_duplicates(clerk, world):
    clerk.post(NEW, said(world, first_name="Neema", last_name="Juma"))
    assert Customer.objects.count() == 2


def test_a_long_name_and_a_prefilled_number_stand_in_the_form(accountant, world):
    text = accountant.get(NEW, {"first_name": LONG, "serial": "4711"}).content.decode()
    assert f'value="{LONG}"' in text
    assert 'value="4711"' in text


def test_a_clerk_registers_people_but_gives_out_no_device(clerk, world):
    device = stock(world)
    clerk.post(NEW, said(world, serial=device.serial))
    device.refresh_from_db()
    assert Customer.objects.filter(first_name="Baraka").exists()
    assert device.customer is None
    url = reverse("desk:customer-device", args=[world.neema.public_id])
    assert clerk.get(url).status_code == 403


# --- changing ---


def edit(client, world, **changes):
    url = reverse("desk:customer-edit", args=[world.neema.public_id])
    form = client.get(url).context["form"]
    sent = {}
    for name in form.fields:
        value = form[name].value()
        sent[name] = sent[f"initial-{name}"] = "" if value is None else str(value)
    sent.pop("initial-reason", None)
    return client.post(url, {**sent, **changes})


def test_what_was_changed_is_written_with_what_was_before(clerk, world, kato):
    school = ConnectionType.objects.create(name="School")

    response = edit(clerk, world, last_name="Mwinyi", connection_type=str(school.pk))

    assert response.status_code == 302, response.context["form"].errors
    world.neema.refresh_from_db()
    assert (world.neema.last_name, world.neema.connection_type) == ("Mwinyi", school)
    entry = AuditEntry.objects.get(action="customer.changed")
    assert entry.actor == kato
    assert entry.facts == {
        "last_name": "Mwinyi",
        "last_name_before": "Bahati",
        "connection_type": "School",
        "connection_type_before": "",
    }


def test_two_people_who_change_different_things_both_get_theirs(clerk, world):
    url = reverse("desk:customer-edit", args=[world.neema.public_id])
    shown = {
        "first_name": "Neema", "initial-first_name": "Neema",
        "last_name": "Bahati", "initial-last_name": "Bahati",
        "village": world.village.public_id, "initial-village": world.village.public_id,
    }  # fmt: skip
    assert clerk.post(url, {**shown, "first_name": "Nema"}).status_code == 302
    assert clerk.post(url, {**shown, "last_name": "Bahatti"}).status_code == 302
    world.neema.refresh_from_db()
    assert world.neema.name == "Nema Bahatti"


def test_another_phone_needs_its_reason(accountant, world):
    response = edit(accountant, world, phone="0754 999 999")
    assert response.status_code == 422
    world.neema.refresh_from_db()
    assert world.neema.phone == "+255754123456"

    edit(accountant, world, phone="0754 999 999", reason="Lost the SIM")

    world.neema.refresh_from_db()
    assert world.neema.phone == "+255754999999"
    assert AuditEntry.objects.get(action="customer.phone_changed").facts["reason"] == "Lost the SIM"


def test_a_clerk_cannot_change_where_the_sms_go(clerk, world):
    edit(clerk, world, phone="0754 999 999", reason="mine")
    world.neema.refresh_from_db()
    assert world.neema.phone == "+255754123456"


def test_a_sub_type_of_another_type_is_refused(clerk, world):
    shop, school = (ConnectionType.objects.create(name=name) for name in ("Shop", "School"))
    small = ConnectionSubType.objects.create(connection_type=shop, name="Small")
    response = edit(clerk, world, connection_type=str(school.pk), connection_sub_type=str(small.pk))
    assert response.status_code == 422
    world.neema.refresh_from_db()
    assert world.neema.connection_type is None


# --- one more device ---


def test_a_customer_gets_one_more_device_where_it_stands(accountant, world):
    device = stock(world)
    url = reverse("desk:customer-device", args=[world.neema.public_id])
    sent = {"serial": "47000100099", "village": str(world.village.public_id), "key": uuid.uuid4()}

    assert accountant.get(url).context["in_stock"] == 1
    assert accountant.post(url, sent).status_code == 302
    assert accountant.post(url, sent).status_code == 302

    device.refresh_from_db()
    assert device.customer == world.neema


def test_an_archived_customer_gets_no_device(accountant, world):
    stock(world)
    Customer.objects.update(archived_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    url = reverse("desk:customer-device", args=[world.neema.public_id])
    sent = {"serial": "47000100099", "village": str(world.village.public_id), "key": uuid.uuid4()}
    response = accountant.post(url, sent)
    assert response.status_code == 422
    assert "is archived" in response.content.decode()
