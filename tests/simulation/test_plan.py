"""One seed decides everything, and the seeds together break everything."""

import json
import re
from collections import Counter
from pathlib import Path

from sandbox.faults import VENDORS
from simulation import breaking, vendors
from simulation.breaker import wrongs_of
from simulation.plan import COMPANIES, MAKERS, plan

SEEDS = range(1, 201)


def test_the_same_seed_makes_the_same_plan():
    assert plan(7).to_json() == plan(7).to_json()
    assert plan(7) == plan(7)


def test_another_seed_makes_another_plan_with_other_names():
    one, other = plan(7), plan(8)

    assert one.companies != other.companies
    assert not {d.serial for c in one.companies for d in c.devices} & {
        d.serial for c in other.companies for d in c.devices
    }
    assert not {p.reference for c in one.companies for p in c.payments} & {
        p.reference for c in other.companies for p in c.payments
    }


def test_a_plan_is_plain_data():
    told = json.loads(plan(7).to_json())

    assert told["seed"] == 7
    assert [company["slug"] for company in told["companies"]] == list(COMPANIES)


def test_both_companies_have_the_same_references_and_serials_but_no_phone():
    jua, taa = plan(7).companies

    assert [p.reference for p in jua.payments] == [p.reference for p in taa.payments]
    assert {d.serial for d in jua.devices} & {d.serial for d in taa.devices}
    assert not {p.phone for p in jua.payments} & {p.phone for p in taa.payments}


def test_serials_phones_and_references_fit_their_vendors():
    for seed in (0, 1, 99_999):
        for company in plan(seed).companies:
            for device in company.devices:
                assert len(device.serial) == MAKERS[device.maker].serial_digits
            for payment in company.payments:
                assert len(payment.phone) == 13


def test_the_vendors_know_every_fault_that_is_planned():
    assert "sim_keyed" in VENDORS, vendors.__doc__
    planned = {
        (wrong.vendor, wrong.kind)
        for seed in SEEDS
        for company in plan(seed).companies
        for wrong in wrongs_of(company)
    }

    assert [each for each in planned if each[1] not in VENDORS[each[0]]] == []


def test_the_seeds_break_everything_that_can_break():
    breaks = [one for seed in SEEDS for one in plan(seed).breaks]
    kinds = Counter(one.kind for one in breaks)
    points = {
        point.strip(" !") for one in breaks if one.kind == "crash" for point in one.what.split(",")
    }

    assert set(kinds) == {
        "crash", "kill", "postgres", "redis_killed", "redis_hung", "redis_wiped", "sms_down"
    }  # fmt: skip
    assert points == {*breaking.WEB_POINTS, *breaking.WORKER_POINTS}
    assert {one.what for one in breaks if one.kind == "kill"} == {"web", "worker", "beat"}


def test_the_seeds_cover_all_classes_of_makers_operators_and_answers():
    companies = [company for seed in SEEDS for company in plan(seed).companies]
    classes = {
        (maker.can_be_asked, maker.honours_number, maker.is_local)
        for company in companies
        for maker in (MAKERS[device.maker] for device in company.devices)
    }
    answers = {wrong.kind for company in companies for d in company.devices for wrong in d.wrongs}
    payments = [payment for company in companies for payment in company.payments]

    assert classes == {
        (False, False, False), (True, False, False), (False, True, False), (True, True, False),
        (False, False, True),
    }  # fmt: skip
    assert {*breaking.OPEN, *breaking.CLEAR, *breaking.OF_METERS} <= answers
    assert {p.operator for p in payments} == {"airtel", "vodacom_tz", "vodacom_mz"}
    assert {p.copies for p in payments} == {1, 2, 3, 8}
    assert any(p.tampered for p in payments)
    assert any(p.late for p in payments)
    assert any(p.asks_first for p in payments)
    assert any(p.asks_afterwards for p in payments)


def test_every_point_of_the_line_can_be_died_at():
    """A point that the line gained and the simulation does not know would never be tried."""
    here = Path(__file__).parents[2]
    rooms = ("common", "tenants", "messaging", "vending", "payments")
    named = {
        name
        for room in rooms
        for file in (here / room).rglob("*.py")
        for name in re.findall(r'crash\.point\("([a-z._]+)"\)', file.read_text())
    }
    by_people = {name for name in named if name.startswith(("refund.", "statement.", "company."))}

    assert named - by_people == {*breaking.WEB_POINTS, *breaking.WORKER_POINTS}
