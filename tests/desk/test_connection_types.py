"""The page of connection types, sub-types and groups."""

import pytest

from customers import connection_types as kinds
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType
from devices.models import DefaultTariff

PAGE = "/settings/connections/"


@pytest.fixture
def shop(jua, amina):
    return kinds.add_connection_type(name="Shop", actor=amina)


def test_all_three_lists_take_new_words(world, owner):
    owner.post(PAGE, {"list": "types", "types-name": "Shop"})
    shop = ConnectionType.objects.get(name="Shop")
    owner.post(
        PAGE,
        {
            "list": "sub-types",
            "sub-types-name": "Kiosk",
            "sub-types-of": shop.pk,
            "sub-types-tariff": world.tariff.pk,
        },
    )
    owner.post(PAGE, {"list": "groups", "groups-name": "Market"})

    page = owner.get(PAGE).content.decode()
    kiosk = ConnectionSubType.objects.get(name="Kiosk")
    assert kiosk.default_tariff.tariff == world.tariff
    assert ConnectionGroup.objects.filter(name="Market").exists()
    assert all(word in page for word in ("Shop", "Kiosk", "Market", "Household"))


def test_a_word_that_is_taken_is_refused(shop, owner):
    response = owner.post(PAGE, {"list": "types", "types-name": "Shop"})

    assert response.status_code == 422
    assert ConnectionType.objects.filter(name="Shop").count() == 1


def test_a_sub_type_is_renamed_and_loses_its_default_tariff(world, shop, owner, amina):
    kiosk = kinds.add_connection_sub_type(connection_type=shop, name="Kiosk", actor=amina)
    DefaultTariff.objects.create(sub_type=kiosk, tariff=world.tariff)

    owner.post(f"{PAGE}sub-types/{kiosk.pk}/", {"act": "rename", "name": "Stand", "tariff": ""})

    kiosk.refresh_from_db()
    assert kiosk.name == "Stand"
    assert not DefaultTariff.objects.exists()


def test_what_customers_have_is_merged_not_deleted(world, shop, owner, amina):
    other = kinds.add_connection_type(name="Trade", actor=amina)
    world.neema.connection_type = shop
    world.neema.save(update_fields=["connection_type"])

    refused = owner.post(f"{PAGE}types/{shop.pk}/", {"act": "delete"})
    owner.post(f"{PAGE}types/{shop.pk}/", {"act": "merge", "into": other.pk})

    world.neema.refresh_from_db()
    assert refused.status_code == 422
    assert world.neema.connection_type == other
    assert not ConnectionType.objects.filter(pk=shop.pk).exists()


def test_only_admins_word_the_lists(shop, accountant):
    assert accountant.get(PAGE).status_code == 403
    assert accountant.post(f"{PAGE}types/{shop.pk}/", {"act": "delete"}).status_code == 403
    assert ConnectionType.objects.filter(pk=shop.pk).exists()


def test_a_list_that_is_none_is_not_found(shop, owner):
    assert owner.get(f"{PAGE}nonsense/{shop.pk}/").status_code == 404
