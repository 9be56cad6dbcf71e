"""Getting in, getting out, and getting in again without the password."""

import re

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from tests.conftest import PASSWORD, client_for


@pytest.fixture(autouse=True)
def fresh_limits(jua):
    cache.clear()
    yield
    cache.clear()


def log_in(client, email="asha@jua.example", password=PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def test_the_page_says_whose_office_it_is_and_offers_four_languages(stranger):
    text = stranger.get(reverse("account_login")).content.decode()
    assert "Jua Power" in text
    assert "jua.localhost" in text
    for language in ("Français", "Português", "Kiswahili"):
        assert language in text


def test_e_mail_and_password_lead_to_the_page_that_was_asked_for(stranger, asha):
    response = log_in(stranger, next="/customers/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/customers/"
    assert stranger.get("/customers/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"]
)
def test_a_log_in_never_leads_to_another_host(stranger, asha, elsewhere):
    assert log_in(stranger, next=elsewhere).headers["Location"] == "/"


def test_a_wrong_password_comes_back_with_a_reason_and_no_session(stranger, asha):
    response = log_in(stranger, password="another-long-password")
    text = response.content.decode()
    assert 'role="alert"' in text
    assert "<title>Error:" in text
    assert "another-long-password" not in text
    assert stranger.get("/").status_code == 302


def guess(number, *, host):
    """Guess a password, each time from another address; return what the page says."""
    address = f"10.0.0.{number}"
    return (
        client_for(None, host=host)
        .post(
            reverse("account_login"),
            {"login": "asha@jua.example", "password": f"guessed-password-{number}"},
            REMOTE_ADDR=address,
        )
        .content.decode()
    )


@pytest.mark.parametrize(
    "spelling", ["jua.localhost", "jua.localhost:{}", "JUA.localhost:{}", "jua.localhost.:{}"]
)
def test_guesses_are_counted_however_the_host_is_written(jua, asha, spelling):
    said = [guess(number, host=spelling.format(1000 + number)) for number in range(7)]

    assert "Too many attempts" not in said[0]
    assert "Too many attempts" in said[-1]


def test_guesses_at_one_company_lock_nobody_out_of_another(jua, taa, asha):
    for number in range(7):
        guess(number, host="jua.localhost")

    assert "Too many attempts" not in guess(99, host="taa.localhost")


def test_an_unknown_e_mail_is_told_the_same_as_a_wrong_password(stranger, asha):
    wrong = log_in(stranger, password="another-long-password").content.decode()
    unknown = log_in(stranger, email="nobody@jua.example").content.decode()
    assert re.findall("<strong>(.*?)</strong>", wrong) == re.findall(
        "<strong>(.*?)</strong>", unknown
    )


def test_a_user_of_one_company_cannot_get_into_another(taa, asha):
    response = log_in(client_for(None, host="taa.localhost"))
    assert response.status_code == 200
    assert "_auth_user_id" not in response.client.session


def test_somebody_who_is_switched_off_does_not_get_in(stranger, asha):
    asha.is_active = False
    asha.save()
    log_in(stranger)
    assert stranger.get("/").status_code == 302


def test_logging_out_takes_a_post(accountant):
    accountant.get(reverse("account_logout"))
    assert accountant.get("/").status_code == 200
    accountant.post(reverse("account_logout"))
    assert accountant.get("/").status_code == 302


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(stranger, asha):
    stranger.post(reverse("account_reset_password"), {"email": asha.email})
    (sent,) = mail.outbox
    assert sent.to == [asha.email]
    (path,) = re.findall(r"http://jua\.localhost(/account/password/reset/key/\S+)", sent.body)
    page = stranger.get(path, follow=True)
    form_path = page.redirect_chain[-1][0]
    new = "a-quite-different-one-7"
    stranger.post(form_path, {"password1": new, "password2": new})
    assert log_in(client_for(None), password=new).status_code == 302
    assert "no longer works" in client_for(None).get(path).content.decode()


def test_nobody_learns_by_a_reset_who_has_an_account(stranger, asha):
    known = stranger.post(reverse("account_reset_password"), {"email": asha.email})
    unknown = stranger.post(reverse("account_reset_password"), {"email": "nobody@jua.example"})
    assert known.headers["Location"] == unknown.headers["Location"]
    assert len(mail.outbox) == 1


def test_the_second_step_is_asked_for_once_it_is_on(stranger, asha):
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(asha, secret)
    response = log_in(stranger)
    assert response.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert stranger.get("/").status_code == 302
    page = stranger.get(reverse("mfa_authenticate"))
    assert "code that your app shows" in page.content.decode()
    stranger.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert stranger.get("/").status_code == 200


def code_of(secret):
    import time

    from allauth.mfa import app_settings

    return format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD))


def test_the_second_step_can_be_switched_on_and_off_and_has_recovery_codes(stranger, asha):
    log_in(stranger)
    asked = stranger.get(reverse("mfa_activate_totp"), follow=True)
    assert "Type your own password once more" in asked.content.decode()
    stranger.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = stranger.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    stranger.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert Authenticator.objects.filter(user=asha, type="totp").exists()
    codes = stranger.get(reverse("mfa_view_recovery_codes")).content.decode()
    stored = Authenticator.objects.get(user=asha, type="recovery_codes").wrap().get_unused_codes()
    assert stored
    assert stored[0] in codes
    assert "Switch off" in stranger.get(reverse("mfa_index")).content.decode()
    assert get_adapter().is_mfa_enabled(asha)
    stranger.post(reverse("mfa_deactivate_totp"))
    assert not get_adapter().is_mfa_enabled(asha)


def test_the_second_step_is_stored_encrypted(stranger, asha):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    TOTP.activate(asha, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(asha)

    stored = {step.type: step.data for step in Authenticator.objects.filter(user=asha)}
    assert stored["totp"]["secret"].startswith("gAAAA")
    assert stored["recovery_codes"]["seed"].startswith("gAAAA")


@pytest.mark.parametrize(
    "name",
    ["account_reset_password", "account_reset_password_done", "account_inactive", "account_logout"],
)
def test_pages_around_the_log_in_are_in_our_look(stranger, asha, name):
    if name == "account_logout":
        stranger.force_login(asha)
    text = stranger.get(reverse(name)).content.decode()
    assert "app.css" in text
    assert "Menu:" not in text  # allauth's own page


@pytest.mark.parametrize(
    "name", ["account_change_password", "mfa_index", "mfa_activate_totp", "account_reauthenticate"]
)
def test_pages_about_the_own_account_are_in_our_look(stranger, asha, name):
    log_in(stranger)
    response = stranger.get(reverse(name), follow=True)
    assert response.status_code == 200
    assert "app.css" in response.content.decode()
    assert "Menu:" not in response.content.decode()
