"""Readers for settings whose nonsense must stop the start with one sentence."""

import datetime as dt
import importlib
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def fernet_keys(text: str) -> list[str]:
    """:raises ImproperlyConfigured: a key is not 32 url-safe base64 bytes"""
    keys = [key.strip() for key in text.split(",") if key.strip()]
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key.encode())
        except ValueError:
            raise ImproperlyConfigured(
                f"FIELD_KEYS: key {number} is not a Fernet key (44 characters, as `make key` prints)."
            ) from None
    if not keys:
        raise ImproperlyConfigured("FIELD_KEYS holds no key.")
    return keys


def host_name(text: str) -> str:
    """:raises ImproperlyConfigured: a scheme, port or path where a bare name is wanted"""
    name = text.strip().lower()
    if not name or "/" in name or ":" in name:
        raise ImproperlyConfigured(
            f"PUBLIC_HOST is {text!r}: write the bare host name, like mpm.example.org."
        )
    return name


def no_crashing(text: str, *, is_development: bool) -> None:
    """:raises ImproperlyConfigured: points to die at are set where real money moves"""
    if text and not is_development:
        raise ImproperlyConfigured("MPM_CRASH_AT is set: it kills processes and is for tests only.")


def make_defective(name: str, *, is_development: bool) -> None:
    """Switch on a deliberate defect of the simulation, which must come before any room is loaded.

    :raises ImproperlyConfigured: one is named where real money moves
    """
    if not name:
        return
    if not is_development:
        raise ImproperlyConfigured(
            "MPM_DEFECT is set: it makes errors on purpose and is for tests only."
        )
    # By name: what is shipped does not hold the simulation.
    importlib.import_module("simulation.defects").install(name)


def days(name: str, number: int) -> dt.timedelta:
    """:raises ImproperlyConfigured: less than one day"""
    if number < 1:
        raise ImproperlyConfigured(f"{name} is {number}: keep things for one day at least.")
    return dt.timedelta(days=number)


def hours(name: str, number: int) -> int:
    """Return seconds.

    :raises ImproperlyConfigured: less than one hour
    """
    if number < 1:
        raise ImproperlyConfigured(f"{name} is {number}: give people one hour at least.")
    return number * 3600


def redis_url(text: str) -> str:
    """:raises ImproperlyConfigured: not a redis address"""
    if urlsplit(text).scheme not in {"redis", "rediss"}:
        # The text itself may hold a password, and this sentence ends in a log.
        raise ImproperlyConfigured("REDIS_URL is wrong: it must look like redis://host:6379/0.")
    return text


def scheme(text: str) -> str:
    """:raises ImproperlyConfigured: neither http nor https, so that cookies would travel in clear"""
    if text not in {"http", "https"}:
        raise ImproperlyConfigured(f"PUBLIC_SCHEME is {text!r}: write http or https.")
    return text


def proxies(count: int) -> int:
    """:raises ImproperlyConfigured: less than none, which would believe the sender's own words"""
    if count < 0:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES is {count}: write 0 or more.")
    return count
