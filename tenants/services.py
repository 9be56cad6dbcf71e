"""Making companies: checked, whole or not at all."""

import contextlib
import functools
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from typing import Any

import phonenumbers
from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError, connection, transaction
from django_tenants.utils import schema_exists, tenant_context

from common import crash
from common.clock import database_now, next_midnight
from common.errors import DomainError
from common.phone import parse_phone
from common.words import _
from tenants.models import Company, Domain, DueWork, SignUp
from tenants.selectors import host_of

SLUG = re.compile(r"[a-z][a-z0-9]{1,30}")
# Names that mean something else as a host or in PostgreSQL. Those with a dash or underscore fail SLUG anyway.
RESERVED = frozenset(
    [
        "public",
        "www",
        "api",
        "admin",
        "static",
        "media",
        "assets",
        "mail",
        "smtp",
        "imap",
        "pop",
        "ftp",
        "ns",
        "ns1",
        "ns2",
        "dns",
        "app",
        "apps",
        "webhooks",
        "healthz",
        "localhost",
        "status",
        "help",
        "docs",
        "root",
        "postgres",
        "template0",
        "template1",
    ]
)


class Stage(IntEnum):
    """What is being done for a company that is made."""

    WAITING = 0
    TABLES = 1
    FURNISHING = 2
    LIVE = 3


class SlugNotAllowed(DomainError):
    message = _(
        "“%(slug)s” cannot be a short name. Take 2 to 31 small letters and digits, a letter first, like jua."
    )


class SlugReserved(DomainError):
    message = _("“%(slug)s” is reserved for the installation itself. Take another short name.")


class SlugTaken(DomainError):
    message = _("There is a company “%(slug)s” already. Take another short name.")


class SchemaInTheWay(DomainError):
    message = _(
        "The database has a schema “%(slug)s” that belongs to no company."
        " Remove it or take another short name."
    )


class CompanyBeingMade(DomainError):
    message = _("“%(slug)s” is being made at this moment. Look again in a few seconds.")


class NameNotAllowed(DomainError):
    message = _("Give the company a name of 1 to 100 characters.")


class UnknownCountry(DomainError):
    message = _("“%(value)s” is not a country. Write its two capital letters, like TZ.")


class UnknownCurrency(DomainError):
    message = _("“%(value)s” is not a currency in use. Write its three capital letters, like TZS.")


class UnknownTimezone(DomainError):
    message = _("“%(value)s” is not a time zone. Write one like Africa/Dar_es_Salaam.")


class EmailNotAllowed(DomainError):
    message = _("“%(value)s” is not an e-mail address. Write one like office@jua.example.")


class UnknownUsageType(DomainError):
    message = _("“%(value)s” is not a usage type. Choose of: %(choices)s.")


class UnknownLanguage(DomainError):
    message = _("“%(value)s” is not a language of this system. Choose one of: %(choices)s.")


def add_company(
    *,
    slug: str,
    name: str,
    country: str,
    currency: str,
    timezone: str,
    language: str = "en",
    about: Mapping[str, Any] | None = None,
    furnish: Callable[[Company], Any],
    on_stage: Callable[[Stage], Any] = lambda _: None,
    on_live: Callable[[Company], Any] = lambda _: None,
) -> Company:
    """Make a company with its schema and host. It goes live only when everything is there.

    ``furnish`` fills the company while its schema is open, in one transaction, before anybody can reach it.
    Whatever fails on the way, also in ``furnish``, leaves nothing behind. What a killed process left
    half made is removed by the next attempt.

    :param about: what else is known, by the names of the columns of ``Company``
    :param on_stage: told what is done next, outside of transactions
    :param on_live: called in the transaction that lets people in

    :raises DomainError: a fact is wrong, or the short name is taken; nothing was made
    """
    _check(
        slug=slug, name=name, country=country, currency=currency, zone=timezone, language=language
    )
    more = _checked(about or {}, country)
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    with _alone(slug):
        _make_room(slug)
        company = Company(
            schema_name=slug,
            name=name.strip(),
            country=country,
            currency=currency,
            timezone=timezone,
            language=language,
            is_active=False,
            **more,
        )
        try:
            on_stage(Stage.TABLES)
            company.save(verbosity=0)
            crash.point("company.tables_made")
            on_stage(Stage.FURNISHING)
            with tenant_context(company), transaction.atomic():
                furnish(company)
            crash.point("company.furnished")
            with transaction.atomic():
                _go_live(company)
                on_live(company)
        except BaseException:
            _remove_unless_live(company)
            raise
    return company


