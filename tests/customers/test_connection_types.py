"""Connection types, sub-types and groups: worded by the company, never lost while a customer has them."""

import pytest

from accounts.models import AuditEntry
from customers import connection_types as kinds
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType
from customers.services import register_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(jua, amina):
    return kinds.add_connection_type(name=" Shop ", actor=amina)


def give(world, **fields):
    for name, value in fields.items():
        setattr(world.neema, name, value)
    world.neema.save(update_fields=list(fields))


def test_a_name_stands_in_a_list_once(shop, amina):
    assert shop.name == "Shop"

    with pytest.raises(kinds.NameTaken):
        kinds.add_connection_type(name="Shop", actor=amina)

    with pytest.raises(kinds.NameMissing):
        kinds.add_connection_type(name="  ", actor=amina)

    assert ConnectionType.objects.filter(name="Shop").count() == 1


def test_a_new_wording_is_kept_with_the_old_one_in_the_audit(shop, amina):
    kinds.rename(row=shop, name="Shops", actor=amina)

    shop.refresh_from_db()
    entry = AuditEntry.objects.get(action="connection_type.renamed")
    assert shop.name == "Shops"
    assert (entry.facts["name_before"], entry.facts["name"]) == ("Shop", "Shops")


def test_what_a_customer_has_is_not_deleted(world, shop, amina):
    give(world, connection_type=shop)

    with pytest.raises(kinds.InUse):
        kinds.delete(row=shop, actor=amina)

    assert ConnectionType.objects.filter(pk=shop.pk).exists()
    assert not AuditEntry.objects.filter(action="connection_type.deleted").exists()


def test_merging_moves_customers_and_sub_types(world, shop, amina):
    small = kinds.add_connection_sub_type(connection_type=shop, name="Kiosk", actor=amina)
    other = kinds.add_connection_type(name="Trade", actor=amina)
    give(world, connection_type=shop, connection_sub_type=small)

    assert kinds.merge(row=shop, into=other, actor=amina) == 1

    world.neema.refresh_from_db()
    small.refresh_from_db()
    assert world.neema.connection_type == other
    assert small.connection_type == other
    assert not ConnectionType.objects.filter(name="Shop").exists()


def test_a_sub_type_is_merged_only_within_its_type(shop, amina):
    other = kinds.add_connection_type(name="School", actor=amina)
    kiosk = kinds.add_connection_sub_type(connection_type=shop, name="Kiosk", actor=amina)
    primary = kinds.add_connection_sub_type(connection_type=other, name="Primary", actor=amina)

    with pytest.raises(kinds.NotAlike):
        kinds.merge(row=kiosk, into=primary, actor=amina)

    assert ConnectionSubType.objects.count() == 2


def test_a_customer_gets_no_sub_type_of_another_type(world, shop, amina):
    other = kinds.add_connection_type(name="School", actor=amina)
    kiosk = kinds.add_connection_sub_type(connection_type=shop, name="Kiosk", actor=amina)

    with pytest.raises(kinds.SubTypeOfAnother):
        register_customer(
            first_name="Zuri",
            last_name="",
            phone="+255754000111",
            village=world.neema.village,
            actor=amina,
            connection_type=other,
            connection_sub_type=kiosk,
        )


def test_lists_say_how_many_customers_have_each(world, shop, amina):
    group = kinds.add_connection_group(name="Market", actor=amina)
    give(world, connection_type=shop, connection_group=group)

    assert kinds.connection_types().get(pk=shop.pk).customer_count == 1
    assert kinds.connection_groups().get(pk=group.pk).customer_count == 1
    assert ConnectionGroup.objects.get(pk=group.pk).name == "Market"
