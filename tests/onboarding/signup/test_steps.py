"""The four steps: what is asked, what is kept, and what is refused beside its field."""

import gzip

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from onboarding.signup.names import proposed
from tenants.models import SignUp
from tests.onboarding.signup.conftest import PASSWORD, PERSON, STEPS, Visitor, at

pytestmark = pytest.mark.usefixtures("public")


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def test_the_four_steps_lead_to_a_summary_that_says_everything(visitor):
    assert visitor.get("").headers["Location"] == at("company")
    places = [visitor.step(name).headers["Location"] for name in STEPS]

    text = text_of(visitor.get("summary"))

    assert places == [at("plugins"), at("person"), at("protected"), at("summary")]
    for said in (
        "Zed Power Ltd", "zed.localhost", "Tanzania", "Tanzanian Shilling", "Africa/Dar_es_Salaam", "Swahili",
        "Mini-grids, Solar home systems", "+255 754 123 456", "Airtel Money", "SunKing", "zuhura@zed.example",
    ):  # fmt: skip
        assert said in text
    assert PASSWORD not in text


def test_a_later_step_leads_back_to_what_is_missing(visitor):
    assert visitor.get("person").headers["Location"] == at("company")
    visitor.step("company")
    assert visitor.get("summary").headers["Location"] == at("plugins")
    assert visitor.post("protected", {}).headers["Location"] == at("plugins")
    assert visitor.get("").headers["Location"] == at("plugins")


def test_going_back_shows_what_was_said_and_changes_only_that(visitor):
    row = visitor.fill_in()

    shown = text_of(visitor.get("company"))
    visitor.step("company", name="Zed Light", address="Other Street 1")

    changed = SignUp.objects.get(pk=row.pk)
    assert 'value="Posta Street 4, Mwanza"' in shown
    assert (changed.name, changed.address) == ("Zed Light", "Other Street 1")
    assert changed.plugins == ["airtel", "calin_meter", "sunking"]
    assert changed.owner_email == "zuhura@zed.example"
    assert visitor.get("").headers["Location"] == at("summary")


def test_a_password_once_chosen_stays_when_it_is_left_empty(visitor):
    row = visitor.fill_in()
    empty = {"password": "", "password_again": ""}

    page = text_of(visitor.get("person"))
    visitor.step("person", name="Zuhura A.", **empty)
    visitor.post("protected", empty)

    row.refresh_from_db()
    assert "Leave both empty to keep it" in page
    assert row.owner_name == "Zuhura A."
    assert check_password(PASSWORD, row.owner_password)
    assert check_password("lake-and-light-9", row.protected_password)


def test_the_second_password_may_be_left_out_and_taken_back(visitor):
    for name in ("company", "plugins", "person"):
        visitor.step(name)
    visitor.post("protected", {"password": "", "password_again": ""})
    assert SignUp.objects.get().protected_password == ""

    visitor.step("protected")
    assert SignUp.objects.get().protected_password
    visitor.post("protected", {"password": "", "password_again": "", "without": "on"})
    assert SignUp.objects.get().protected_password == ""
    assert "None." in text_of(visitor.get("summary"))


def test_passwords_are_kept_as_hashes_and_never_in_the_browser(visitor):
    row = visitor.fill_in()

    kept = str(SignUp.objects.filter(pk=row.pk).values().get())
    cookies = str(visitor.client.cookies)
    assert PASSWORD not in kept + cookies
    assert "lake-and-light-9" not in kept + cookies
    assert row.key_digest not in cookies
    assert "HttpOnly" in cookies


