"""Fifty rows, and a link to the next fifty."""

import pytest
from django.http import QueryDict

from common.paging import address_with, page_of
from locations.models import Cluster


@pytest.fixture
def clusters(jua):
    Cluster.objects.bulk_create(Cluster(name=f"C{number:03d}") for number in range(7))
    return Cluster.objects.order_by("name")


def test_the_first_page_leads_on_and_keeps_the_rest_of_the_address(clusters):
    page = page_of(clusters, QueryDict("village=x"), rows=3)
    assert [row.name for row in page.rows] == ["C000", "C001", "C002"]
    assert (page.first, page.last, page.total) == (1, 3, 7)
    assert page.next_url == "?village=x&after=3"
    assert page.previous_url == ""


def test_the_last_page_leads_back_only(clusters):
    page = page_of(clusters, QueryDict("after=6"), rows=3)
    assert [row.name for row in page.rows] == ["C006"]
    assert page.next_url == ""
    assert page.previous_url == "?after=3"


@pytest.mark.parametrize("nonsense", ["-1", "x", "1e9", "99999999999999999999", "\u0663"])
def test_nonsense_in_the_address_shows_the_first_page(clusters, nonsense):
    page = page_of(clusters, QueryDict(mutable=True) | {"after": nonsense}, rows=3)
    assert page.first == 1


def test_a_page_beyond_the_end_is_empty_and_leads_back(clusters):
    page = page_of(clusters, QueryDict("after=60"), rows=3)
    assert page.rows == []
    assert page.previous_url


def test_an_empty_value_leaves_the_address():
    assert address_with(QueryDict("a=1&b=2"), a=None, b="", c=3) == "?c=3"
