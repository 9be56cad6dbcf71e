"""The company's second password: what it stands before, how it is checked, changed and found again."""

import datetime as dt
import re
import time

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.access import ADMINS, PERMISSIONS
from accounts.models import AuditEntry, Protection, User
from accounts.protection import DEFAULT_GROUPS, PAGE_GROUPS, group_of, offered_groups
from tests.conftest import PASSWORD, client_for, make_user
from tests.test_every_url import GUARDED, address

SECOND = "the-second-one-of-jua"
PROMPT = "accounts:protected-prompt"
PAGES = "accounts:protected-pages"
# Only owners and admins may do these, and yet no password stands before them: it is about the password itself.
NEVER_PROTECTED = {"accounts.change_protection"}


@pytest.fixture
def protected(amina) -> Protection:
    return services.protect(password=SECOND, groups=list(PAGE_GROUPS), actor=amina)


def give(client, password=SECOND, **more):
    return client.post(reverse(PROMPT), {"password": password, **more})


def is_prompt(response) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith(reverse(PROMPT))


# --- what it stands before ------------------------------------------------------------------------


def of_group(name):
    return [each for each in GUARDED if group_of(each[1].callback.required_permission) == name]


@pytest.mark.parametrize("group", [group.name for group in offered_groups()])
def test_no_page_of_a_protected_group_opens_without_the_password(group, protected, owner):
    asked = 0
    for name, pattern in of_group(group):
        for ask in (owner.get, owner.post):
            response = ask(address(name, pattern))
            if response.status_code != 405:
                assert is_prompt(response), name
                asked += 1
    assert asked


@pytest.mark.parametrize("group", [group.name for group in offered_groups()])
def test_every_page_of_a_group_that_is_not_chosen_stays_open(group, amina, owner):
    others = [name for name in PAGE_GROUPS if name != group]
    services.protect(password=SECOND, groups=others, actor=amina)
    for name, pattern in of_group(group):
        for ask in (owner.get, owner.post):
            assert not is_prompt(ask(address(name, pattern))), name


def test_pages_of_no_group_stay_open_and_so_does_the_way_to_a_new_password(protected, owner):
    free = [each for each in GUARDED if not group_of(each[1].callback.required_permission)]
    assert {name for name, _ in free} >= {PAGES, "accounts:protection-reset", "desk:home"}
    for name, pattern in free:
        response = owner.get(address(name, pattern))
        assert not is_prompt(response), name


def test_what_only_admins_may_do_can_be_protected():
    for permission, roles in PERMISSIONS.items():
        if roles <= ADMINS and permission not in NEVER_PROTECTED:
            assert group_of(permission), permission


def test_only_groups_with_pages_are_offered(owner):
    offered = {group.name for group in offered_groups()}
    assert offered >= {"settings", "plugins", "exports", "refunds"}
    assert offered == {
        group_of(pattern.callback.required_permission) for _name, pattern in GUARDED
    } - {""}
    text = owner.get(reverse(PAGES)).content.decode()
    for name in PAGE_GROUPS:
        assert (f'value="{name}"' in text) == (name in offered)


def test_a_group_without_pages_is_never_stored(amina, monkeypatch):
    monkeypatch.setattr("accounts.services.protection.offered_groups", tuple)
    assert services.protect(password=SECOND, actor=amina).groups == []


def test_the_default_groups_are_groups():
    assert set(DEFAULT_GROUPS) <= set(PAGE_GROUPS)


def test_a_company_without_the_password_is_asked_for_none(owner):
    assert owner.get("/settings/plug-ins/").status_code == 200
    assert owner.get(reverse(PROMPT), {"next": "/payments/"}).headers["Location"] == "/payments/"


def test_who_may_not_is_refused_before_any_password_is_asked_for(protected, clerk):
    assert clerk.get("/settings/plug-ins/").status_code == 403


def test_machine_doors_answer_without_it(protected, world, stranger):
    from tests.line import airtel_xml

    door = f"/webhooks/airtel/{world.airtel.webhook_key}/process"
    response = stranger.post(door, airtel_xml(reference="AT1"), content_type="application/xml")
    assert b"<STATUS>200</STATUS>" in response.content


# --- the prompt -----------------------------------------------------------------------------------


def test_the_prompt_says_what_is_protected_who_chose_it_and_for_how_long(protected, owner):
    asked = owner.get("/settings/plug-ins/?q=1", follow=True)
    text = asked.content.decode()
    for said in ("Plug-ins: protected", "Amina Said", "15 minutes", "not the one you log in with"):
        assert said in text


def test_the_right_password_leads_on_to_the_address_that_was_asked_for(protected, owner):
    asked = owner.get("/settings/plug-ins/?q=air")
    page = owner.get(asked.headers["Location"])
    given = give(owner, next=page.context["form"]["next"].value())
    assert given.headers["Location"] == "/settings/plug-ins/?q=air"
    assert owner.get("/settings/plug-ins/").status_code == 200
    assert owner.get(reverse("onboarding:money-settings")).status_code == 200


