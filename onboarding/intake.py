"""Taking checked rows into a company: create what is missing, compare what is there.

A stated fact is added where the stored row has nothing. Where it has something else that is an error, unless
the column is one of those that may change what is here.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model

from accounts.models import User
from common.words import _
from customers.models import ConnectionGroup, ConnectionType, Customer
from customers.services import (
    complete_customers,
    ensure_connection_group,
    ensure_connection_type,
    register_customers,
)
from devices.models import Device, Tariff
from devices.services import MeterNeedsTariff, complete_devices, register_devices, unit_of
from locations.models import Village
from onboarding.cells import PRICE_COLUMNS, Problem, Row, StatedDevice
from onboarding.intake_places import Places
from onboarding.intake_tariffs import Tariffs
from onboarding.noting import How, Kind, Noted, Notes
from plugins.contracts import Unit
from tenants.models import Company

Key = tuple[str, str, str]
Placed = list[tuple[Row, Village | None]]
Before = dict[str, Any]

HAS_ANOTHER = _(
    "It is “%(had)s” here already, and an import overwrites nothing. Write that, or change it on its page."
)
BELONGS = _(
    "The device belongs to %(owner)s (%(phone)s) already. Correct the serial number or the customer."
)
ARCHIVED = _("%(name)s is archived here. Remove the line.")
NO_CUSTOMER = _("No customer with this phone and name is here. Add the customer first.")
MANY_CUSTOMERS = _("%(count)s customers have this phone. Write first and last name too.")
NEEDS_VILLAGE = _("Write in which village the device stands.")


def _nowhere(_: Noted) -> None:
    """Nobody wants to know."""


class Intake:
    """One run of an import. Keeps places and tariffs, which are few, and what was counted, as numbers.

    ``updates`` names columns that may change what is here. A rehearsal (``is_rehearsed``) makes what is new, for
    the rows after it, and changes nothing that is here.
    """

    def __init__(
        self,
        company: Company,
        now: dt.datetime,
        tell: Callable[[Problem], None],
        *,
        actor: User | None = None,
        updates: frozenset[str] = frozenset(),
        on_noted: Callable[[Noted], None] = _nowhere,
        is_rehearsed: bool = False,
        price_columns: tuple[str, ...] = PRICE_COLUMNS,
    ) -> None:
        self.company, self.now, self._tell = company, now, tell
        self._updates, self._is_rehearsed = updates, is_rehearsed
        self.notes = Notes(on_noted)
        self._places = Places(tell, self.notes, updates)
        self._tariffs = Tariffs(tell, self.notes, now, actor, price_columns)
        self._types: dict[str, ConnectionType] = {}
        self._groups: dict[str, ConnectionGroup] = {}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many distinct things were created, changed and left alone, by kind."""
        return self.notes.counts()

    def take(self, rows: list[Row]) -> None:
        """Create what is missing for these rows, in few statements, and compare the rest.

        It counts after ``keep``; after a rollback call ``forget``.
        """
        placed = [each for row in rows if (each := self._placed(row)) is not None]
        customers = self._take_customers([each for each in placed if each[0].is_customer])
        found = self._find_customers([row for row, _village in placed if not row.is_customer])
        self._take_devices(placed, {**found, **customers})

    def keep(self) -> dict[int, How]:
        """Let what was taken count; return what became of each line."""
        return self.notes.keep()

    def forget(self) -> None:
        """Forget what was taken since the last ``keep``, and all that is remembered: it may be gone."""
        self.notes.forget()
        self._places.forget()
        self._tariffs.forget()
        self._types, self._groups = {}, {}

    def _placed(self, row: Row) -> tuple[Row, Village | None] | None:
        """Return a row with its village, or None after telling that it has none."""
        if row.place is None:
            return row, None
        if not row.place.village:
            self._places.area(row)
            return row, None
        village = self._places.village(row)
        return None if village is None else (row, village)

    # --- customers ---

    def _take_customers(self, placed: Placed) -> dict[Key, Customer]:
        """Return the customers of these rows by phone and name; those that are new are registered."""
        known = _stored_customers({row.phone for row, _village in placed})
        done = _Done()
        for row, village in placed:
            assert village is not None
            customer = known.get(row.customer_key)
            if customer is None:
                known[row.customer_key] = self._new_customer(row, village)
                done.new[row.customer_key] = row.line
            else:
                before = self._complete_customer(row, village, customer)
                done.change(row.customer_key, row.line, before)
        register_customers(customers=[known[key] for key in done.new])
        if not self._is_rehearsed:
            complete_customers(customers=[known[key] for key in done.changed])
        for row, _village in placed:
            self._note(Kind.CUSTOMERS, known[row.customer_key], row, row.customer_key, done)
        return known

    def _new_customer(self, row: Row, village: Village) -> Customer:
        return Customer(
            first_name=row.first_name,
            last_name=row.last_name,
            phone=row.phone,
            village=village,
            connection_type=self._type(row),
            connection_group=self._group(row),
        )

    def _complete_customer(self, row: Row, village: Village, customer: Customer) -> Before:
        """Compare, and set what may be set; return what stood there before."""
        if customer.is_archived:
            facts = {"name": customer.name}
            self._tell(Problem(row.line, "phone", row.phone, str(ARCHIVED) % facts))
            return {}
        stated: dict[str, Any] = {
            "connection_type": self._type(row),
            "connection_group": self._group(row),
        }
        if row.device is None:
            stated["village"] = village
        return self._complete(row, customer, stated)

    def _find_customers(self, rows: list[Row]) -> dict[Key, Customer]:
        """Return who is meant by rows that name a customer without stating one."""
        named = [row for row in rows if row.phone]
        found: dict[Key, Customer] = {}
        by_phone: dict[str, list[Customer]] = {}
        for customer in _stored_customers({row.phone for row in named}).values():
            by_phone.setdefault(customer.phone, []).append(customer)
        for row in named:
            meant = [each for each in by_phone.get(row.phone, []) if _is_meant(row, each)]
            if len(meant) == 1 and not meant[0].is_archived:
                found[row.customer_key] = meant[0]
                continue
            sentence = str(NO_CUSTOMER)
            if meant:
                facts = {"name": meant[0].name, "count": len(meant)}
                sentence = str(ARCHIVED if len(meant) == 1 else MANY_CUSTOMERS) % facts
            self._tell(Problem(row.line, "phone", row.phone, sentence))
        return found

    def _type(self, row: Row) -> ConnectionType | None:
        name = row.connection_type
        if name and name not in self._types:
            is_new = not ConnectionType.objects.filter(name=name).exists()
            self._types[name] = ensure_connection_type(name)
            if is_new:
                self.notes.made(row.line, self._types[name])
        return self._types.get(name)

    def _group(self, row: Row) -> ConnectionGroup | None:
        name = row.connection_group
        if name and name not in self._groups:
            is_new = not ConnectionGroup.objects.filter(name=name).exists()
            self._groups[name] = ensure_connection_group(name)
            if is_new:
                self.notes.made(row.line, self._groups[name])
        return self._groups.get(name)

    # --- devices ---

    def _take_devices(self, placed: Placed, customers: Mapping[Key, Customer]) -> None:
        serials = {row.device.serial for row, _village in placed if row.device is not None}
        known = _stored_devices(serials)
        done = _Done()
        for row, village in placed:
            tariff = self._tariff(row)
            if row.device is None:
                continue
            serial, device = row.device.serial, known.get(row.device.serial)
            customer = customers.get(row.customer_key)
            if device is None:
                where = village or (customer.village if customer else None)
                if where is None:
                    self._tell(Problem(row.line, "village", "", str(NEEDS_VILLAGE)))
                    continue
                if self._lacks_tariff(row, row.device):
                    continue
                known[serial] = self._new_device(row.device, where, customer, tariff)
                done.new[serial] = row.line
            else:
                before = self._complete_device(row, device, village, customer, tariff)
                done.change(serial, row.line, before)
        register_devices(devices=[known[serial] for serial in done.new])
        if not self._is_rehearsed:
            complete_devices(devices=[known[serial] for serial in done.changed])
        for row, _village in placed:
            if row.device is not None and row.device.serial in known:
                serial = row.device.serial
                self._note(Kind.DEVICES, known[serial], row, serial, done)

    def _tariff(self, row: Row) -> Tariff | None:
        if row.tariff is not None:
            return self._tariffs.stated(row, row.tariff)
        return self._tariffs.named(row, row.tariff_name) if row.tariff_name else None

    def _lacks_tariff(self, row: Row, device: StatedDevice) -> bool:
        """Tell of a meter that is new and names no tariff."""
        is_stated = row.tariff is not None or row.tariff_name
        if is_stated or unit_of(manufacturer=device.manufacturer) != Unit.KWH:
            return False
        self._tell(Problem(row.line, "tariff", "", str(MeterNeedsTariff())))
        return True

    def _new_device(
        self,
        stated: StatedDevice,
        village: Village,
        customer: Customer | None,
        tariff: Tariff | None,
    ) -> Device:
        return Device(
            kind=stated.kind,
            manufacturer=stated.manufacturer,
            serial=stated.serial,
            village=village,
            tariff=tariff,
            customer=customer,
            assigned_at=self.now if customer is not None else None,
        )

    def _complete_device(
        self,
        row: Row,
        device: Device,
        village: Village | None,
        customer: Customer | None,
        tariff: Tariff | None,
    ) -> Before:
        """Compare, and set what may be set; return what stood there before."""
        assert row.device is not None
        serial, owner = row.device.serial, device.customer
        if device.archived_at is not None:
            self._tell(Problem(row.line, "serial", serial, str(ARCHIVED) % {"name": serial}))
            return {}
        if owner is not None and customer is not None and owner != customer:
            facts = {"owner": owner.name, "phone": owner.phone}
            self._tell(Problem(row.line, "serial", serial, str(BELONGS) % facts))
            return {}
        stated = {
            "device_kind": row.device.kind,
            "manufacturer": row.device.manufacturer,
            "village": village,
            "tariff": tariff,
        }
        before = self._complete(row, device, stated)
        if owner is None and customer is not None:
            before |= {"customer_id": None, "assigned_at": device.assigned_at}
            before |= {"fees_until": device.fees_until}
            device.customer, device.assigned_at, device.fees_until = customer, self.now, None
        return before

    # --- both ---

    def _complete(self, row: Row, thing: Model, stated: Mapping[str, Any]) -> Before:
        """Set stated facts that the thing lacks, or that may change; tell of others. Return what stood there."""
        before: Before = {}
        for column, says in stated.items():
            name = column.removeprefix("device_")
            had = getattr(thing, name)
            if says is None or had == says:
                continue
            if had is None or column in self._updates:
                attribute = thing._meta.get_field(name).attname  # type: ignore[union-attr]
                before[attribute] = getattr(thing, attribute)
                setattr(thing, name, says)
            else:
                sentence = str(HAS_ANOTHER) % {"had": had}
                self._tell(Problem(row.line, column, str(says), sentence))
        return before

    def _note(self, kind: Kind, thing: Model, row: Row, key: Any, done: "_Done") -> None:
        """Say what became of a thing; a line that names it again found it as it is."""
        how = How.UNCHANGED
        if done.new.get(key) == row.line:
            how = How.CREATED
            self.notes.made(row.line, thing)
        elif key in done.changed and done.changed[key][0] == row.line:
            how = How.CHANGED
            self.notes.changed(row.line, thing, done.changed[key][1])
        self.notes.count(kind, thing, row.line, how)


class _Done:
    """What one portion made and changed, by key, with the first line that did."""

    def __init__(self) -> None:
        self.new: dict[Any, int] = {}
        self.changed: dict[Any, tuple[int, Before]] = {}

    def change(self, key: Any, line: int, before: Before) -> None:
        """Note what stood there; of a thing that is new, or that nothing was set on, there is nothing to note."""
        if before and key not in self.new:
            first_line, first = self.changed.get(key, (line, {}))
            self.changed[key] = first_line, {**before, **first}


def _is_meant(row: Row, customer: Customer) -> bool:
    names = row.first_name, row.last_name
    return names in {("", ""), (customer.first_name, customer.last_name)}


def _stored_customers(phones: set[str]) -> dict[Key, Customer]:
    customers = Customer.objects.filter(phone__in=phones).select_related(
        "village", "connection_type", "connection_group"
    )
    return {(each.phone, each.first_name, each.last_name): each for each in customers}


def _stored_devices(serials: set[str]) -> dict[str, Device]:
    devices = Device.objects.filter(serial__in=serials)
    return {each.serial: each for each in devices.select_related("customer", "village", "tariff")}