@pytest.mark.parametrize(
    ("step", "changes", "field", "said"),
    [
        ("company", {"name": " "}, "name", "is still empty"),
        ("company", {"name": "x" * 101}, "name", "at most 100"),
        ("company", {"slug": "9zed"}, "slug", "cannot be a short name"),
        ("company", {"slug": "zed-power"}, "slug", "cannot be a short name"),
        ("company", {"slug": "www"}, "slug", "is reserved"),
        ("company", {"slug": "jua"}, "slug", "There is a company “jua” already"),
        ("company", {"slug": "", "name": "7 9"}, "slug", "No short name can be made"),
        ("company", {"usage_types": []}, "usage_types", "Tick what you sell for"),
        ("company", {"usage_types": ["boats"]}, "usage_types", "boats"),
        ("company", {"country": ""}, "country", "is still empty"),
        ("company", {"country": "XX"}, "country", "XX"),
        ("company", {"currency": "ABC"}, "currency", "ABC"),
        ("company", {"timezone": "Africa/Nowhere"}, "timezone", "Africa/Nowhere"),
        ("company", {"country": "CD"}, "timezone", "Choose one"),
        ("company", {"language": "xx"}, "language", "xx"),
        ("company", {"address": ""}, "address", "is still empty"),
        ("company", {"phone": "12"}, "phone", "is not a phone number"),
        ("company", {"email": "office"}, "email", "not an e-mail address"),
        ("person", {"name": ""}, "name", "is still empty"),
        ("person", {"email": "zuhura"}, "email", "not an e-mail address"),
        ("person", {"password": "", "password_again": ""}, "password", "is still empty"),
        ("person", {"password_again": "another"}, "password_again", "not the same"),
        ("person", {"password": "short-1", "password_again": "short-1"}, "password", "too short"),
        ("person", {"password": "zuhura@zed.ex", "password_again": "zuhura@zed.ex"}, "password", "similar"),
        ("protected", {"password": "abc", "password_again": "abc"}, "password", "too short"),
        ("protected", {"password": "lake-and-light-9", "password_again": ""}, "password_again", "not the same"),
        ("protected", {"password": PASSWORD, "password_again": PASSWORD}, "password", "your own password"),
    ],
)  # fmt: skip
def test_every_field_is_checked_and_says_so_beside_it(visitor, step, changes, field, said):
    for name in STEPS:
        if name == step:
            break
        visitor.step(name)
    before = SignUp.objects.values().first()

    response = visitor.step(step, **changes)

    text = text_of(response)
    assert response.status_code == 422
    assert "<title>Error:" in text
    assert 'role="alert"' in text
    assert said in str(response.context["form"].errors[field])
    assert f'id="id_{field}_error"' in text
    assert f'href="#id_{field}"' in text
    assert PASSWORD not in text
    assert SignUp.objects.values().first() == before


def test_the_country_proposes_without_script_and_with_it(visitor):
    typed = {"name": "Luz Norte Lda", "country": "MZ", "fill": "1"}

    page = visitor.post("company", typed)
    part = visitor.post("company", typed, headers={"HX-Request": "true"})

    for response in (page, part):
        text = text_of(response)
        assert response.status_code == 200
        assert 'value="luznorte"' in text
        assert '<option value="MZN" selected>' in text
        assert '<option value="Africa/Maputo" selected>' in text
        assert '<option value="pt" selected>' in text
    assert "<html" not in part.content.decode()
    assert not SignUp.objects.exists()


def test_another_country_replaces_what_the_first_one_proposed(visitor):
    typed = {"name": "Luz", "slug": "mine", "currency": "MZN", "timezone": "Africa/Maputo",
             "language": "pt", "country": "TZ", "filled_for": "MZ", "fill": "1"}  # fmt: skip

    text = text_of(visitor.post("company", typed))

    assert '<option value="TZS" selected>' in text
    assert '<option value="Africa/Dar_es_Salaam" selected>' in text
    assert 'value="mine"' in text


def test_a_short_name_is_made_of_the_name_and_avoids_what_is_taken(visitor):
    visitor.step("company", slug="", name="Jua Ltd")

    assert SignUp.objects.get().slug == "jua2"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Zed Power Ltd", "zedpower"),
        ("Énergie du Lac SARL", "energiedulac"),
        ("Nuru ya Ziwa Mini-Grids & Solar Cooperative Society Limited", "nuruyaziwamini"),
        ("3 Rivers", "rivers"),
        ("Elektrizitaetsversorgungsgesellschaft Nord", "elektrizitaetsversorgungsgesell"),
        ("电力", ""),
        ("A", ""),
    ],
)
def test_a_short_name_is_handy(name, slug):
    assert proposed(name, lambda _: True) == slug


