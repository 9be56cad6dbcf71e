"""What stands around every page, and what is shown when there is none."""

import pytest
from django.test import RequestFactory, override_settings
from django.urls import reverse

from desk.views import errors


def links(response):
    return response.content.decode()


def test_the_navigation_shows_the_places_that_a_clerk_may_use(clerk, world):
    text = links(clerk.get("/"))
    for place in ("Home", "Inbox", "Payments", "Customers", "Devices", "Messages"):
        assert f"{place}" in text
    assert reverse("plugins:connection-list") not in text
    assert "Sandbox" not in text


def test_settings_stand_in_the_navigation_of_an_owner_only(owner, world):
    assert reverse("plugins:connection-list") in links(owner.get("/"))


def test_no_link_of_the_navigation_is_dead(owner, world):
    shell = owner.get("/").context["shell"]
    for place in [*shell.places, *shell.shortcuts]:
        assert owner.get(place.url).status_code == 200, place.url


@override_settings(SANDBOX_URL="http://localhost:8900/")
def test_the_sandbox_is_linked_where_it_runs(owner, world):
    assert 'href="http://localhost:8900/"' in links(owner.get("/"))


@pytest.mark.parametrize(
    ("view", "current"),
    [("desk:home", "Home"), ("desk:customer-list", "Customers"), ("desk:device-list", "Devices")],
)
def test_the_place_where_one_is_is_marked(owner, world, view, current):
    places = owner.get(reverse(view)).context["shell"].places
    assert [str(p.label) for p in places if p.current == "page"] == [current]


def test_inside_a_place_its_list_is_marked_as_the_way_back(owner, world):
    response = owner.get(reverse("desk:customer", args=[world.neema.public_id]))
    places = response.context["shell"].places
    assert [(str(p.label), p.current) for p in places if p.current] == [("Customers", "true")]


def test_the_count_of_the_inbox_stands_in_the_navigation(owner, airtel):
    assert 'class="count"' not in links(owner.get("/"))
    # The first money of a device nobody knows is refused, which somebody should see.
    airtel(account="99999999999")
    assert '<span class="count">1</span>' in links(owner.get("/"))


def test_pages_bring_nothing_from_elsewhere_and_nothing_inline(owner, world):
    response = owner.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = response.content.decode()
    assert "http://" not in text
    assert "https://" not in text
    assert " style=" not in text


def test_a_page_is_under_ten_kilobytes_compressed(owner, world):
    response = owner.get("/", headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.content) < 10_000


def test_nothing_at_an_address_is_said_in_plain_words(owner, world):
    response = owner.get("/no-such-page/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_a_page_above_ones_role_is_refused_in_plain_words(clerk, world):
    response = clerk.get(reverse("plugins:connection-list"))
    assert response.status_code == 403
    assert "not open to you" in response.content.decode()


def test_a_form_without_its_proof_changes_nothing_and_says_what_to_do(jua, kato):
    from django.test import Client

    client = Client(enforce_csrf_checks=True, headers={"host": "jua.localhost"})
    client.force_login(kato)
    response = client.post(reverse("accounts:profile"), {"name": "X"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()
    kato.refresh_from_db()
    assert kato.name == "Juma Kato"


def test_the_page_for_our_own_mistakes_needs_neither_database_nor_session(
    jua, django_assert_num_queries
):
    request = RequestFactory().get("/", headers={"host": "jua.localhost"})
    request.company = jua
    with django_assert_num_queries(0):
        response = errors.broken(request)
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_the_first_page_of_the_public_host_asks_no_session(public, django_assert_num_queries):
    from tests.conftest import client_for

    client = client_for(None, host="localhost")
    with django_assert_num_queries(0):
        response = client.get("/")
    assert response.status_code == 200
    assert "log in" in response.content.decode()
