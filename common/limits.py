"""How often something may be tried: counted in the cache, so a cache that is away counts nothing."""

import ipaddress

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

from common.http import remote_ip

IPV6_HOUSEHOLD = 64  # bits: whoever has one address of these has all of them


def is_allowed(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one try, and return whether it is among the ``most`` that are allowed in so many seconds.

    The time begins with the first try. Keys are of the open schema, so companies count apart.
    """
    key = f"limit:{what}:{who.lower()}"
    if cache.add(key, 1, seconds):
        return True
    try:
        return int(cache.incr(key)) <= most
    except (RedisError, ValueError):  # away, or its time ended just now
        return True


def sender_of(request: HttpRequest) -> str:
    """Return whom tries are counted for: the sender's address, for IPv6 the network of a household."""
    text = remote_ip(request)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 6:
        return str(ipaddress.ip_network((address, IPV6_HOUSEHOLD), strict=False))
    return text
