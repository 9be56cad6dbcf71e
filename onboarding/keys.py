"""Encrypting anew what is stored, after a new key was put in front of FIELD_KEYS."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from common.encryption import EncryptedJSONField, box

CHUNK = 500
# What allauth keeps of an app's and of recovery codes, encrypted by our adapter.
SECOND_STEPS = ("secret", "seed")


@dataclass(slots=True)
class Rotated:
    """Values of one column: encrypted anew, of the newest key already, and opened by none of the keys."""

    company: str
    column: str
    changed: int = 0
    current: int = 0
    unreadable: int = 0


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedJSONField]]:
    """Yield every encrypted column of every model."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field


def rotate_company(slug: str) -> Iterator[Rotated]:
    """Encrypt all values of the company whose schema is open with the newest key, column by column.

    Every chunk is a transaction of its own and values of the newest key are passed over, so an interrupted run
    is simply started again. A value that no key opens is left as it is and counted.
    """
    for model, field in encrypted_columns():
        rotated = Rotated(company=slug, column=f"{model._meta.label}.{field.name}")
        after = 0
        while (last := _rotate_chunk(model, field, after, rotated)) is not None:
            after = last
        yield rotated
    yield _rotate_second_steps(slug)


@transaction.atomic
def _rotate_second_steps(slug: str) -> Rotated:
    """Rotate what stands inside allauth's JSON."""
    rotated = Rotated(company=slug, column="mfa.Authenticator.data")
    for step in Authenticator.objects.select_for_update(no_key=True):
        stored = [name for name in SECOND_STEPS if name in step.data]
        anew = {name: _anew(step.data[name].encode(), rotated) for name in stored}
        changed = {name: value.decode() for name, value in anew.items() if value is not None}
        if changed:
            step.data = {**step.data, **changed}
            step.save(update_fields=["data"])
    return rotated


@transaction.atomic
def _rotate_chunk(
    model: type[models.Model], field: EncryptedJSONField, after: int, rotated: Rotated
) -> int | None:
    """Rotate the next rows by primary key; return the last of them, or None when there were none."""
    quote = connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(str(field.column))
    key = quote(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {column} FROM {table} WHERE {key} > %s AND {column} IS NOT NULL"  # noqa: S608
            f" ORDER BY {key} LIMIT %s FOR NO KEY UPDATE",
            [after, CHUNK],
        )
        rows = cursor.fetchall()
        anew = [(pk, new) for pk, old in rows if (new := _anew(bytes(old), rotated)) is not None]
        if anew:
            cursor.execute(
                f"UPDATE {table} SET {column} = new.value"  # noqa: S608
                f" FROM unnest(%s::bigint[], %s::bytea[]) AS new (id, value) WHERE {table}.{key} = new.id",
                [[pk for pk, _new in anew], [new for _pk, new in anew]],
            )
    return int(rows[-1][0]) if rows else None


def _anew(old: bytes, rotated: Rotated) -> bytes | None:
    """Return the value under the newest key, or None where there is nothing to change; count which."""
    with contextlib.suppress(InvalidToken):
        Fernet(settings.FIELD_KEYS[0].encode()).decrypt(old)
        rotated.current += 1
        return None
    try:
        new = box().rotate(old)
    except InvalidToken:
        rotated.unreadable += 1
        return None
    rotated.changed += 1
    return new