def test_a_wrong_password_opens_nothing_and_is_not_shown_again(protected, owner):
    response = give(owner, "not-the-one", next="/settings/plug-ins/", group="plugins")
    assert response.status_code == 422
    text = response.content.decode()
    assert "This is not the company&#x27;s password" in text
    assert "not-the-one" not in text
    assert "Plug-ins: protected" in text
    assert is_prompt(owner.get("/settings/plug-ins/"))


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/no-such/", ""],
)
def test_the_prompt_never_leads_to_another_host(protected, owner, elsewhere):
    assert give(owner, next=elsewhere).headers["Location"] == "/"


def test_what_was_sent_is_refused_and_not_carried_out_later(protected, owner, amina):
    page = "http://jua.localhost" + reverse("onboarding:money-settings")
    sent = owner.post(
        reverse("onboarding:money-settings"), {"unpaid_fee_limit": 9}, headers={"referer": page}
    )
    assert is_prompt(sent)
    prompt = owner.get(sent.headers["Location"])
    assert "What you sent was not carried out." in prompt.content.decode()
    given = give(owner, next=prompt.context["form"]["next"].value())
    assert given.headers["Location"] == reverse("onboarding:money-settings")
    assert not AuditEntry.objects.filter(action="company.changed").exists()


def test_a_page_of_another_host_that_sent_something_is_no_way_on(protected, owner):
    sent = owner.post(
        reverse("onboarding:money-settings"), headers={"referer": "https://evil.example/settings/"}
    )
    assert owner.get(sent.headers["Location"]).context["onwards"] == "/"


def test_htmx_is_led_to_the_prompt_as_a_whole_page(protected, owner):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://jua.localhost/payments/?q=1"}
    response = owner.get("/settings/plug-ins/", headers=headers)
    assert response.status_code == 204
    assert response.headers["HX-Redirect"].startswith(reverse(PROMPT))
    assert owner.get(response.headers["HX-Redirect"]).context["onwards"] == "/payments/?q=1"


# --- for how long ---------------------------------------------------------------------------------


def test_it_is_asked_for_again_after_the_set_minutes(protected, owner, monkeypatch):
    give(owner)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 14 * 60)
    assert owner.get("/settings/plug-ins/").status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 1)
    assert is_prompt(owner.get("/settings/plug-ins/"))


def test_it_is_given_for_one_browser_and_forgotten_at_log_out(protected, owner, amina):
    give(owner)
    assert is_prompt(client_for(amina).get("/settings/plug-ins/"))
    owner.post(reverse("account_logout"))
    owner.force_login(amina)
    assert is_prompt(owner.get("/settings/plug-ins/"))


def test_it_can_be_shut_by_hand(protected, owner):
    give(owner)
    owner.post(reverse("accounts:protected-shut"))
    assert is_prompt(owner.get("/settings/plug-ins/"))


# --- changing it ----------------------------------------------------------------------------------


def changed(**more):
    return {"groups": ["plugins", "refunds"], "minutes": 5, "old_password": SECOND, **more}


def test_an_owner_chooses_the_first_password_and_what_it_protects(owner):
    form = {"groups": ["plugins"], "minutes": 30, "password": SECOND, "password_again": SECOND}
    owner.post(reverse(PAGES), form)
    stored = Protection.objects.get()
    assert (stored.groups, stored.minutes) == (["plugins"], 30)
    assert SECOND not in stored.password
    assert owner.get("/settings/plug-ins/").status_code == 200  # was typed just now


def test_nothing_is_changed_without_the_old_one(protected, owner):
    for old in ("", "not-the-one"):
        response = owner.post(reverse(PAGES), changed(old_password=old))
        assert response.status_code == 422
    stored = Protection.objects.get()
    assert (stored.minutes, stored.epoch) == (15, protected.epoch)


def test_another_password_ends_what_was_opened_elsewhere_by_the_old_one(protected, owner, amina):
    elsewhere = client_for(amina)
    give(elsewhere)
    new = "quite-another-second-1"
    owner.post(reverse(PAGES), changed(password=new, password_again=new))
    assert is_prompt(elsewhere.get("/settings/plug-ins/"))
    assert owner.get("/settings/plug-ins/").status_code == 200
    assert give(elsewhere, SECOND).status_code == 422
    assert give(elsewhere, new).status_code == 302


def test_what_changed_is_in_the_audit_log_and_the_password_is_not(protected, owner):
    owner.post(reverse(PAGES), changed())
    entry = AuditEntry.objects.get(action="protection.changed")
    assert (entry.facts["minutes_before"], entry.facts["minutes"]) == (15, 5)
    assert entry.facts["groups"] == "plugins, refunds"
    assert SECOND not in str(list(AuditEntry.objects.values_list("facts", flat=True)))


