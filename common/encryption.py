"""Encryption at rest for secrets and callbacks.

``FIELD_KEYS`` holds Fernet keys, newest first: the first encrypts, all decrypt. To rotate, put a new key
in front, run ``manage.py rotate_keys``, then drop the old one.
"""

import functools
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@functools.lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key.encode()) for key in keys])


def box() -> MultiFernet:
    return _box(tuple(settings.FIELD_KEYS))


def encrypt(data: bytes) -> bytes:
    return box().encrypt(data)


def decrypt(data: bytes) -> bytes:
    """:raises ImproperlyConfigured: none of FIELD_KEYS opens this value"""
    try:
        return box().decrypt(data)
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "FIELD_KEYS does not hold the key of a stored secret."
        ) from error


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]
    """JSON that only this installation can read; ``bytes`` never leave the model as such."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bytes | memoryview):
            return value
        return encrypt(json.dumps(value).encode())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(decrypt(bytes(value)))

    def value_to_string(self, obj: models.Model) -> str:
        return ""
