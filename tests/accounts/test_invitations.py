"""Inviting people: a link that works once, for a week, while whoever sent it may still invite."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.urls import reverse

from accounts import services
from accounts.models import AuditEntry, Invitation, User
from tests.conftest import client_for, make_user

Role = User.Role
MINE = {
    "name": "Zawadi Juma",
    "password": "zawadis-own-long-one",
    "password_again": "zawadis-own-long-one",
}


def invite(client, email="zawadi@jua.example", role="user"):
    return client.post(reverse("accounts:invite"), {"email": email, "role": role})


def path_in(message) -> str:
    return re.findall(r"http://jua\.localhost\S*?(/account/invitation/\S+)", message.body)[0]


@pytest.fixture
def path(owner) -> str:
    invite(owner)
    return path_in(mail.outbox[-1])


def test_whoever_is_invited_chooses_name_and_password_and_gets_in(path, stranger):
    text = stranger.get(path).content.decode()
    assert "Amina Said invited you" in text
    assert stranger.post(path, MINE).headers["Location"] == reverse("account_login")
    user = User.objects.get(email="zawadi@jua.example")
    assert (user.name, user.role) == ("Zawadi Juma", Role.USER)
    login = {"login": user.email, "password": MINE["password"]}
    assert stranger.post(reverse("account_login"), login).status_code == 302
    assert stranger.get("/").status_code == 200
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["invitation.sent", "invitation.accepted", "login.done"]


def test_whoever_was_invited_can_switch_a_second_step_on(path, stranger):
    stranger.post(path, MINE)
    login = {"login": "zawadi@jua.example", "password": MINE["password"]}
    stranger.post(reverse("account_login"), login)
    asks_again = stranger.get(reverse("mfa_activate_totp"), follow=True).redirect_chain[-1][0]
    page = stranger.post(asks_again, {"password": MINE["password"]}, follow=True)
    assert page.context["form"].secret


def test_a_link_works_once(path, stranger):
    stranger.post(path, MINE)
    assert stranger.get(path).status_code == 410
    assert stranger.post(path, {**MINE, "name": "Another"}).status_code == 410
    assert User.objects.filter(email="zawadi@jua.example").count() == 1


def test_the_link_is_not_kept_in_the_database(path):
    secret = path.rstrip("/").rpartition("/")[2]
    stored = Invitation.objects.values().get()
    assert secret not in str(stored)


def test_a_link_is_too_old_after_a_week(path, stranger):
    Invitation.objects.update(expires_at=Now() - dt.timedelta(seconds=1))
    assert stranger.post(path, MINE).status_code == 410
    assert not User.objects.filter(email="zawadi@jua.example").exists()


def test_a_withdrawn_link_works_no_more(path, stranger, owner):
    invitation = Invitation.objects.get()
    owner.post(reverse("accounts:invitation-withdraw", args=[invitation.public_id]))
    assert stranger.post(path, MINE).status_code == 410


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.USER}])
def test_a_link_of_somebody_who_may_no_longer_invite_works_no_more(path, stranger, amina, change):
    User.objects.filter(pk=amina.pk).update(**change)
    assert stranger.post(path, MINE).status_code == 410
    assert not User.objects.filter(email="zawadi@jua.example").exists()


def test_an_unknown_link_says_the_same(stranger):
    assert stranger.get("/account/invitation/no-such-secret/").status_code == 410


def test_sending_again_makes_a_new_link_and_ends_the_old_one(path, stranger, owner):
    invitation = Invitation.objects.get()
    owner.post(reverse("accounts:invitation-resend", args=[invitation.public_id]))
    assert stranger.get(path).status_code == 410
    assert stranger.get(path_in(mail.outbox[-1])).status_code == 200


def test_an_e_mail_that_has_a_user_is_not_invited(owner, kato):
    response = invite(owner, email="KATO@jua.example")
    assert response.status_code == 422
    assert not Invitation.objects.exists()
    assert not mail.outbox


def test_an_e_mail_is_invited_once_at_a_time(owner, path):
    assert invite(owner, email="Zawadi@jua.example").status_code == 422
    Invitation.objects.update(expires_at=Now() - dt.timedelta(days=1))
    assert invite(owner).status_code == 302


def test_an_invitation_of_somebody_who_became_a_user_meanwhile_makes_no_second(path, stranger):
    make_user(Role.USER, "Zawadi", "zawadi@jua.example")
    response = stranger.post(path, MINE)
    assert response.status_code == 422
    assert "belongs to another user already" in response.content.decode()


def test_an_admin_invites_no_owner_and_touches_no_invitation_of_one(owner, jua):
    admin = client_for(make_user(Role.ADMIN, "Admin", "admin@jua.example"))
    assert invite(admin, role="owner").status_code == 422
    invite(owner, role="owner")
    sent = Invitation.objects.get()
    for what in ("resend", "withdraw"):
        admin.post(reverse(f"accounts:invitation-{what}", args=[sent.public_id]))
    after = Invitation.objects.get()
    assert (after.digest, after.withdrawn_at) == (sent.digest, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short", "password_again": "short"},
        {"password_again": "not-the-same-one"},
        {"name": ""},
        {"password": "zawadi@jua.example", "password_again": "zawadi@jua.example"},
    ],
)
def test_a_wrong_form_comes_back_and_makes_nobody(path, stranger, wrong):
    response = stranger.post(path, {**MINE, **wrong})
    assert response.status_code == 422
    assert MINE["password"] not in response.content.decode()
    assert not User.objects.filter(email="zawadi@jua.example").exists()
    assert stranger.get(path).status_code == 200


def test_when_the_mail_server_takes_nothing_the_list_says_so(owner, monkeypatch):
    monkeypatch.setattr("accounts.mailing.EmailMessage.send", _refuse)
    text = owner.post(
        reverse("accounts:invite"), {"email": "z@jua.example", "role": "user"}, follow=True
    ).content.decode()
    assert "did not take the mail" in text
    assert "Mail not sent" in text


def _refuse(*_args, **_kwargs):
    raise OSError("refused")


def test_so_many_invitations_a_day_and_no_more(amina, monkeypatch):
    monkeypatch.setattr("accounts.services.invitations.MOST_PER_DAY", 2)
    for number in range(2):
        services.invite(email=f"{number}@jua.example", role=Role.USER, actor=amina)
    with pytest.raises(services.TooManyInvitations):
        services.invite(email="3@jua.example", role=Role.USER, actor=amina)


def test_whoever_was_switched_off_is_not_invited_anew_but_switched_on(owner, kato):
    User.objects.filter(pk=kato.pk).update(is_active=False)
    assert invite(owner, email=kato.email).status_code == 422
