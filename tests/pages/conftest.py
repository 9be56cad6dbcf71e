"""The addresses of every page that a company has, with the things they are about."""

import pytest
from django.test import Client

from tests.busy import fill


@pytest.fixture
def busy(world):
    """The small world, grown: lists have more rows than a page shows."""
    return fill(world, Client(headers={"host": "jua.localhost"}))
