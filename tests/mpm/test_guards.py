"""Settings that would open a door stop the start, in a sentence without secrets."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from mpm import guards


@pytest.mark.parametrize("text", ["htps", "HTTPS", "https://", ""])
def test_a_scheme_is_http_or_https_and_nothing_that_quietly_means_http(text):
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_SCHEME"):
        guards.scheme(text)


def test_nobody_can_trust_less_than_no_proxies():
    assert guards.proxies(0) == 0
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        guards.proxies(-1)


def test_a_wrong_address_of_the_queue_is_named_without_its_password():
    with pytest.raises(ImproperlyConfigured) as refused:
        guards.redis_url("http://:hunter22@queue:6379/0")
    assert "hunter22" not in str(refused.value)
