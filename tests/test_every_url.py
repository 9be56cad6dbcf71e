"""Every door asks: a log-in and a permission, or it stands on a short list of public ones."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.access import PERMISSIONS
from tenants.models import Enquiry, SignUp

# Open to people who are not logged in, and to machines that prove themselves otherwise.
PUBLIC = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "accounts:language-choose",
    "accounts:invitation-accept",
    "payment-webhook",
    "sms-webhook",
}
# allauth's pages about one's own account: they ask for a log-in, and everybody who has one may.
OWN_ACCOUNT = {
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_reauthenticate_webauthn",
}
SAMPLES = {"uuid": uuid.uuid4(), "int": 1, "slug": "airtel", "str": "x"}


def patterns(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from patterns(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern


COMPANY_DOORS = list(patterns(get_resolver("mpm.urls")))
OPEN = PUBLIC | OWN_ACCOUNT
# The machine doors stand twice, with and without a slash at the end, under one name.
OPEN_VIEWS = {p.callback for n, p in COMPANY_DOORS if n in OPEN}
GUARDED = [(n, p) for n, p in COMPANY_DOORS if p.callback not in OPEN_VIEWS]


def address(name, pattern, urlconf="mpm.urls"):
    converters = pattern.pattern.converters
    kinds = {
        key: type(value).__name__.removesuffix("Converter").lower()
        for key, value in converters.items()
    }
    kwargs = {
        key: SAMPLES.get({"string": "str"}.get(kind, kind), "x") for key, kind in kinds.items()
    }
    return reverse(name, urlconf=urlconf, kwargs=kwargs)


def test_every_url_asks_for_a_permission_or_is_known_to_be_public():
    assert GUARDED
    for name, pattern in GUARDED:
        asked = getattr(pattern.callback, "required_permission", None)
        assert asked in PERMISSIONS, name


def test_the_public_list_names_only_doors_that_exist():
    assert {name for name, _ in COMPANY_DOORS} >= PUBLIC | OWN_ACCOUNT


@pytest.mark.parametrize(("name", "pattern"), GUARDED, ids=[name for name, _ in GUARDED])
def test_a_stranger_is_sent_to_the_log_in(name, pattern, jua):
    client = Client(headers={"host": "jua.localhost"})
    responses = [client.get(address(name, pattern)), client.post(address(name, pattern))]
    # A door for one method only may refuse the other before it asks who is there.
    asked = [r for r in responses if r.status_code != 405]
    assert asked
    for response in asked:
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("account_login"))


OWN_PAGES = [(name, pattern) for name, pattern in COMPANY_DOORS if name in OWN_ACCOUNT]


@pytest.mark.parametrize(("name", "pattern"), OWN_PAGES, ids=[name for name, _ in OWN_PAGES])
def test_pages_about_the_own_account_ask_for_a_log_in(name, pattern, stranger):
    response = stranger.get(address(name, pattern))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("account_login"))


def test_nobody_can_sign_up_on_a_companys_host(stranger):
    for path in ("/account/signup/", "/account/email/", "/account/3rdparty/signup/"):
        assert stranger.get(path).status_code == 404


def test_the_public_host_has_its_page_and_nothing_of_a_company(public):
    client = Client(headers={"host": "localhost"})
    assert client.get("/").status_code == 200
    assert client.get("/payments/").status_code == 404


# On the public host nobody is logged in. What each page says to somebody who comes from nowhere:
PUBLIC_PAGES = {
    "landing": 200,
    "find-company": 200,
    "find-company-sent": 200,
    "sign-up": 302,
    "sign-up-company": 200,
    "sign-up-plugins": 302,
    "sign-up-person": 302,
    "sign-up-protected": 302,
    "sign-up-summary": 302,
    "sign-up-mail": 302,
    "sign-up-confirm": 404,
    "sign-up-progress": 404,
}


def test_every_page_of_the_public_host_is_listed_and_looking_changes_nothing(public):
    client = Client(headers={"host": "localhost"})
    doors = list(patterns(get_resolver("mpm.urls_public")))

    answers = {
        name: client.get(address(name, p, "mpm.urls_public")).status_code for name, p in doors
    }

    assert answers == PUBLIC_PAGES
    assert not SignUp.objects.exists()


def test_a_post_from_nowhere_to_the_public_host_makes_nothing(public):
    client = Client(headers={"host": "localhost"})

    for name, pattern in patterns(get_resolver("mpm.urls_public")):
        assert client.post(address(name, pattern, "mpm.urls_public")).status_code != 500, name

    assert not SignUp.objects.exists()
    assert not Enquiry.objects.exists()