def _check(*, slug: str, name: str, country: str, currency: str, zone: str, language: str) -> None:
    _check_slug(slug)
    if not 1 <= len(name.strip()) <= 100:
        raise NameNotAllowed
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownCountry(value=country[:40])
    if currency not in currencies_in_use():
        raise UnknownCurrency(value=currency[:40])
    if zone not in known_timezones():
        raise UnknownTimezone(value=zone[:60])
    choices = dict(settings.LANGUAGES)
    if language not in choices:
        raise UnknownLanguage(value=language[:20], choices=", ".join(choices))


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise SlugNotAllowed(slug=slug[:40])
    if slug in RESERVED:
        raise SlugReserved(slug=slug)


def _checked(about: Mapping[str, Any], country: str) -> dict[str, Any]:
    """Return what else is said of a company as it is kept.

    :raises DomainError: one of it cannot be
    """
    facts = dict(about)
    if facts.get("phone"):
        facts["phone"] = parse_phone(facts["phone"], country)
    if facts.get("email"):
        try:
            validate_email(facts["email"])
        except ValidationError:
            raise EmailNotAllowed(value=facts["email"][:60]) from None
    known = Company.UsageType.values
    if strange := [each for each in facts.get("usage_types", ()) if each not in known]:
        raise UnknownUsageType(value=str(strange[0])[:20], choices=", ".join(known))
    return facts


@functools.cache
def currencies_in_use() -> frozenset[str]:
    """Return the ISO 4217 codes that are legal tender somewhere today."""
    territories = get_global("territory_currencies")
    return frozenset(code for each in territories for code in get_territory_currencies(each))


@functools.cache
def known_timezones() -> frozenset[str]:
    """Return the names of time zones; the files are read once."""
    return frozenset(zoneinfo.available_timezones())


@contextlib.contextmanager
def _alone(slug: str) -> Iterator[None]:
    """Keep a second attempt at the same short name out; the database forgets the lock of a dead process."""
    key = f"company:{slug}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        (got_it,) = cursor.fetchone()
    if not got_it:
        raise CompanyBeingMade(slug=slug)
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _make_room(slug: str) -> None:
    company = Company.objects.filter(schema_name=slug).first()
    if company is None:
        if schema_exists(slug):
            raise SchemaInTheWay(slug=slug)
        return
    if _is_live(company):
        raise SlugTaken(slug=slug)
    _remove(company)


def clear_half_made(slug: str) -> None:
    """Remove what a killed attempt left of a company that never went live.

    :raises CompanyBeingMade: somebody is at it
    :raises SlugTaken: it is live
    """
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    with _alone(slug):
        _make_room(slug)


def check_slug(slug: str) -> None:
    """Look whether a company may be called so at this moment.

    :raises DomainError: it cannot be a short name, is reserved, or taken
    """
    _check_slug(slug)
    if SignUp.objects.filter(slug=slug, state=SignUp.State.CONFIRMED).exists():
        raise SlugTaken(slug=slug)
    company = Company.objects.filter(schema_name=slug).first()
    if company is not None and _is_live(company):
        raise SlugTaken(slug=slug)
    if company is None and schema_exists(slug):
        raise SchemaInTheWay(slug=slug)


def _is_live(company: Company) -> bool:
    """Return whether it is, or was, in use; what is not was left half made."""
    return company.is_active or Domain.objects.filter(tenant=company).exists()


def _go_live(company: Company) -> None:
    Domain.objects.create(tenant=company, domain=host_of(company), is_primary=True)
    now = database_now()
    first_looks = {
        DueWork.Kind.ACCESS_FEES: next_midnight(company.timezone, now),
        DueWork.Kind.SEALS: now,
        DueWork.Kind.WATCH: now,
    }
    for kind, due_at in first_looks.items():
        DueWork.objects.create(company=company, kind=kind, due_at=due_at)
    company.is_active = True
    company.save(update_fields=["is_active"])


def _remove_unless_live(company: Company) -> None:
    """Remove what failed; what went wrong after people were let in takes nothing from them."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    stored = Company.objects.filter(pk=company.pk).first() if company.pk else None
    if stored is None or not _is_live(stored):
        _remove(company)


def _remove(company: Company) -> None:
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    if company.pk is not None:
        company.delete(force_drop=True)
