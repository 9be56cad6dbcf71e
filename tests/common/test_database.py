"""A connection that broke in the middle of a transaction does not spoil its process."""

import pytest
from django.db import ProgrammingError, connections, transaction

from common.database import mend_connection


@pytest.fixture
def spoilt(db):
    """A connection of its own that broke where a transaction began."""
    connection = connections.create_connection("default")
    connection.ensure_connection()
    connection.connection.close()
    connection.in_atomic_block = True
    connection.close()
    connection.connection = None  # as the end of the next transaction leaves it
    yield connection
    connection.in_atomic_block = connection.closed_in_transaction = False
    connection.close()


def test_it_is_opened_anew(spoilt):
    with pytest.raises(ProgrammingError, match="Cannot open a new connection in an atomic block"):
        spoilt.cursor()

    mend_connection(spoilt)

    with spoilt.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert not spoilt.in_atomic_block


def test_a_transaction_that_somebody_is_in_goes_on(world):
    connection = connections["default"]
    with transaction.atomic():
        world.neema.first_name = "Nuru"
        world.neema.save(update_fields=["first_name"])

        mend_connection()

        assert connection.in_atomic_block
    world.neema.refresh_from_db()
    assert world.neema.first_name == "Nuru"
