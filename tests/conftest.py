"""The small world of the tests: two companies with the same ids, their people, devices and connections.

Most tests run inside one rolled-back transaction in the schema of ``jua``. Tests that start processes or
threads take a company of their own (``fresh_company``), whose schema is dropped afterwards: the books refuse
to be emptied.
"""

import contextlib
import datetime as dt
import os
import uuid
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases

from accounts.models import User
from customers.models import Customer
from devices.models import Device, Tariff, TariffVersion
from locations.models import Cluster, MiniGrid, Village
from plugins.models import Connection
from tenants import pulse
from tenants.models import Company, Domain
from tenants.scope import forget_companies, in_company
from tenants.selectors import forget_hosts

pytest_plugins = ["tests.line"]

NOW = dt.datetime(2026, 11, 23, 11, 2, 7, tzinfo=dt.UTC)
PASSWORD = "a-long-password-of-tests"
COMPANIES = {"jua": "Jua Power", "taa": "Taa Energy"}

# Stretching passwords guards them against whoever stole the hashes; the tests' own are known, and many.
PBKDF2PasswordHasher.iterations = 1_000

# Each test process has a cache of its own, in a Redis database of its own, and may take its time under load.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
CACHE = settings.CACHES["default"]
CACHE["LOCATION"] = urlsplit(settings.REDIS_URL)._replace(path=f"/{WORKER + 1}").geturl()
CACHE["OPTIONS"] = {"socket_timeout": 5, "socket_connect_timeout": 5}


def make_company(slug: str, name: str) -> Company:
    company = Company.objects.create(
        schema_name=slug, name=name, country="TZ", currency="TZS", timezone="Africa/Dar_es_Salaam"
    )
    Domain.objects.create(tenant=company, domain=f"{slug}.localhost", is_primary=True)
    return company


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment,
    django_db_blocker,
    django_db_keepdb,
    django_db_createdb,
    django_db_modify_db_settings,
):
    """The test database with both companies.

    Made here, since pytest-django makes none, and leaves the tests in the developer's own database, when all
    tests of a run commit what they do.
    """
    keep = django_db_keepdb and not django_db_createdb
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=keep)
        connection.set_schema_to_public()
        for slug, name in COMPANIES.items():
            if not Company.objects.filter(schema_name=slug).exists():
                make_company(slug, name)
        connection.set_schema_to_public()
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def forget():
    """No test sees what another one's process remembered; to all of them, the workers run."""
    forget_companies()
    forget_hosts()
    pulse.remember(pulse.Pulse(NOW, is_silent=False), seconds=600)
    yield
    forget_companies()
    forget_hosts()
    pulse.forget()


@pytest.fixture
def public(db):
    connection.set_schema_to_public()
    yield
    connection.set_schema_to_public()


@pytest.fixture
def jua(db) -> Company:
    """The company whose schema is open."""
    connection.set_schema_to_public()
    company = Company.objects.get(schema_name="jua")
    connection.set_tenant(company)
    yield company
    connection.set_schema_to_public()


@pytest.fixture
def taa(db) -> Company:
    """The other company; its schema is not opened by this fixture."""
    return Company.objects.get(schema_name="taa")


def make_user(role: str, name: str, email: str) -> User:
    return User.objects.create_user(email=email, password=PASSWORD, name=name, role=role)


@pytest.fixture
def amina(jua) -> User:
    return make_user(User.Role.OWNER, "Amina Said", "amina@jua.example")


@pytest.fixture
def asha(jua) -> User:
    return make_user(User.Role.FINANCIAL_MANAGER, "Asha Mwinyi", "asha@jua.example")


@pytest.fixture
def kato(jua) -> User:
    return make_user(User.Role.USER, "Juma Kato", "kato@jua.example")


def client_for(user: User | None, host: str = "jua.localhost") -> Client:
    client = Client(headers={"host": host})
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def owner(amina) -> Client:
    """A browser in which Amina, the owner, is logged in."""
    return client_for(amina)


@pytest.fixture
def accountant(asha) -> Client:
    return client_for(asha)


@pytest.fixture
def clerk(kato) -> Client:
    """A browser of somebody who may look but not decide."""
    return client_for(kato)


@pytest.fixture
def stranger(jua) -> Client:
    return client_for(None)


AIRTEL_SETTINGS = {
    "check_jwt": False,
    "check_ip": False,
    "allowed_ips": [],
    "check_password": True,
    "username": "jua",
    "merchant_msisdn": "",
    "country_code": "255",
}


def make_world(*, price: str = "400", manufacturer: str = "demo_meter") -> SimpleNamespace:
    """Neema in Bwisya with a meter on 400 per kWh, Airtel, a manufacturer and the console gateway."""
    cluster = Cluster.objects.create(name="Ukerewe")
    mini_grid = MiniGrid.objects.create(cluster=cluster, name="Ukara")
    village = Village.objects.create(
        mini_grid=mini_grid, name="Bwisya", latitude=Decimal("-1.85"), longitude=Decimal("33.05")
    )
    neema = Customer.objects.create(
        first_name="Neema", last_name="Bahati", phone="+255754123456", village=village
    )
    tariff = Tariff.objects.create(name="Household")
    TariffVersion.objects.create(
        tariff=tariff,
        valid_from=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        price_per_kwh=Decimal(price),
    )
    meter = Device.objects.create(
        kind=Device.Kind.METER,
        manufacturer=manufacturer,
        serial="47000100011",
        customer=neema,
        village=village,
        tariff=tariff,
        assigned_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )
    airtel = Connection.objects.create(
        plugin="airtel", kind="payment", settings=AIRTEL_SETTINGS, secrets={"password": "airtel-pw"}
    )
    maker = Connection.objects.create(
        plugin=manufacturer, kind="manufacturer", secrets={"seed": "seed-of-the-tests"}
    )
    console = Connection.objects.create(plugin="console_sms", kind="sms")
    return SimpleNamespace(
        village=village,
        mini_grid=mini_grid,
        cluster=cluster,
        neema=neema,
        tariff=tariff,
        meter=meter,
        airtel=airtel,
        maker=maker,
        console=console,
    )


@pytest.fixture
def world(jua) -> SimpleNamespace:
    return make_world()


@contextlib.contextmanager
def company_of_its_own() -> Iterator[SimpleNamespace]:
    """The small world in a new company, committed; its schema is open and dropped afterwards."""
    connection.set_schema_to_public()
    company = make_company(f"own{uuid.uuid4().hex[:8]}", "Own Power")
    try:
        with in_company(company.slug):
            world = make_world()
            world.company = company
            yield world
    finally:
        connection.set_schema_to_public()
        company.delete(force_drop=True)
        connection.close()


@pytest.fixture
def fresh_company(django_db_setup, django_db_blocker) -> Iterator[SimpleNamespace]:
    """The small world in a company of its own, committed, so that threads see it; dropped afterwards."""
    with django_db_blocker.unblock(), company_of_its_own() as world:
        yield world
