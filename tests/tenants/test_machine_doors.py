"""What stands below /webhooks/ is for machines: nothing of a page comes along."""

from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError

from payments import webhooks


def call(client, world, action="process"):
    path = f"/webhooks/airtel/{world.airtel.webhook_key}/{action}"
    return client.post(path, "<COMMAND/>", content_type="application/xml")


def test_a_callback_is_answered_without_cookies_or_the_headers_of_a_page(world, stranger):
    answer = call(stranger, world)

    assert answer.status_code == 200
    assert answer.content.startswith(b"<COMMAND>")
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert not answer.cookies
    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_door_that_is_not_there_is_not_found(world, stranger):
    assert call(stranger, world, "elsewhere").status_code == 404
    assert stranger.post("/webhooks/").status_code == 404


def test_the_public_host_has_no_doors(public, client):
    assert (
        client.post("/webhooks/airtel/key/process", headers={"host": "localhost"}).status_code
        == 404
    )


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
def test_a_database_that_is_away_asks_the_operator_to_come_back(world, stranger, trouble):
    with (
        mock.patch.object(webhooks.CONNECTION, "first", side_effect=trouble),
        mock.patch("tenants.middleware.connection"),
    ):
        answer = call(stranger, world)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
