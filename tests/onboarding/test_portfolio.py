"""A portfolio comes in whole or not at all, and a second time changes nothing."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core import serializers

from accounts.models import AuditEntry
from customers.models import ConnectionGroup, ConnectionType, Customer
from customers.services import archive_customer
from devices.models import Device, Tariff, TariffVersion
from devices.prices import Prices
from devices.services import archive_device, register_device
from devices.tariff_changes import change_tariff
from locations.models import Cluster, MiniGrid, Village
from onboarding.portfolio import Imported, PortfolioRefused, PortfolioUnreadable, import_portfolio
from onboarding.rows import COLUMNS
from tests.onboarding.test_rows import line

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)
HEADER = ",".join(COLUMNS) + "\n"
NO_DEVICE = dict.fromkeys(COLUMNS[8:16], "")
NO_TARIFF = dict.fromkeys(COLUMNS[11:16], "")
MODELS = (
    Cluster,
    MiniGrid,
    Village,
    Customer,
    ConnectionType,
    ConnectionGroup,
    Tariff,
    TariffVersion,
    Device,
)


def bring(company, *lines: str, now=NOW, is_dry_run=False) -> Imported:
    return import_portfolio(
        company=company, lines=[HEADER, *lines], now=now, actor=None, is_dry_run=is_dry_run
    )


def refuse(company, *lines: str) -> list[tuple[int, str, str]]:
    before = everything()
    with pytest.raises(PortfolioRefused) as refused:
        bring(company, *lines)
    assert everything() == before
    return [(each.line, each.column, each.message) for each in refused.value.found]


def everything() -> list[str]:
    return [serializers.serialize("json", model.objects.order_by("pk")) for model in MODELS]


KIT = {"device_kind": "shs", "manufacturer": "sunking", "serial": "600100200", **NO_TARIFF}
JUMA = {"first_name": "Juma", "last_name": "Ali", "phone": "+255754123457"}


def test_all_that_a_file_states_is_made(jua):
    imported = bring(jua, line(), line(**JUMA, **KIT), line(**JUMA, **NO_DEVICE))

    meter = Device.objects.select_related("customer", "village__mini_grid__cluster", "tariff").get(
        serial="47000100011"
    )
    version = TariffVersion.objects.get(tariff=meter.tariff)
    assert (meter.kind, meter.manufacturer, meter.assigned_at) == ("meter", "demo_meter", NOW)
    assert str(meter.village.mini_grid.cluster) == "Ukerewe"
    assert (meter.customer.phone, meter.customer.village) == ("+255754123456", meter.village)
    assert (meter.customer.connection_type.name, meter.customer.connection_group.name) == (
        "Household",
        "North",
    )
    assert (version.price_per_kwh, version.access_fee, version.access_fee_days) == (400, 2000, 30)
    assert (version.minimum_purchase, version.valid_from) == (500, NOW)
    assert imported.counts["created"] == {"customers": 2, "devices": 2, "tariffs": 1, "villages": 1}
    assert imported.rows == 3
    assert AuditEntry.objects.get(action="portfolio.imported").facts == {"rows": 3}


def test_the_same_file_a_second_time_changes_nothing(jua):
    lines = line(), line(**JUMA, **KIT), line(**JUMA, **NO_DEVICE)
    bring(jua, *lines)
    before = everything()

    again = bring(jua, *lines, now=NOW + dt.timedelta(days=40))

    assert everything() == before
    assert again.counts["created"] == dict.fromkeys(again.counts["created"], 0)
    assert again.counts["changed"] == dict.fromkeys(again.counts["changed"], 0)
    assert again.counts["unchanged"] == {"customers": 2, "devices": 2, "tariffs": 1, "villages": 1}


def test_a_dry_run_counts_the_same_and_keeps_nothing(jua):
    before = everything()

    dry = bring(jua, line(), line(**JUMA, **KIT), is_dry_run=True)

    assert everything() == before
    assert not AuditEntry.objects.exists()
    assert dry.counts == bring(jua, line(), line(**JUMA, **KIT)).counts


def test_one_bad_line_keeps_all_others_out_and_hides_no_other_problem(jua):
    told = refuse(jua, line(), line(phone="no"), line(**JUMA, **{**KIT, "serial": "47000100011"}))

    assert [(at, column) for at, column, _message in told] == [(3, "phone"), (4, "serial")]


def test_a_serial_that_belongs_to_another_customer_is_an_error(jua):
    bring(jua, line())

    ((at, column, message),) = refuse(jua, line(**JUMA))

    assert (at, column) == (2, "serial")
    assert "belongs to Neema Bahati (+255754123456) already" in message


def test_a_tariff_with_two_prices_in_one_file_is_an_error(jua):
    ((at, column, message),) = refuse(jua, line(), line(**JUMA, serial="2", price_per_kwh="450"))

    assert (at, column) == (3, "price_per_kwh")
    assert "“Household” has 400 here already" in message


def test_every_price_of_a_tariff_counts(jua):
    told = refuse(
        jua,
        line(),
        line(**JUMA, serial="2", access_fee="", access_fee_days="", minimum_purchase="600"),
    )

    assert {column for _at, column, _message in told} == {
        "access_fee",
        "access_fee_days",
        "minimum_purchase",
    }


def test_a_tariff_with_another_price_than_today_s_is_an_error(jua):
    bring(jua, line())
    prices = Prices(
        price_per_kwh=Decimal(450),
        access_fee=Decimal(2000),
        access_fee_days=30,
        minimum_purchase=Decimal(500),
    )
    later = NOW + dt.timedelta(days=1)
    change_tariff(
        tariff_id=Tariff.objects.get().pk, prices=prices, valid_from=later, now=NOW, actor=None
    )

    with pytest.raises(PortfolioRefused):
        bring(jua, line(), now=later)
    assert bring(jua, line(price_per_kwh="450"), now=later).counts["unchanged"]["tariffs"] == 1


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"village": "Nyamanga", "latitude": "", "longitude": ""}, "village"),
        ({"device_kind": "shs", "manufacturer": "sunking"}, "manufacturer"),
        ({"tariff": "Shop"}, "tariff"),
        ({"connection_type": "Shop"}, "connection_type"),
        ({"connection_group": "South"}, "connection_group"),
        ({"latitude": "-1.9"}, "latitude"),
    ],
)
def test_a_fact_that_differs_from_the_stored_one_is_an_error(jua, changes, column):
    bring(jua, line())

    told = refuse(jua, line(**changes))

    assert column in {each[1] for each in told}


def test_a_customer_without_device_does_not_move(jua):
    bring(jua, line(**NO_DEVICE))

    ((_at, column, message),) = refuse(
        jua, line(**NO_DEVICE, village="Nyamanga", latitude="", longitude="")
    )

    assert column == "village"
    assert "Bwisya" in message


def test_a_customer_may_have_a_second_device_in_another_village(jua):
    elsewhere = {"village": "Nyamanga", "latitude": "-1.9", "longitude": "33.01"}
    lines = line(), line(serial="47000100012", **elsewhere)

    bring(jua, *lines)
    again = bring(jua, *lines)

    assert Device.objects.get(serial="47000100012").village.name == "Nyamanga"
    assert Customer.objects.get().village.name == "Bwisya"
    assert again.counts["changed"] == dict.fromkeys(again.counts["changed"], 0)


def test_empty_facts_are_filled_in_and_counted_as_changed(jua):
    bring(
        jua, line(**NO_DEVICE, latitude="", longitude="", connection_type="", connection_group="")
    )

    imported = bring(jua, line(**NO_DEVICE))

    customer = Customer.objects.select_related("connection_type", "connection_group").get()
    assert (str(customer.connection_type), str(customer.connection_group)) == ("Household", "North")
    assert Village.objects.get().latitude == Decimal("-1.85")
    assert imported.counts["changed"]["customers"] == imported.counts["changed"]["villages"] == 1


def test_blank_cells_state_nothing(jua):
    bring(jua, line())
    before = everything()

    bring(jua, line(latitude="", longitude="", connection_type="", connection_group=""))

    assert everything() == before


def test_a_device_from_stock_is_given_to_the_customer(jua, world):
    register_device(
        kind="shs",
        manufacturer="sunking",
        serial="600100200",
        village=world.village,
        actor=None,
    )

    imported = bring(jua, line(**JUMA, **KIT))

    device = Device.objects.select_related("customer").get(serial="600100200")
    assert (device.customer.name, device.assigned_at) == ("Juma Ali", NOW)
    assert imported.counts["changed"]["devices"] == 1


@pytest.mark.parametrize("what", ["device", "customer"])
def test_what_is_archived_is_not_brought_back(jua, what):
    bring(jua, line())
    if what == "device":
        archive_device(device_id=Device.objects.get().pk, archived_at=NOW, actor=None)
    else:
        archive_customer(customer_id=Customer.objects.get().pk, archived_at=NOW, actor=None)

    ((_at, _column, message),) = refuse(jua, line())

    assert "archived" in message


def test_two_people_with_one_phone_are_two_customers(jua):
    bring(jua, line(), line(first_name="Rehema", **NO_DEVICE))

    assert Customer.objects.filter(phone="+255754123456").count() == 2


def test_a_thing_that_two_chunks_name_is_one(jua, monkeypatch):
    monkeypatch.setattr("onboarding.portfolio.CHUNK", 1)

    imported = bring(jua, line(), line(serial="47000100012"), line())

    assert Customer.objects.count() == 1
    assert imported.counts["created"]["customers"] == 1
    assert imported.counts["unchanged"] == dict.fromkeys(imported.counts["unchanged"], 0)


def test_reading_stops_at_a_thousand_problems(jua):
    with pytest.raises(PortfolioRefused, match=r"1000\+") as refused:
        bring(jua, *(line(phone="no") for _ in range(1200)))

    assert len(refused.value.found) == 1000


def test_text_that_is_not_utf_8_is_refused(jua):
    def lines():
        yield HEADER
        yield b"Jos\xe9".decode()

    with pytest.raises(PortfolioUnreadable, match="CSV UTF-8"):
        import_portfolio(company=jua, lines=lines(), now=NOW, actor=None)


def test_statements_do_not_grow_with_the_rows(jua, django_assert_max_num_queries):
    lines = [line(serial=f"{n}", first_name=f"N{n}") for n in range(500)]

    with django_assert_max_num_queries(50):
        bring(jua, *lines)

    assert Device.objects.count() == 500


def test_the_command_lists_problems_by_line_and_column(jua, command, tmp_path):
    file = tmp_path / "portfolio.csv"
    file.write_text(HEADER + line(phone="no"), encoding="utf-8")

    told = command("import_portfolio", "--company=jua", str(file))
    as_json = command("import_portfolio", "--company=jua", str(file), "--json")

    assert "line 2, phone “no”" in told.err
    assert "Problems found: 1" in told.error
    assert as_json.json["problems"][0]["line"] == 2
    assert as_json.json["problems"][0]["column"] == "phone"
    assert as_json.json["problems"][0]["value"] == "no"


def test_the_command_imports_a_file_as_excel_saves_it(jua, command, tmp_path):
    file = tmp_path / "portfolio.csv"
    file.write_bytes(("\ufeff" + HEADER + line()).replace(",", ";").replace("\n", "\r\n").encode())

    dry = command("import_portfolio", "--company=jua", str(file), "--dry-run", "--json")
    real = command("import_portfolio", "--company=jua", str(file), "--json")

    assert (dry.json["dry_run"], dry.json["created"]["devices"]) == (True, 1)
    assert (real.json["dry_run"], real.json["created"]) == (False, dry.json["created"])
    assert Device.objects.get().serial == "47000100011"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_the_command_says_why_a_file_cannot_be_read(jua, command, tmp_path, content):
    file = tmp_path / "portfolio.csv"
    if content is not None:
        file.write_bytes(content)

    refused = command("import_portfolio", "--company=jua", str(file))

    assert "cannot be read" in refused.error or "not UTF-8" in refused.error


def test_an_unknown_company_is_a_clear_error(jua, command):
    refused = command("import_portfolio", "--company=nobody", "x.csv")

    assert "There is no company “nobody”" in refused.error
