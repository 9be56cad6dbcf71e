"""One box for everything."""

import pytest
from django.urls import reverse

from customers.models import Customer
from payments.models import Payment


def search(client, text):
    return client.get(reverse("desk:search"), {"q": text})


def test_nothing_typed_says_what_can_be(clerk, world):
    response = search(clerk, "  ")
    assert response.status_code == 200
    assert "Type something" in response.content.decode()


@pytest.mark.parametrize("text", ["47000100011", "4700 0100 011"])
def test_a_device_number_opens_its_device(clerk, world, text):
    response = search(clerk, text)
    assert response.headers["Location"] == reverse("desk:device", args=[world.meter.public_id])


@pytest.mark.parametrize(
    "text", ["+255754123456", "0754 123 456", "255754123456", "(0754) 123-456"]
)
def test_a_phone_in_any_spelling_opens_its_only_customer(clerk, world, text):
    response = search(clerk, text)
    assert response.headers["Location"] == reverse("desk:customer", args=[world.neema.public_id])


def test_a_reference_opens_its_payment(clerk, pay):
    payment = pay("5000")
    response = search(clerk, payment.reference.lower())
    assert response.headers["Location"] == reverse("desk:payment", args=[payment.public_id])


def test_a_phone_of_two_customers_shows_both(clerk, world):
    Customer.objects.create(
        first_name="Juma", last_name="Bahati", phone=world.neema.phone, village=world.village
    )
    response = search(clerk, "0754123456")
    assert response.status_code == 200
    assert response.context["hits"].customer_count == 2


def test_a_name_shows_hits_of_every_kind(clerk, world, pay):
    pay("5000")
    hits = search(clerk, "neema").context["hits"]
    assert hits.customer_count == 1
    assert hits.device_count == 1
    assert hits.payment_count == 1


def test_nothing_found_is_said_with_what_was_typed(clerk, world):
    text = search(clerk, "<b>zzz").content.decode()
    assert "Nothing matches" in text
    assert "<b>zzz" not in text


@pytest.mark.parametrize("text", ["\x00", "%", "_", "'", "\\", "0" * 500, "٤٧", "a " * 200])
def test_nonsense_never_breaks_the_page(clerk, world, text):
    assert search(clerk, text).status_code in {200, 302}


def test_a_common_word_shows_ten_and_leads_to_the_rest(
    clerk, world, pay, django_assert_max_num_queries
):
    for number in range(12):
        Customer.objects.create(
            first_name="Neema", last_name=f"N{number}", phone=f"+25575599{number:04d}",
            village=world.village,
        )  # fmt: skip
    pay("5000")
    with django_assert_max_num_queries(40):
        response = search(clerk, "neema")
    assert len(response.context["hits"].customers) == 10
    assert "All 13" in response.content.decode()
    assert Payment.objects.count() == 1


def test_a_list_that_is_searched_offers_hits_of_other_kinds(world, owner, pay):
    pay("5000")

    payments = owner.get("/payments/", {"q": "bahati"}).content.decode()
    customers = owner.get("/customers/", {"q": "bahati"}).content.decode()
    nothing = owner.get("/customers/", {"q": "nobody at all"}).content.decode()
    unasked = owner.get("/customers/").content.decode()

    assert '<a href="/customers/?q=bahati">Customers: 1</a>' in payments
    assert '<a href="/devices/?q=bahati">Devices: 1</a>' in payments
    assert '<a href="/payments/?period=all&amp;q=bahati">Payments: 1</a>' in customers
    assert 'id="els"' not in nothing
    assert 'id="els"' not in unasked
