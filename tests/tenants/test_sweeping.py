"""The sweeper: comes where work is due, and is stopped by nobody's trouble."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from tenants import duework, sweeping, tasks
from tenants.models import DueWork
from tenants.scope import NoCompany

LINE = DueWork.Kind.LINE


@pytest.fixture
def sweeps(monkeypatch):
    """No room's sweeps but those that the test puts here."""
    registered: list[sweeping.Sweep] = []
    monkeypatch.setattr(sweeping, "_sweeps", {LINE: registered})
    return registered


def due_now(company):
    DueWork.objects.filter(company=company).delete()
    return DueWork.objects.create(
        company=company, kind=LINE, due_at=timezone.now() - dt.timedelta(seconds=1)
    )


def test_an_error_of_one_room_keeps_no_other_waiting_and_brings_the_sweeper_back(jua, sweeps):
    done = []

    def fail(_):
        raise ValueError("broken")

    sweeps += [
        sweeping.Sweep(fail, lambda _: None),
        sweeping.Sweep(done.append, lambda _: None),
    ]
    due_now(jua)

    with pytest.raises(ValueError, match="broken"):
        sweeping.run(schema="jua", kind=LINE)

    assert done == [jua]
    assert DueWork.objects.filter(company=jua).exists()


def test_a_company_without_open_work_is_forgotten(jua, sweeps):
    due_now(jua)

    sweeping.run(schema="jua", kind=LINE)

    assert not DueWork.objects.filter(company=jua, kind=LINE).exists()


def test_due_work_is_taken_by_one_sweeper_and_seen_again_soon(jua):
    row = due_now(jua)

    taken = [duework.take_due(), duework.take_due()]

    row.refresh_from_db()
    assert taken == [[("jua", "line")], []]
    assert dt.timedelta(0) < row.due_at - timezone.now() <= dt.timedelta(seconds=8)


def test_a_company_that_is_switched_off_is_not_rung_for(jua):
    due_now(jua)
    jua.is_active = False
    jua.save(update_fields=["is_active"])

    assert duework.take_due() == []


@pytest.mark.parametrize("schema", ["nobody", "public", ""])
def test_work_for_an_unknown_company_is_refused_once_and_not_tried_again(public, schema):
    with pytest.raises(NoCompany):
        tasks.sweep_company.apply(kwargs={"schema": schema, "kind": LINE}).get()

    assert not getattr(tasks.sweep_company, "autoretry_for", ())
    assert connection.schema_name == "public"


def test_work_that_moves_to_a_lower_room_while_we_look_is_not_forgotten(jua, sweeps):
    at = timezone.now() + dt.timedelta(minutes=1)
    where = ["upper"]

    def look_in(room):
        def next_due(_):
            found = at if where == [room] else None
            where[:] = ["lower"]
            return found

        return next_due

    sweeps += [sweeping.Sweep(lambda _: None, look_in(room)) for room in ("lower", "upper")]
    due_now(jua)

    sweeping.run(schema="jua", kind=LINE)

    assert DueWork.objects.get(company=jua, kind=LINE).due_at == at


def test_rooms_are_registered_from_below():
    rooms = [sweep.next_due.__module__.partition(".")[0] for sweep in sweeping._sweeps[LINE]]

    assert rooms == ["messaging", "vending", "payments", "watch"]