@pytest.mark.parametrize("weak", ["short", "password123", PASSWORD])
def test_a_weak_one_or_ones_own_log_in_password_is_refused(owner, weak):
    form = {"groups": [], "minutes": 15, "password": weak, "password_again": weak}
    assert owner.post(reverse(PAGES), form).status_code == 422
    assert not Protection.objects.exists()


def test_two_who_choose_the_first_one_do_not_overwrite_each_other(protected, amina):
    with pytest.raises(services.AlreadyProtected):
        services.protect(password="another-first-one", actor=amina)


def test_only_owners_choose(protected, jua):
    admin = client_for(make_user(User.Role.ADMIN, "Admin", "admin@jua.example"))
    for name in (PAGES, "accounts:protection-forgotten", "accounts:protected-shut"):
        assert admin.post(reverse(name)).status_code == 403


# --- guessing -------------------------------------------------------------------------------------


def test_five_wrong_tries_shut_a_user_out_and_nobody_else(protected, owner, asha):
    for _ in range(5):
        give(owner, "a-wrong-one")
    said = give(owner, SECOND).content.decode()
    assert "Too many wrong tries" in said
    assert AuditEntry.objects.filter(action="protection.failed").count() == 5
    assert AuditEntry.objects.filter(action="protection.locked").count() == 1
    assert give(client_for(asha), SECOND).status_code == 302


def test_twenty_wrong_tries_of_many_shut_the_company_for_a_while(protected, amina):
    for number in range(4):
        user = make_user(User.Role.USER, f"U{number}", f"u{number}@jua.example")
        for _ in range(5):
            with pytest.raises(services.WrongProtectedPassword):
                services.check_protected_password(password="wrong", user=user)
    with pytest.raises(services.TooManyTries):
        services.check_protected_password(password=SECOND, user=amina)


def test_the_limits_hold_while_redis_is_away(protected, owner, settings):
    cache = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": cache}
    for _ in range(5):
        assert give(owner, "a-wrong-one").status_code == 422
    assert give(owner, SECOND).status_code == 422
    assert is_prompt(owner.get("/settings/plug-ins/"))


def test_tries_are_forgiven_after_ten_minutes(protected, amina, monkeypatch):
    earlier = timezone.now() - dt.timedelta(minutes=11)
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: earlier)
        for _ in range(5):
            with pytest.raises(services.WrongProtectedPassword):
                services.check_protected_password(password="wrong", user=amina)
    assert services.check_protected_password(password=SECOND, user=amina)


# --- forgotten ------------------------------------------------------------------------------------


def link_in(message) -> str:
    return re.findall(r"http://jua\.localhost\S*?(/settings/protected/new/\S+/)", message.body)[0]


@pytest.fixture
def mailed(protected, owner, jua):
    """Two owners who were mailed links: their browsers and paths."""
    second = make_user(User.Role.OWNER, "Second Owner", "second@jua.example")
    off = make_user(User.Role.OWNER, "Off", "off@jua.example")
    User.objects.filter(pk=off.pk).update(is_active=False)
    owner.post(reverse("accounts:protection-forgotten"))
    paths = {message.to[0]: link_in(message) for message in mail.outbox}
    assert set(paths) == {"amina@jua.example", second.email}
    return owner, paths["amina@jua.example"], client_for(second), paths[second.email]


NEW = {"password": "found-again-second-2", "password_again": "found-again-second-2"}


def test_a_mailed_link_sets_a_new_one_once_and_ends_the_others(mailed, amina):
    owner, path, second, second_path = mailed
    elsewhere = client_for(amina)
    give(elsewhere)
    assert owner.post(path, NEW).status_code == 302
    assert services.check_protected_password(password=NEW["password"], user=amina)
    assert owner.post(path, NEW).status_code == 410
    assert second.get(second_path).status_code == 410
    assert is_prompt(elsewhere.get("/settings/plug-ins/"))
    assert AuditEntry.objects.filter(action="protection.reset").count() == 1


def test_a_link_works_only_for_the_owner_it_was_mailed_to(mailed, stranger):
    _owner, path, second, _second_path = mailed
    assert second.post(path, NEW).status_code == 410
    assert stranger.get(path).headers["Location"].startswith(reverse("account_login"))


def test_a_link_is_too_old_after_an_hour(mailed, monkeypatch):
    owner, path, *_ = mailed
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert owner.get(path).status_code == 410


def test_links_are_not_mailed_again_at_once(mailed):
    owner, *_ = mailed
    owner.post(reverse("accounts:protection-forgotten"))
    assert len(mail.outbox) == 2


def test_a_link_of_one_company_opens_nothing_at_another(mailed, taa, amina):
    _owner, path, *_ = mailed
    connection.set_tenant(taa)
    theirs = make_user(User.Role.OWNER, "Taa", amina.email)
    services.protect(password=SECOND, actor=theirs)
    browser = client_for(theirs, "taa.localhost")
    assert browser.get(path).status_code == 410