def test_plug_ins_are_shown_by_kind_for_what_the_company_sells_for(visitor):
    visitor.step("company", usage_types=["shs"])

    text = text_of(visitor.get("plugins"))

    for said in (
        "How do your customers pay?",
        "Which devices do you sell for?",
        "SunKing",
        "You need: client ID and client secret",
        "Needs an account",
        "Without an operator no payment comes in",
        "data:image/svg+xml,",
    ):
        assert said in text
    assert "Calin" not in text


def test_what_is_not_offered_cannot_be_chosen_and_drops_out_when_the_usage_changes(visitor):
    row = visitor.fill_in()

    visitor.post("plugins", {"plugin": ["airtel", "calin_meter", "nothing", "../x"]})
    row.refresh_from_db()
    first = row.plugins
    visitor.step("company", usage_types=["ebike"])

    row.refresh_from_db()
    assert first == ["airtel", "calin_meter"]
    assert row.plugins == ["airtel"]


def test_no_plug_in_at_all_is_allowed_and_its_consequence_said(visitor):
    visitor.step("company")
    visitor.post("plugins", {})
    visitor.step("person")
    visitor.step("protected")

    text = text_of(visitor.get("summary"))

    assert "None chosen." in text
    assert "Without an operator no payment comes in." in text
    assert "Without a manufacturer no token is made" in text


def test_two_browsers_have_two_sign_ups_and_neither_sees_the_other(visitor):
    visitor.fill_in()
    other = Visitor("10.0.0.2")

    other.step("company", name="Other Power", slug="other")

    assert other.get("summary").headers["Location"] == at("plugins")
    assert "Zed Power" not in text_of(other.get("plugins"))
    assert SignUp.objects.count() == 2


def test_a_key_that_somebody_made_up_opens_nothing(visitor):
    visitor.fill_in()
    thief = Visitor("10.0.0.3")
    thief.client.cookies["mpm_sign_up"] = SignUp.objects.get().key_digest

    assert thief.get("summary").headers["Location"] == at("company")


def test_one_sender_cannot_fill_the_database_with_drafts(visitor):
    answers = [Visitor("10.0.0.9").step("company").status_code for _ in range(21)]

    assert answers[:20] == [302] * 20
    assert answers[20] == 429
    assert SignUp.objects.count() == 20
    assert Visitor("10.0.0.8").step("company").status_code == 302


def test_looking_makes_no_row_and_asks_little(visitor, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        assert visitor.get("company").status_code == 200
    assert not SignUp.objects.exists()
    visitor.fill_in()
    for name in (*STEPS, "summary"):
        with django_assert_max_num_queries(4):
            assert visitor.get(name).status_code == 200


def test_each_page_is_small(visitor):
    sizes = {"": len(gzip.compress(Client(headers={"host": "localhost"}).get("/").content))}
    visitor.fill_in()
    for name in (*STEPS, "summary"):
        sizes[name] = len(gzip.compress(visitor.get(name).content))

    assert max(sizes.values()) <= 10_000, sizes


@pytest.mark.parametrize("name", ["", "company", "plugins", "summary"])
def test_where_sign_up_is_closed_it_says_so_and_takes_nothing(visitor, settings, name):
    settings.SIGN_UP_IS_OPEN = False

    page, posted = visitor.get(name), visitor.step("company")

    assert page.status_code == posted.status_code == 403
    assert "Sign-up is closed" in text_of(page)
    assert not SignUp.objects.exists()
    assert "Sign up a company" not in text_of(visitor.client.get("/"))


def test_a_form_from_elsewhere_is_refused():
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)

    assert client.post(at("company"), STEPS["company"]).status_code == 403
    assert not SignUp.objects.exists()


def test_the_e_mail_is_kept_in_small_letters(visitor):
    row = visitor.fill_in()

    assert row.owner_email == PERSON["email"].lower()
