"""Find my company: the same answer for everybody, and a mail to those who log in somewhere."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import create_user
from onboarding import tasks
from onboarding.signup import finding
from tenants import directory, tidying
from tenants import tasks as tenant_tasks
from tenants.models import Enquiry, KnownEmail
from tests.conftest import PASSWORD, client_for
from tests.onboarding.signup.conftest import URLS, Visitor

FIND = reverse("find-company", urlconf=URLS)


@pytest.fixture
def halima(jua, taa):
    """Somebody who logs in at both companies."""
    for company in (jua, taa):
        connection.set_tenant(company)
        create_user(
            email="Halima@both.example", name="Halima", role=User.Role.USER, password=PASSWORD, actor=None
        )  # fmt: skip
    connection.set_schema_to_public()


def ask(email, sender="10.0.0.1"):
    return Visitor(sender).client.post(FIND, {"email": email})


def answer_all():
    for row in Enquiry.objects.all():
        tasks.answer_enquiry(enquiry_id=row.pk)


def test_the_mail_lists_the_addresses_of_both_companies(halima):
    ask("halima@BOTH.example")
    answer_all()

    (sent,) = mail.outbox
    assert sent.to == ["halima@both.example"]
    assert "Jua Power: http://jua.localhost" in sent.body
    assert "Taa Energy: http://taa.localhost" in sent.body
    assert not Enquiry.objects.exists()


def test_strangers_are_told_the_same_and_mailed_nothing(halima):
    ask("warming@up.example")
    with CaptureQueriesContext(connection) as for_known:
        known = ask("halima@both.example")
    with CaptureQueriesContext(connection) as for_unknown:
        unknown = ask("nobody@else.example")
    answer_all()

    assert len(for_known) == len(for_unknown)
    sent_to = reverse("find-company-sent", urlconf=URLS)
    assert (known.status_code, known.headers["Location"]) == (302, sent_to)
    assert unknown.headers["Location"] == known.headers["Location"]
    assert known.content == unknown.content
    assert [sent.to for sent in mail.outbox] == [["halima@both.example"]]
    assert not Enquiry.objects.exists()


def test_who_was_switched_off_or_whose_company_was_is_not_told(halima, jua, taa):
    connection.set_tenant(jua)
    User.objects.filter(email="halima@both.example").update(is_active=False)
    connection.set_schema_to_public()
    taa.is_active = False
    taa.save(update_fields=["is_active"])

    ask("halima@both.example")
    answer_all()

    assert not mail.outbox


def test_the_list_holds_digests_that_take_our_key(halima, settings):
    kept = str(list(KnownEmail.objects.values()))
    digest = directory.digest_of("halima@both.example")

    settings.SECRET_KEY = "another-key-of-another-installation"

    assert "halima" not in kept
    assert digest in kept
    assert directory.digest_of("halima@both.example") not in kept


def test_every_night_the_list_is_mended_and_forgets(halima, jua):
    connection.set_tenant(jua)
    User.objects.filter(email="halima@both.example").update(email="new@both.example")
    User.objects.create_user(email="unnoted@jua.example", name="U", role="user", password=PASSWORD)

    tidying.run(schema="jua")

    assert [c.slug for c in directory.companies_of("unnoted@jua.example")] == ["jua"]
    assert [c.slug for c in directory.companies_of("new@both.example")] == ["jua"]
    assert [c.slug for c in directory.companies_of("halima@both.example")] == ["taa"]


def test_what_is_no_e_mail_is_said_and_too_many_questions_are_refused(public):
    assert ask("halima").status_code == 422

    answers = [ask(f"who{number}@both.example").status_code for number in range(21)]

    assert answers == [302] * 20 + [429]


def test_one_e_mail_is_not_flooded_and_who_asks_is_not_told(halima):
    answers = {ask("halima@both.example", f"10.0.0.{number}").status_code for number in range(6)}

    assert answers == {302}
    assert Enquiry.objects.count() == 3


def test_a_question_that_the_broker_lost_is_rung_for_again(halima, monkeypatch):
    rung = []
    monkeypatch.setattr(finding, "ring", lambda task, **ids: rung.append(ids))
    ask("halima@both.example")
    tenant_tasks.sweep()
    assert rung == []  # it was rung for just now

    Enquiry.objects.update(rung_at=timezone.now() - dt.timedelta(seconds=20))
    tenant_tasks.sweep()
    tenant_tasks.sweep()

    assert rung == [{"enquiry_id": Enquiry.objects.get().pk}]


def test_a_mail_server_in_trouble_loses_no_question(halima, monkeypatch):
    def fail(_self):
        raise OSError("no route")

    ask("halima@both.example")
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        answer_all()
    assert Enquiry.objects.get().tries == 1
    Enquiry.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))

    answer_all()

    assert len(mail.outbox) == 1


def test_the_log_in_page_of_a_company_leads_here(jua):
    page = client_for(None).get("/account/login/").content.decode()

    assert 'href="http://localhost' in page
    assert "/find/" in page
