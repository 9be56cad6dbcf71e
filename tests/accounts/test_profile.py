"""What people change about themselves."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tests.conftest import PASSWORD

PROFILE = "accounts:profile"


def test_a_name_and_a_language_are_kept_and_written_down(accountant, asha):
    accountant.post(reverse(PROFILE), {"name": "Asha M.", "language": "sw"})
    asha.refresh_from_db()
    assert (asha.name, asha.language) == ("Asha M.", "sw")
    assert AuditEntry.objects.filter(action="user.changed", actor=asha).count() == 1
    assert accountant.get("/account/").headers["Content-Language"] == "sw"


def test_an_empty_name_is_refused_with_422_and_nothing_changes(accountant, asha):
    response = accountant.post(reverse(PROFILE), {"name": "", "language": "sw"})
    assert response.status_code == 422
    asha.refresh_from_db()
    assert (asha.name, asha.language) == ("Asha Mwinyi", "")


def test_a_language_we_do_not_have_is_refused(accountant, asha):
    response = accountant.post(reverse(PROFILE), {"name": "Asha", "language": "xx"})
    assert response.status_code == 422


def test_the_language_can_be_chosen_before_the_log_in(stranger):
    response = stranger.post(
        reverse("accounts:language-choose"), {"language": "fr", "next": "/account/login/"}
    )
    assert response.headers["Location"] == "/account/login/"
    assert stranger.get(reverse("account_login")).headers["Content-Language"] == "fr"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:x", ""]
)
def test_choosing_a_language_never_leads_to_another_host(stranger, elsewhere):
    response = stranger.post(
        reverse("accounts:language-choose"), {"language": "fr", "next": elsewhere}
    )
    assert response.headers["Location"] == "/"


def test_a_chosen_language_follows_the_user_to_another_browser(stranger, asha):
    asha.language = "pt"
    asha.save()
    stranger.post(reverse("account_login"), {"login": asha.email, "password": PASSWORD})
    assert stranger.get("/account/").headers["Content-Language"] == "pt"
