"""sell_appliance: a plan by command."""

import pytest

from appliances.models import Plan
from customers.models import Customer
from devices.services import register_device


@pytest.fixture
def sell(jua, world, command):
    def run(*more: str, **changes: str):
        facts = {
            "phone": "+255754123456",
            "appliance": "Home 50",
            "price": "108000",
            "down-payment": "0",
            "instalments": "12",
            "every": "30d",
            "first-due": "2027-01-01",
            **changes,
        }
        words = (f"--{name}={value}" for name, value in facts.items())
        return command("sell_appliance", "--company=jua", *words, *more)

    return run


def test_a_plan_is_sold_and_told(sell, world):
    sold = sell("--json")

    plan = Plan.objects.get()
    assert (plan.customer, plan.price, plan.device) == (world.neema, 108000, None)
    assert sold.json["plan"] == str(plan.public_id)
    assert len(sold.json["instalments"]) == 12
    assert sold.json["instalments"][0] == {
        "number": 1,
        "due_date": "2027-01-01",
        "cost": "9000.0000",
        "days": 30,
    }


def test_a_kit_is_put_on_the_plan(sell, world):
    kit = register_device(
        kind="shs", manufacturer="sunking", serial="600100200", village=world.village, actor=None
    )

    assert sell("--device=600100200").is_good

    assert Plan.objects.get().device == kit


def test_people_who_share_a_phone_are_told_apart_by_name(sell, world):
    rehema = Customer.objects.create(
        first_name="Rehema", phone="+255754123456", village=world.village
    )

    assert "Several customers have the phone +255754123456: Neema Bahati, Rehema" in sell().error
    assert sell("--customer-name=Rehema").is_good
    assert Plan.objects.get().customer == rehema


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"phone": "12"}, "not a phone number"),
        ({"phone": "+255754999999"}, "There is no customer with the phone +255754999999"),
        ({"price": "1O8000"}, "not an amount"),
        ({"price": "100.005"}, "finer than the currency"),
        ({"down-payment": "200000"}, "more than the price"),
        ({"instalments": "0"}, "Take 1 to 1000 instalments"),
        ({"every": "monthly"}, "not a period"),
        ({"first-due": "1/1/2027"}, "“1/1/2027” is not a day"),
        ({"vat-percent": "-1"}, "not a VAT rate"),
        ({"vat-percent": "17.555"}, "not a VAT rate"),
        ({"device": "999"}, "There is no device with the serial number 999"),
        ({"device": "47000100011"}, "is not sold by the day"),
    ],
)
def test_what_makes_no_plan_is_refused_and_nothing_is_sold(sell, changes, says):
    refused = sell(**changes)

    assert says in refused.error
    assert not Plan.objects.exists()
