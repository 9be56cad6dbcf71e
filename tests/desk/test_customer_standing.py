"""Archiving, bringing back, and merging on the pages."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from customers.models import Customer
from devices.fees import accrue
from devices.models import AccessFee, TariffVersion
from messaging.models import IncomingMessage
from payments import services as payment_services
from payments.models import Payment
from tests.desk.test_customers import add_customer


def url(view, *customers):
    return reverse(f"desk:{view}", args=[each.public_id for each in customers])


def said(**changes):
    return {"reason": "Moved away", "key": str(uuid.uuid4()), **changes}


def text_of(response):
    return response.content.decode().replace("&#x27;", "'")


def test_archiving_says_what_it_does_before_it_is_done(accountant, world, pay):
    pay("4999")
    AccessFee.objects.create(device=world.meter, due_date=dt.date(2026, 11, 1), amount=Decimal(900))

    text = text_of(accountant.get(url("customer-archive", world.neema)))

    assert "Meter 47000100011" in text
    assert "TZS\u00a039 stays and can be refunded" in text
    assert "TZS\u00a0900 stays owed" in text
    world.neema.refresh_from_db()
    assert not world.neema.is_archived


def test_a_customer_is_archived_and_brought_back_with_reasons(accountant, world, airtel):
    accountant.post(url("customer-archive", world.neema), said())
    world.neema.refresh_from_db()
    assert world.neema.is_archived
    assert airtel(amount="5000").status != "200"
    again = accountant.post(url("customer-archive", world.neema), said())
    assert again.status_code == 422

    accountant.post(url("customer-restore", world.neema), said(reason="Came back"))

    world.neema.refresh_from_db()
    assert not world.neema.is_archived
    assert airtel(amount="5000").status == "200"
    entry = AuditEntry.objects.get(action="customer.restored")
    assert entry.facts["reason"] == "Came back"


def test_no_access_fee_falls_due_for_the_time_in_the_archive(accountant, world, jua, asha):
    TariffVersion.objects.update(access_fee=Decimal(1000), access_fee_days=10)
    now = timezone.now()
    world.meter.assigned_at = now - dt.timedelta(days=45)
    world.meter.save()
    Customer.objects.update(archived_at=now - dt.timedelta(days=25))

    payment_services.restore_customer(
        company=jua, customer_id=world.neema.pk, reason="x", actor=asha, now=now
    )
    accrue(jua, now.date() + dt.timedelta(days=9))
    assert AccessFee.objects.count() == 2  # of the 20 days before the archive

    accrue(jua, now.date() + dt.timedelta(days=11))
    assert AccessFee.objects.count() == 3


def test_a_customer_who_is_not_archived_is_not_brought_back(accountant, world):
    response = accountant.post(url("customer-restore", world.neema), said())
    assert response.status_code == 422
    assert "is not archived" in text_of(response)


@pytest.mark.parametrize("view", ["customer-archive", "customer-restore", "customer-merge"])
def test_a_clerk_does_none_of_it(clerk, world, view):
    assert clerk.get(url(view, world.neema)).status_code == 403


@pytest.fixture
def twin(world):
    return add_customer(world, 1, first_name="Nema", last_name="Bahatti")


def test_the_other_record_is_offered_by_name_or_found(accountant, world, twin):
    add_customer(world, 2)
    text = text_of(accountant.get(url("customer-merge", world.neema)))
    assert "Keep Nema Bahatti" in text
    assert "Asha2" not in text
    assert "Keep Asha2" in text_of(
        accountant.get(url("customer-merge", world.neema), {"q": "asha2"})
    )


def test_a_merge_is_looked_at_then_done_once(accountant, world, twin, pay):
    pay("5000")
    page = url("customer-merge-into", world.neema, twin)
    text = text_of(accountant.get(page))
    assert "Meter 47000100011" in text
    assert "There is no way back" in text
    assert Customer.objects.filter(merged_into=None).count() == 2

    sent = said(reason="One person")
    for _ in range(2):
        assert accountant.post(page, sent).status_code == 302

    assert Payment.objects.get().customer == twin
    assert AuditEntry.objects.filter(action="customer.merged").count() == 2


def test_whoever_opens_the_merged_record_is_led_to_the_one_that_stays(accountant, world, twin):
    accountant.post(url("customer-merge-into", world.neema, twin), said())
    IncomingMessage.objects.create(
        connection=world.console, gateway_id="1", phone=world.neema.phone, text="Habari",
        trust="signed",
    )  # fmt: skip

    response = accountant.get(url("customer", world.neema), follow=True)

    text = text_of(response)
    assert response.redirect_chain == [(url("customer", twin), 302)]
    assert "was merged into this record" in text
    assert "Habari" in text
    about = reverse("customers:customer-about", args=[twin.public_id])
    assert "was merged into it on" in text_of(accountant.get(about))
    assert text_of(accountant.get(url("customer-history", twin))).count("merged two records") == 1
    restored = accountant.post(url("customer-restore", world.neema), said())
    assert "merged into another record" in text_of(restored)


def test_a_merge_that_cannot_be_says_why(accountant, world, twin):
    Customer.objects.filter(pk=twin.pk).update(archived_at=timezone.now())
    text = text_of(accountant.get(url("customer-merge-into", world.neema, twin)))
    assert "is archived. Bring the record back first" in text
