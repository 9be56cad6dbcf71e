"""Every role at every door: what the matrix allows opens, everything else is refused before anything is done."""

import pytest
from django.db import connection

from accounts.access import ADMINS, EVERYBODY, OFFICE, OWNERS, PERMISSIONS
from accounts.models import AuditEntry, User
from accounts.protection import PAGE_GROUPS, group_of
from accounts.wording import SENTENCES, matrix
from tests.conftest import client_for, make_user
from tests.test_every_url import COMPANY_DOORS, GUARDED, OPEN_VIEWS, address

DOORS = [(name, address(name, pattern), pattern.callback) for name, pattern in GUARDED]


def test_no_door_is_without_a_decision():
    for name, pattern in COMPANY_DOORS:
        is_decided = getattr(pattern.callback, "required_permission", None) in PERMISSIONS
        assert is_decided or pattern.callback in OPEN_VIEWS, name


@pytest.mark.parametrize("role", list(User.Role))
def test_each_role_opens_what_the_matrix_allows_and_nothing_else(role, jua):
    user = make_user(role, "Somebody", "somebody@jua.example")
    client = client_for(user)
    client.raise_request_exception = False
    for name, path, view in DOORS:
        is_allowed = role in PERMISSIONS[view.required_permission]
        for ask in (client.get, client.post):
            status = ask(path).status_code
            if status != 405:
                assert (status != 403) == is_allowed, (name, ask.__name__, status)
                assert status < 500, (name, ask.__name__)


@pytest.mark.parametrize("role", list(User.Role))
def test_what_is_refused_changes_nothing(role, jua):
    user = make_user(role, "Somebody", "somebody@jua.example")
    client = client_for(user)
    refused = [
        path for _n, path, view in DOORS if role not in PERMISSIONS[view.required_permission]
    ]
    for path in refused:
        client.post(path)
    assert bool(refused) == (role != User.Role.OWNER)
    assert not AuditEntry.objects.filter(actor=user).exists()


def test_who_is_switched_off_opens_nothing_with_a_session_of_before(kato, clerk):
    User.objects.filter(pk=kato.pk).update(is_active=False)
    for name, path, _view in DOORS:
        assert clerk.get(path).status_code in {302, 405}, name


def test_roles_contain_one_another():
    """Whoever is trusted with more may do all that those with less may."""
    assert OWNERS < ADMINS < OFFICE < EVERYBODY
    assert set(PERMISSIONS.values()) <= {OWNERS, ADMINS, OFFICE, EVERYBODY}


# --- the page that shows it -----------------------------------------------------------------------


def test_every_permission_has_a_sentence_and_every_sentence_is_said_once():
    said = [name for sentences in SENTENCES.values() for name in sentences]
    assert set(PERMISSIONS) <= set(said), set(PERMISSIONS) - set(said)
    assert len(said) == len(set(said))
    texts = [str(text) for sentences in SENTENCES.values() for text in sentences.values()]
    assert len(texts) == len(set(texts))


def test_the_matrix_shows_what_the_permissions_say():
    shown = {str(line.sentence): line.by_role for _area, lines in matrix() for line in lines}
    assert len(shown) == len(PERMISSIONS)
    for sentences in SENTENCES.values():
        for name, text in sentences.items():
            if name in PERMISSIONS:
                expected = tuple(role in PERMISSIONS[name] for role in User.Role)
                assert shown[str(text)] == expected, name


def test_the_page_of_roles_marks_what_is_protected(owner, amina):
    from accounts import services

    services.protect(password="the-second-one-of-jua", groups=["refunds"], actor=amina)
    text = owner.get("/settings/roles/").content.decode()
    assert "Ask for a refund or reversal" in text
    protected = [name for name in PERMISSIONS if group_of(name) == "refunds"]
    assert text.count('<span class="visually-hidden">protected</span>') == len(protected)
    assert connection.schema_name == "jua"
    assert "refunds" in PAGE_GROUPS
