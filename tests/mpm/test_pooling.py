import pytest
from django.core.exceptions import ImproperlyConfigured

from mpm import pooling


def test_a_server_that_gives_each_connection_its_session_is_fine(public):
    pooling.refuse_transaction_pooling()


def test_a_pool_that_shares_sessions_stops_the_start(public, monkeypatch):
    monkeypatch.setattr(pooling, "session_of", lambda connection: 4711)

    with pytest.raises(ImproperlyConfigured, match="session pooling"):
        pooling.refuse_transaction_pooling()
