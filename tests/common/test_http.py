"""What is refused before anybody asks who sent it."""

import pytest

from tests.conftest import client_for


class Unread:
    """A body of which nothing may be read."""

    def read(self, *_):
        raise AssertionError("it was read")

    readline = read


@pytest.mark.parametrize("length", ["20971521", "9" * 5000, "0" * 30 + "20971521"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/csv"])
def test_a_body_that_nobody_takes_is_refused_unread(world, length, kind):
    body = {"CONTENT_LENGTH": length, "CONTENT_TYPE": kind, "wsgi.input": Unread()}

    answer = client_for(None).request(REQUEST_METHOD="POST", PATH_INFO="/account/login/", **body)

    assert answer.status_code == 413
