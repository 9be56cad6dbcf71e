"""Users as owners and admins manage them, and the rules that keep owners in."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services
from accounts.models import AuditEntry, OpenSession, User
from tenants.scope import in_company
from tests.conftest import client_for, make_user
from tests.threads import at_once

LIST = "accounts:user-list"
Role = User.Role


@pytest.fixture
def admin(jua):
    return make_user(Role.ADMIN, "Rehema Admin", "rehema@jua.example")


@pytest.fixture
def second(jua):
    return make_user(Role.OWNER, "Second Owner", "second@jua.example")


def step(name, user):
    return reverse(f"accounts:user-{name}", args=[user.public_id])


# --- the list -------------------------------------------------------------------------------------


def test_the_list_says_who_they_are_and_whether_a_second_step_is_on(owner, amina, kato):
    TOTP.activate(kato, "JBSWY3DPEHPK3PXP")
    text = owner.get(reverse(LIST)).content.decode()
    assert "kato@jua.example" in text
    row = re.search(r"Juma Kato.*?</tr>", text, re.DOTALL)[0]
    assert "<td>On</td>" in row
    assert "Never" in row


def test_the_list_takes_no_query_per_row(owner, amina):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert owner.get(reverse(LIST)).status_code == 200
        return len(caught)

    few = queries()
    for number in range(30):
        user = make_user(Role.USER, f"User {number}", f"u{number}@jua.example")
        services.invite(email=f"i{number}@jua.example", role=Role.USER, actor=amina)
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    assert queries() <= few


@pytest.mark.parametrize(
    ("asked", "found"),
    [("role=user", {"Juma Kato"}), ("state=off", {"Asha Mwinyi"}), ("q=KATO", {"Juma Kato"})],
)
def test_the_list_is_filtered_and_searched(owner, kato, asha, asked, found):
    User.objects.filter(pk=asha.pk).update(is_active=False)
    page = owner.get(f"{reverse(LIST)}?{asked}")
    assert {str(user) for user in page.context["page"].rows} == found


# --- roles ----------------------------------------------------------------------------------------


def test_a_changed_role_counts_at_the_next_click_and_is_written_down(owner, kato, clerk, amina):
    assert clerk.get("/books/").status_code == 403
    owner.post(step("role", kato), {"role": "financial_manager"})
    assert clerk.get(reverse("reports:trial-balance")).status_code == 200
    entry = AuditEntry.objects.get(action="user.role_changed")
    assert (entry.actor, entry.facts) == (
        amina,
        {"role": "financial_manager", "role_before": "user"},
    )
    assert entry.remote_ip == "127.0.0.1"


@pytest.mark.parametrize("role", ["owner", "nonsense", ""])
def test_an_admin_makes_no_owner_and_there_are_no_other_roles(admin, kato, role):
    client_for(admin).post(step("role", kato), {"role": role})
    kato.refresh_from_db()
    assert kato.role == Role.USER


@pytest.mark.parametrize("what", ["role", "off", "second-step", "password", "on"])
def test_an_admin_changes_nothing_about_an_owner(admin, amina, what):
    TOTP.activate(amina, "JBSWY3DPEHPK3PXP")
    client_for(admin).post(step(what, amina), {"role": "user"})
    amina.refresh_from_db()
    assert (amina.role, amina.is_active) == (Role.OWNER, True)
    assert Authenticator.objects.filter(user=amina).exists()
    assert not mail.outbox
    assert not AuditEntry.objects.filter(actor=admin).exists()


@pytest.mark.parametrize("what", ["role", "off", "second-step", "password"])
def test_nobody_changes_their_own_role_or_access(owner, amina, second, what):
    owner.post(step(what, amina), {"role": "user"})
    amina.refresh_from_db()
    assert (amina.role, amina.is_active) == (Role.OWNER, True)
    text = owner.get(reverse("accounts:user", args=[amina.public_id])).content.decode()
    assert "This is you." in text
    assert "Change the role" not in text


def test_an_owner_makes_and_unmakes_owners(owner, kato):
    owner.post(step("role", kato), {"role": "owner"})
    kato.refresh_from_db()
    assert kato.role == Role.OWNER
    owner.post(step("role", kato), {"role": "user"})
    kato.refresh_from_db()
    assert kato.role == Role.USER


def test_the_last_owner_who_can_log_in_stays_whoever_asks(amina, second):
    """Also where the one who acts was switched off between the log-in and the lock."""
    User.objects.filter(pk=second.pk).update(is_active=False)
    second.refresh_from_db()
    for act in (services.deactivate_user,):
        with pytest.raises(services.NotAllowed):
            act(user_id=amina.pk, actor=second)
    amina.refresh_from_db()
    assert amina.is_active


def test_two_owners_who_demote_each_other_at_once_do_not_both_succeed(fresh_company):
    schema = fresh_company.company.slug
    first = make_user(Role.OWNER, "First", "first@own.example")
    second = make_user(Role.OWNER, "Second", "second@own.example")

    outcomes = at_once(
        schema,
        lambda: services.change_role(user_id=first.pk, role=Role.USER, actor=second),
        lambda: services.deactivate_user(user_id=second.pk, actor=first),
    )

    with in_company(schema):
        left = User.objects.filter(role=Role.OWNER, is_active=True)
        assert left.count() == 1
    assert sum(isinstance(each, services.NotAllowed) for each in outcomes) == 1


# --- off and on -----------------------------------------------------------------------------------


def test_switching_off_ends_sessions_at_once_also_after_switching_on_again(owner, kato, clerk):
    assert clerk.get("/").status_code == 200
    assert OpenSession.objects.filter(user=kato).exists()
    owner.post(step("off", kato))
    assert clerk.get("/").status_code == 302
    owner.post(step("on", kato))
    assert clerk.get("/").status_code == 302
    kato.refresh_from_db()
    assert kato.is_active
    assert not OpenSession.objects.filter(user=kato).exists()


def test_each_step_is_asked_once_before_it_is_done(owner, kato):
    for name in ("off", "on", "password", "second-step"):
        page = owner.get(step(name, kato))
        assert "Juma Kato" in page.content.decode()
        assert page.status_code == 200
    kato.refresh_from_db()
    assert kato.is_active
    assert not AuditEntry.objects.filter(action__startswith="user.").exists()


# --- getting in -----------------------------------------------------------------------------------


def test_the_second_step_of_whoever_lost_the_phone_is_taken_off_and_they_are_told(owner, kato):
    TOTP.activate(kato, "JBSWY3DPEHPK3PXP")
    owner.post(step("second-step", kato))
    assert not Authenticator.objects.filter(user=kato).exists()
    (sent,) = mail.outbox
    assert sent.to == ["kato@jua.example"]
    assert "Amina Said took the second step off" in sent.body
    entry = AuditEntry.objects.get(action="user.second_step_removed")
    assert entry.facts == {"steps": "totp"}


def test_a_password_link_goes_to_the_user_and_works(owner, kato, stranger):
    owner.post(step("password", kato))
    (sent,) = mail.outbox
    assert sent.to == ["kato@jua.example"]
    path = re.findall(r"http://jua\.localhost(/account/password/reset/key/\S+)", sent.body)[0]
    page = stranger.get(path, follow=True)
    new = "quite-another-password-9"
    stranger.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    kato.refresh_from_db()
    assert kato.check_password(new)
    done = AuditEntry.objects.filter(action__startswith="user.password").order_by("pk")
    assert [entry.action for entry in done] == ["user.password_link_sent", "user.password_reset"]


def test_no_password_link_goes_to_who_is_switched_off(owner, kato):
    User.objects.filter(pk=kato.pk).update(is_active=False)
    owner.post(step("password", kato))
    assert not mail.outbox
