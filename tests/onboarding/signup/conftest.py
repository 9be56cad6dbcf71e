"""Somebody in front of the public pages, who signs Zed Power up."""

import re
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from onboarding import tasks
from tenants.models import SignUp
from tests.committed import public_committed  # noqa: F401

URLS = "mpm.urls_public"
PASSWORD = "sunshine-on-ukara"
COMPANY = {
    "name": "Zed Power Ltd",
    "slug": "zed",
    "usage_types": ["mini_grid", "shs"],
    "country": "TZ",
    "currency": "",
    "timezone": "",
    "language": "",
    "address": "Posta Street 4, Mwanza",
    "phone": "0754 123 456",
    "email": "office@zed.example",
}
PLUGINS = {"plugin": ["airtel", "calin_meter", "sunking"]}
PERSON = {
    "name": "Zuhura Ali",
    "email": "Zuhura@Zed.example",
    "password": PASSWORD,
    "password_again": PASSWORD,
}
PROTECTED = {"password": "lake-and-light-9", "password_again": "lake-and-light-9"}
STEPS = {"company": COMPANY, "plugins": PLUGINS, "person": PERSON, "protected": PROTECTED}


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()
    yield
    cache.clear()


def at(name, *args):
    return reverse(f"sign-up-{name}" if name else "sign-up", urlconf=URLS, args=args)


class Visitor:
    """One browser on the public host."""

    def __init__(self, sender: str = "10.0.0.1") -> None:
        self.client = Client(headers={"host": "localhost"}, REMOTE_ADDR=sender)

    def get(self, name, /, *args, **more):
        return self.client.get(at(name, *args), **more)

    def post(self, name, data=None, /, *args, **more):
        return self.client.post(at(name, *args), data or {}, **more)

    def step(self, name, /, **changes):
        return self.post(name, {**STEPS[name], **changes})

    def fill_in(self, **company):
        """Answer all four steps and return the row."""
        for name in STEPS:
            response = self.step(name, **(company if name == "company" else {}))
            assert response.status_code == 302, response.context["form"].errors
        return SignUp.objects.latest("pk")

    def ask(self, **company):
        """Answer all, and send the link; return the row."""
        row = self.fill_in(**company)
        assert self.post("summary").headers["Location"] == at("mail")
        row.refresh_from_db()
        return row


def mailed_link(row):
    """Do the worker's work, and return the path of the link that the mail brings."""
    tasks.mail_sign_up(sign_up_id=row.pk)
    (found,) = re.findall(r"http://localhost[:\d]*(/sign-up/confirm/\S+)", mail.outbox[-1].body)
    return found


@pytest.fixture
def visitor():
    return Visitor()


@pytest.fixture
def zed(public_committed):  # noqa: F811
    """The names for tests that really make the company; nothing of them stays."""
    yield SimpleNamespace(slug="zed")
    SignUp.objects.all().delete()
