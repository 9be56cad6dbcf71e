"""Customers are people, known by phone and name."""

import datetime as dt

import pytest

from accounts.models import AuditEntry
from customers import services
from customers.models import ConnectionType, Customer

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)


def register(world, **changes) -> Customer:
    facts = {
        "first_name": "Baraka",
        "last_name": "Juma",
        "phone": "+255754000001",
        "village": world.village,
        "actor": None,
    }
    return services.register_customer(**{**facts, **changes})


def test_a_customer_is_registered_and_it_is_written_down(world, amina):
    household = services.ensure_connection_type("Household")

    customer = register(world, connection_type=household, actor=amina)

    customer.refresh_from_db()
    assert (customer.name, customer.connection_type) == ("Baraka Juma", household)
    assert AuditEntry.objects.get(action="customer.registered").actor == amina


def test_two_people_may_share_a_phone_but_not_a_name_too(world):
    register(world)
    register(world, first_name="Rehema")

    with pytest.raises(services.CustomerKnown, match="Baraka Juma"):
        register(world)

    assert Customer.objects.filter(phone="+255754000001").count() == 2


def test_a_customer_without_any_name_is_refused(world):
    with pytest.raises(services.CustomerNeedsName):
        register(world, first_name="", last_name="")


def test_a_customer_is_archived_once(world):
    services.archive_customer(customer_id=world.neema.pk, archived_at=NOW, actor=None)

    with pytest.raises(services.CustomerArchivedAlready):
        services.archive_customer(
            customer_id=world.neema.pk, archived_at=NOW + dt.timedelta(days=1), actor=None
        )

    world.neema.refresh_from_db()
    assert world.neema.archived_at == NOW


def test_types_and_groups_are_made_once(jua):
    assert services.ensure_connection_type("Shop") == services.ensure_connection_type("Shop")
    assert services.ensure_connection_group("North") == services.ensure_connection_group("North")
    assert ConnectionType.objects.count() == 1
