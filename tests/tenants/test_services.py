"""A company is made whole or not at all."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django_tenants.utils import schema_exists

from tenants import services
from tenants.models import Company, Domain, DueWork

ZED = {
    "slug": "zed",
    "name": "Zed Power",
    "country": "TZ",
    "currency": "TZS",
    "timezone": "Africa/Dar_es_Salaam",
}


def nothing(company: Company) -> None:
    """Leave the company as it is."""


def add(furnish=nothing, **changes) -> Company:
    return services.add_company(**{**ZED, **changes}, furnish=furnish)


def assert_there_is_no_zed() -> None:
    assert not Company.objects.filter(schema_name="zed").exists()
    assert not schema_exists("zed")


def test_a_company_goes_live_with_its_host_and_its_daily_work(public_committed):
    seen = []

    company = add(lambda made: seen.append((connection.schema_name, made.is_active)))

    company.refresh_from_db()
    work = DueWork.objects.get(company=company, kind=DueWork.Kind.ACCESS_FEES)
    midnight = work.due_at.astimezone(dt.timezone(dt.timedelta(hours=3)))
    assert seen == [("zed", False)]
    assert company.is_active
    assert Domain.objects.get(tenant=company).domain == "zed.localhost"
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert DueWork.objects.filter(company=company, kind=DueWork.Kind.SEALS).exists()
    assert dt.timedelta(0) < work.due_at - dt.datetime.now(dt.UTC) <= dt.timedelta(days=1)
    assert connection.schema_name == "public"


def test_a_company_that_cannot_be_furnished_leaves_nothing_behind(public_committed):
    def fail(_company: Company) -> None:
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError):
        add(fail)

    assert_there_is_no_zed()
    assert connection.schema_name == "public"


def test_a_short_name_is_taken_once(public):
    with pytest.raises(services.SlugTaken):
        add(slug="jua")

    assert schema_exists("jua")


def test_what_a_killed_attempt_left_is_replaced(public_committed):
    half = Company(
        schema_name="zed",
        name="Half",
        country="TZ",
        currency="TZS",
        timezone="UTC",
        is_active=False,
    )
    half.save(verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE zed.half_made (id int)")

    add()

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('zed.half_made')")
        assert cursor.fetchone() == (None,)
    assert Company.objects.get(schema_name="zed").name == "Zed Power"


def test_a_company_that_is_switched_off_is_not_replaced(public):
    Company.objects.filter(schema_name="taa").update(is_active=False)

    with pytest.raises(services.SlugTaken):
        add(slug="taa")

    assert schema_exists("taa")


def test_a_schema_of_somebody_else_is_left_alone(public_committed):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA zed")

    with pytest.raises(services.SchemaInTheWay):
        add()

    assert schema_exists("zed")


def test_two_attempts_at_once_do_not_meet(public_committed):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('company:zed', 0))")
        with pytest.raises(services.CompanyBeingMade):
            add()
    finally:
        other.close()

    assert_there_is_no_zed()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"slug": "Zed"}, services.SlugNotAllowed),
        ({"slug": "z"}, services.SlugNotAllowed),
        ({"slug": "9zed"}, services.SlugNotAllowed),
        ({"slug": "zed-power"}, services.SlugNotAllowed),
        ({"slug": "pg_zed"}, services.SlugNotAllowed),
        ({"slug": "zed\n"}, services.SlugNotAllowed),
        ({"slug": "z" * 32}, services.SlugNotAllowed),
        ({"slug": "public"}, services.SlugReserved),
        ({"slug": "www"}, services.SlugReserved),
        ({"name": " "}, services.NameNotAllowed),
        ({"name": "Z" * 101}, services.NameNotAllowed),
        ({"country": "tz"}, services.UnknownCountry),
        ({"country": "ZZ"}, services.UnknownCountry),
        ({"currency": "TZ"}, services.UnknownCurrency),
        ({"currency": "GHC"}, services.UnknownCurrency),  # replaced by GHS in 2007
        ({"timezone": "Dar es Salaam"}, services.UnknownTimezone),
        ({"timezone": "../etc/passwd"}, services.UnknownTimezone),
        ({"language": "xx"}, services.UnknownLanguage),
    ],
)
def test_facts_that_make_no_company_are_refused(public, changes, refusal):
    with pytest.raises(refusal):
        add(**changes)

    assert_there_is_no_zed()


@pytest.mark.parametrize("code", ["TZS", "UGX", "KES", "XOF", "MZN", "NGN", "ZMW", "USD", "ETB"])
def test_currencies_in_use_are_known(code):
    assert code in services.currencies_in_use()


def test_an_error_after_people_were_let_in_takes_nothing_from_them(public_committed):
    def fail():
        raise RuntimeError("the broker is gone")

    with pytest.raises(RuntimeError):
        add(on_live=lambda _: transaction.on_commit(fail))

    assert Company.objects.get(schema_name="zed").is_active
    assert schema_exists("zed")
