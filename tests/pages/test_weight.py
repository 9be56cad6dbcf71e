"""What a page weighs on the way to a phone on a slow link, when its lists are full."""

import gzip

import pytest
from django.urls import reverse

from payments.models import Payment
from tests.test_every_url import GUARDED

MOST_BYTES = 14 * 1024
LISTS = sorted(name for name, pattern in GUARDED if not pattern.pattern.converters)


def weight(response):
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return len(gzip.compress(body))


def is_page(response):
    return response.headers.get("Content-Type", "").startswith("text/html")


def test_no_page_without_a_subject_is_heavy(owner, busy):
    heavy, seen = {}, 0
    for name in LISTS:
        response = owner.get(reverse(name))
        if not is_page(response) or response.status_code != 200:
            continue
        seen += 1
        if weight(response) > MOST_BYTES:
            heavy[name] = weight(response)

    assert heavy == {}
    assert seen > 10


@pytest.mark.parametrize("subject", ["payment", "customer", "device"])
def test_no_page_about_one_thing_is_heavy(owner, busy, subject):
    about = {
        "payment": Payment.objects.get(reference="BUSY0000"),
        "customer": busy.customers[0],
        "device": busy.devices[0],
    }[subject]

    response = owner.get(reverse(f"desk:{subject}", args=[about.public_id]))

    assert response.status_code == 200
    assert weight(response) <= MOST_BYTES


LEAN_BYTES = 10 * 1024


@pytest.mark.parametrize(
    "name",
    [
        "desk:customer",
        "desk:customer-edit",
        "desk:customer-statement",
        "desk:customer-history",
        "customers:customer-about",
    ],
)
def test_the_pages_of_a_customer_are_lean(owner, busy, name):
    response = owner.get(reverse(name, args=[busy.customers[0].public_id]))

    assert response.status_code == 200
    assert weight(response) <= LEAN_BYTES
