"""The link that confirms: once, not for long, and only for the e-mail it was sent to."""

import datetime as dt

import pytest
import time_machine
from django.core import mail

from onboarding import tasks
from onboarding.signup import confirming
from onboarding.signup.forgetting import forget
from tenants.models import Company, SignUp
from tests.onboarding.signup.conftest import PASSWORD, Visitor, at, mailed_link
from tests.onboarding.signup.test_steps import text_of

pytestmark = pytest.mark.usefixtures("public")
State = SignUp.State


def test_the_link_is_mailed_to_the_first_user_in_the_company_s_language_once(visitor):
    row = visitor.ask()

    tasks.mail_sign_up(sign_up_id=row.pk)
    tasks.mail_sign_up(sign_up_id=row.pk)

    (sent,) = mail.outbox
    row.refresh_from_db()
    assert sent.to == ["zuhura@zed.example"]
    assert "/sign-up/confirm/" in sent.body
    assert PASSWORD not in sent.body
    assert (row.state, row.due_at) == (State.ASKED, None)
    assert "zuhura@zed.example" in text_of(visitor.get("mail"))


def test_looking_at_the_link_confirms_nothing_and_the_button_does(visitor):
    row = visitor.ask()
    link = mailed_link(row)

    page = visitor.client.get(link)
    row.refresh_from_db()
    looked = row.state
    answer = visitor.client.post(link)

    row.refresh_from_db()
    assert "zed.localhost" in text_of(page)
    assert (looked, row.state) == (State.ASKED, State.CONFIRMED)
    assert answer.headers["Location"] == at("progress", row.public_id)
    assert row.due_at is not None
    assert not Company.objects.filter(schema_name="zed").exists()


def test_a_link_that_was_used_leads_to_what_became_of_it(visitor):
    row = visitor.ask()
    link = mailed_link(row)
    visitor.client.post(link)
    tries = SignUp.objects.get(pk=row.pk).changed_at

    for ask in (visitor.client.get, visitor.client.post):
        page = ask(link, follow=True)
        assert "This link was used already" in text_of(page)
    assert SignUp.objects.get(pk=row.pk).changed_at == tries


def test_after_two_days_the_link_is_too_old_and_a_new_one_can_be_asked_for(visitor):
    row = visitor.ask()
    link = mailed_link(row)

    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=2, minutes=1)):
        page = visitor.client.get(link)
        again = visitor.client.post(link)
        row.refresh_from_db()

    assert page.status_code == 410
    assert "too old" in text_of(page)
    assert "A new link is on its way" in text_of(again)
    assert row.state == State.ASKED
    assert visitor.client.get(mailed_link(row)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-3] + "x/",
        lambda link: link[:-9] + "/",
        lambda _: "/sign-up/confirm/x/",
    ],
)
def test_a_link_that_was_tampered_with_confirms_nothing(visitor, change):
    row = visitor.ask()

    answer = visitor.client.post(change(mailed_link(row)))

    row.refresh_from_db()
    assert answer.status_code == 404
    assert row.state == State.ASKED


def test_a_link_to_another_e_mail_or_before_a_change_confirms_nothing(visitor):
    row = visitor.ask()
    old = mailed_link(row)

    visitor.step("person", email="other@zed.example")
    changed = visitor.client.post(old)
    visitor.step("person")
    changed_back = visitor.client.post(old)

    row.refresh_from_db()
    assert (changed.status_code, changed_back.status_code) == (404, 409)
    assert "were changed after this mail" in text_of(changed_back)
    assert row.state == State.DRAFT


def test_another_browser_has_to_know_the_password(visitor):
    row = visitor.ask()
    link = mailed_link(row)
    other = Visitor("10.0.0.2").client

    nothing = other.post(link)
    wrong = other.post(link, {"password": "a-wrong-password"})
    row.refresh_from_db()
    refused = row.state
    right = other.post(link, {"password": PASSWORD})

    row.refresh_from_db()
    assert nothing.status_code == wrong.status_code == 422
    assert "not the password" in text_of(wrong)
    assert refused == State.ASKED
    assert (right.status_code, row.state) == (302, State.CONFIRMED)


