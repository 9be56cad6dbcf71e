"""Access fees in the database: made once, posted, and the same after any silence."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from customers.services import archive_customer
from devices import fees
from devices.models import AccessFee, Device
from devices.prices import Prices
from devices.services import archive_device, register_device
from devices.tariff_changes import change_tariff, create_tariff
from ledger.models import Account, Event, Posting
from ledger.selectors import balance, trial_balance
from ledger.services import Movement, credit, debit, post
from tenants import sweeping
from tenants.models import DueWork

ZONE = dt.timezone(dt.timedelta(hours=3))
GIVEN = dt.datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
BEFORE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FEE = Prices(price_per_kwh=Decimal(400), access_fee=Decimal(2000), access_fee_days=30)


def meter(world, serial="47000100099", prices=FEE, given=GIVEN, name="With fee") -> Device:
    tariff = create_tariff(name=name, prices=prices, valid_from=BEFORE, actor=None)
    return register_device(
        kind="meter",
        manufacturer="demo_meter",
        serial=serial,
        village=world.village,
        tariff=tariff,
        customer=world.neema,
        assigned_at=given,
        actor=None,
    )


def due_dates(device) -> list[str]:
    found = AccessFee.objects.filter(device=device).order_by("due_date")
    return [each.due_date.isoformat() for each in found]


def pay_fee(device, amount, at) -> None:
    fee = AccessFee.objects.filter(device=device, paid=0).order_by("due_date").first()
    fee.paid += amount
    fee.save(update_fields=["paid"])
    movement = Movement(
        Event.SETTLED,
        "payment",
        1,
        [debit(Account.SUSPENSE, amount, 1), credit(Account.FEE_RECEIVABLE, amount, device.pk)],
    )
    post(movement, occurred_at=at)


def test_nothing_is_due_before_one_period_has_passed(jua, world):
    device = meter(world)

    assert fees.accrue(jua, dt.date(2026, 11, 30)) == 0
    assert due_dates(device) == []
    assert fees.accrue(jua, dt.date(2026, 12, 1)) == 1
    assert due_dates(device) == ["2026-12-01"]


def test_the_day_of_assignment_is_the_company_s_day(jua, world):
    late_evening_utc = dt.datetime(2026, 11, 1, 22, 0, tzinfo=dt.UTC)  # 1:00 on the 2nd at home
    device = meter(world, given=late_evening_utc)

    fees.accrue(jua, dt.date(2026, 12, 31))

    assert due_dates(device) == ["2026-12-02"]


def test_a_fee_that_falls_due_is_posted_with_its_vat(jua, world):
    prices = Prices(
        price_per_kwh=Decimal(400),
        access_fee=Decimal(5000),
        access_fee_days=30,
        vat_percent=Decimal(18),
    )
    device = meter(world, prices=prices)

    fees.accrue(jua, dt.date(2026, 12, 1))

    fee = AccessFee.objects.get(device=device)
    posting = Posting.objects.get(event=Event.FEE_DUE, source="access_fee", source_id=fee.pk)
    assert (fee.amount, fee.vat, fee.paid) == (Decimal(5000), Decimal("762.71"), 0)
    assert posting.occurred_at == dt.datetime(2026, 12, 1, tzinfo=ZONE)
    assert balance(Account.FEE_RECEIVABLE, device.pk) == 5000
    assert trial_balance()[Account.FEE_REVENUE] == Decimal("-4237.29")
    assert trial_balance()[Account.VAT_PAYABLE] == Decimal("-762.71")


def test_looking_again_changes_nothing(jua, world):
    device = meter(world)
    fees.accrue(jua, dt.date(2026, 12, 1))

    assert fees.accrue(jua, dt.date(2026, 12, 1)) == 0
    assert fees.accrue_device(company=jua, device_id=device.pk, until=dt.date(2026, 12, 1)) == 0
    assert due_dates(device) == ["2026-12-01"]
    assert balance(Account.FEE_RECEIVABLE, device.pk) == 2000


def test_catching_up_gives_the_rows_that_daily_looks_give(jua, world):
    jua.unpaid_fee_limit = 5
    daily, late = meter(world), meter(world, serial="47000100100", name="Other")
    for device in (daily, late):
        change_tariff(
            tariff_id=device.tariff_id,
            prices=Prices(price_per_kwh=Decimal(400), access_fee=Decimal(2500), access_fee_days=14),
            valid_from=dt.datetime(2027, 1, 10, tzinfo=ZONE),
            now=GIVEN,
            actor=None,
        )
    end = dt.date(2027, 3, 1)

    day = GIVEN.date()
    while day <= end:
        fees.accrue_device(company=jua, device_id=daily.pk, until=day)
        day += dt.timedelta(days=1)
    fees.accrue(jua, end)

    rows = [
        list(
            AccessFee.objects.filter(device=device)
            .order_by("due_date")
            .values_list("due_date", "amount")
        )
        for device in (daily, late)
    ]
    assert rows[0] == rows[1]
    assert [(f"{day:%m-%d}", int(amount)) for day, amount in rows[0]] == [
        ("12-01", 2000),
        ("12-31", 2000),
        ("01-14", 2500),
        ("01-28", 2500),
        ("02-11", 2500),
    ]
    daily.refresh_from_db()
    late.refresh_from_db()
    assert daily.fees_until == late.fees_until


def test_after_three_unpaid_periods_absence_costs_nothing_more(jua, world):
    device = meter(world)

    fees.accrue(jua, dt.date(2027, 10, 31))

    assert due_dates(device) == ["2026-12-01", "2026-12-31", "2027-01-30"]
    assert balance(Account.FEE_RECEIVABLE, device.pk) == 6000


def test_who_comes_back_and_pays_is_not_asked_for_the_time_away(jua, world):
    device = meter(world)
    fees.accrue(jua, dt.date(2027, 10, 1))
    pay_fee(device, Decimal(2000), dt.datetime(2027, 10, 2, 8, tzinfo=ZONE))

    fees.accrue(jua, dt.date(2027, 10, 31))

    assert due_dates(device)[3:] == ["2027-10-27"]


def test_a_late_look_judges_what_was_unpaid_on_the_day(jua, world):
    jua.unpaid_fee_limit = 1
    device = meter(world)
    fees.accrue(jua, dt.date(2026, 12, 1))
    pay_fee(device, Decimal(2000), dt.datetime(2027, 1, 5, 8, tzinfo=ZONE))

    fees.accrue(jua, dt.date(2027, 1, 30))

    assert due_dates(device) == ["2026-12-01", "2027-01-30"]  # on 31 December one was unpaid


def test_a_device_in_stock_costs_nothing(jua, world):
    device = meter(world)
    Device.objects.filter(pk=device.pk).update(customer=None)

    assert fees.accrue(jua, dt.date(2027, 12, 1)) == 0
    assert fees.accrue_device(company=jua, device_id=device.pk, until=dt.date(2027, 12, 1)) == 0


@pytest.mark.parametrize("what", ["device", "customer"])
def test_fees_stop_when_device_or_customer_is_archived_also_in_a_late_look(jua, world, what):
    device, at = meter(world), dt.datetime(2026, 12, 20, 12, tzinfo=ZONE)
    if what == "device":
        archive_device(device_id=device.pk, archived_at=at, actor=None)
    else:
        archive_customer(customer_id=world.neema.pk, archived_at=at, actor=None)

    fees.accrue(jua, dt.date(2027, 6, 1))

    assert due_dates(device) == ["2026-12-01"]


def test_one_locked_device_does_not_keep_the_others_from_their_fees(jua, world, monkeypatch):
    first, second = meter(world), meter(world, serial="47000100100", name="Other")
    honest = fees.accrue_device

    def locked(*, company, device_id, until):
        if device_id == first.pk:
            raise fees.OperationalError("canceling statement due to lock timeout")
        return honest(company=company, device_id=device_id, until=until)

    monkeypatch.setattr(fees, "accrue_device", locked)

    with pytest.raises(fees.FeesIncomplete):
        fees.accrue(jua, dt.date(2026, 12, 1))

    assert (due_dates(first), due_dates(second)) == ([], ["2026-12-01"])


def test_the_sweeper_makes_today_s_fees_and_comes_back_at_the_next_midnight(
    jua, world, monkeypatch
):
    device = meter(world)
    work = DueWork.objects.create(
        company=jua, kind=DueWork.Kind.ACCESS_FEES, due_at=dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    )
    tomorrow = dt.datetime.now(tz=ZONE).date() + dt.timedelta(days=1)
    now = dt.datetime.combine(tomorrow, dt.time(0, 5), tzinfo=ZONE)
    Device.objects.filter(pk=device.pk).update(assigned_at=now - dt.timedelta(days=30))
    monkeypatch.setattr(fees, "database_now", lambda: now)

    sweeping.run(schema=connection.schema_name, kind=DueWork.Kind.ACCESS_FEES)

    work.refresh_from_db()
    assert due_dates(device) == [tomorrow.isoformat()]
    assert work.due_at.astimezone(ZONE) == dt.datetime.combine(
        tomorrow + dt.timedelta(days=1), dt.time(0), tzinfo=ZONE
    )