def test_passwords_are_not_guessed_at_the_link(visitor):
    link = mailed_link(visitor.ask())
    answers = [
        Visitor(f"10.0.1.{number}").client.post(link, {"password": f"guess-number-{number}"})
        for number in range(11)
    ]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


def test_nobody_is_flooded_with_mails(visitor):
    row = visitor.ask()
    answers = [visitor.post("mail").status_code for _ in range(6)]
    elsewhere = Visitor("10.0.0.7")
    elsewhere.fill_in(slug="zed2")

    assert answers == [302] * 4 + [429] * 2
    assert elsewhere.post("summary").status_code == 429
    assert row.owner_email == "zuhura@zed.example"


def test_of_two_confirmed_for_one_short_name_the_second_chooses_another(visitor):
    first, other = visitor, Visitor("10.0.0.2")
    one, two = first.ask(), other.ask()
    links = mailed_link(one), mailed_link(two)

    first.client.post(links[0])
    page = other.client.post(links[1], follow=True)

    two.refresh_from_db()
    assert "Somebody was quicker" in text_of(page)
    assert (two.state, two.failure, two.due_at) == (State.FAILED, "taken", None)
    taken = other.post("progress", {"slug": "zed"}, two.public_id)
    assert taken.status_code == 422
    other.post("progress", {"slug": "zed3"}, two.public_id)
    two.refresh_from_db()
    assert (two.state, two.slug) == (State.CONFIRMED, "zed3")


def test_the_database_itself_lets_one_short_name_be_made_once(visitor, monkeypatch):
    one, two = visitor.ask(), Visitor("10.0.0.2").ask()
    monkeypatch.setattr(confirming, "check_slug", lambda _slug: None)  # both looked at once

    states = [confirming.confirm(sign_up_id=row.pk).state for row in (one, two)]

    assert states == [State.CONFIRMED, State.FAILED]


def test_what_is_confirmed_cannot_be_changed_any_more(visitor):
    row = visitor.ask()
    visitor.client.post(mailed_link(row))

    answers = [visitor.step("company", name="Other"), visitor.get("summary"), visitor.get("")]

    row.refresh_from_db()
    assert {answer.headers["Location"] for answer in answers} == {at("progress", row.public_id)}
    assert row.name == "Zed Power Ltd"


def test_progress_of_what_is_not_confirmed_is_nobody_s_business(visitor):
    row = visitor.ask()

    assert visitor.get("progress", row.public_id).status_code == 404


def test_a_name_that_was_taken_meanwhile_is_said_before_the_mail(visitor):
    row = visitor.fill_in()
    SignUp.objects.filter(pk=row.pk).update(slug="jua")

    answer = visitor.post("summary")

    assert answer.status_code == 422
    assert "There is a company “jua” already" in text_of(answer)
    assert not mail.outbox


def test_a_mail_server_in_trouble_is_tried_again_and_given_up_in_the_end(visitor, monkeypatch):
    row = visitor.ask()

    def fail(_self):
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    tasks.mail_sign_up(sign_up_id=row.pk)

    row.refresh_from_db()
    assert (row.tries, row.leased_until) == (1, None)
    assert row.due_at > row.changed_at
    SignUp.objects.filter(pk=row.pk).update(tries=5, due_at=row.created_at)
    tasks.mail_sign_up(sign_up_id=row.pk)
    row.refresh_from_db()
    assert row.due_at is None
    visitor.post("mail")
    row.refresh_from_db()
    assert (row.tries, row.due_at is not None) == (0, True)


def test_old_sign_ups_are_forgotten_but_none_that_is_being_made(visitor):
    idle, busy = visitor.ask(), Visitor("10.0.0.2").ask(slug="busy")
    fresh = Visitor("10.0.0.3").fill_in(slug="fresh")
    confirming.confirm(sign_up_id=busy.pk)
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=8)
    SignUp.objects.filter(pk__in=[idle.pk, busy.pk]).update(changed_at=long_ago)

    assert forget() == 1
    assert set(SignUp.objects.values_list("pk", flat=True)) == {busy.pk, fresh.pk}
