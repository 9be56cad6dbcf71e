"""Taking checked rows into a company: create what is missing, compare what is there.

A stated fact is added where the stored row has nothing, and is an error where it has something else.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from common.words import _
from customers.models import ConnectionGroup, ConnectionType, Customer
from customers.services import (
    complete_customers,
    ensure_connection_group,
    ensure_connection_type,
    register_customers,
)
from devices.models import Device, Tariff, TariffVersion
from devices.services import complete_devices, register_devices
from devices.tariff_changes import Prices, create_tariff
from devices.tariffs import tariff_version_at
from locations.models import Village
from locations.services import VillageElsewhere, ensure_village, require_same_spot
from onboarding.rows import PRICE_COLUMNS, NamedPrices, Problem, Row, StatedDevice
from tenants.models import Company

Key = tuple[str, str, str]


class Kind(StrEnum):
    CUSTOMERS = "customers"
    DEVICES = "devices"
    TARIFFS = "tariffs"
    VILLAGES = "villages"


class How(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


HAS_ANOTHER = _(
    "It is “%(had)s” here already, and an import overwrites nothing. Write that, or change it on its page."
)
BELONGS = _(
    "The device belongs to %(owner)s (%(phone)s) already. Correct the serial number or the customer."
)
ARCHIVED = _("%(name)s is archived here. Remove the line.")
TWO_PRICES = _(
    "“%(tariff)s” has %(had)s here already. One tariff has one price: write that, or name another tariff."
)


class Intake:
    """One run of an import. Keeps places and tariffs, which are few, and what was counted, as numbers."""

    def __init__(self, company: Company, now: dt.datetime, tell: Callable[[Problem], None]) -> None:
        self.company, self.now, self._tell = company, now, tell
        self._counted: dict[tuple[Kind, int], How] = {}
        self._villages: dict[Key, Village] = {}
        self._tariffs: dict[str, tuple[Tariff, Prices]] = {}
        self._types: dict[str, ConnectionType] = {}
        self._groups: dict[str, ConnectionGroup] = {}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many distinct things were created, changed and left alone, by kind."""
        counter = Counter((how, kind) for (kind, _pk), how in self._counted.items())
        return {how: {kind: counter[how, kind] for kind in Kind} for how in How}

    def take(self, rows: list[Row]) -> None:
        """Create what is missing for these rows, in few statements, and compare the rest."""
        placed = [(row, village) for row in rows if (village := self._village(row)) is not None]
        customers = self._take_customers(placed)
        self._take_devices(placed, customers)

    # --- places and tariffs: few, remembered ---

    def _village(self, row: Row) -> Village | None:
        known = self._villages.get(row.place.names)
        try:
            if known is not None and (row.place.latitude is None or known.latitude is not None):
                require_same_spot(known, row.place)
                return known
            ensured = ensure_village(row.place)
        except VillageElsewhere as refusal:
            self._tell(Problem(row.line, "latitude", str(row.place.latitude), str(refusal)))
            return None
        is_new = bool(ensured.created["villages"])
        self._count(Kind.VILLAGES, ensured.village, is_new, ensured.got_coordinates)
        self._villages[row.place.names] = ensured.village
        return ensured.village

    def _tariff(self, row: Row, stated: NamedPrices) -> Tariff | None:
        """Return the tariff of this name, or None after telling that it has other prices."""
        if stated.name not in self._tariffs:
            self._tariffs[stated.name] = self._stored_tariff(stated) or self._new_tariff(stated)
        tariff, known = self._tariffs[stated.name]
        if known == stated.prices:
            return tariff
        for column in PRICE_COLUMNS:
            had, says = getattr(known, column), getattr(stated.prices, column)
            if had != says:
                facts = {"tariff": stated.name, "had": _word(had) or "—"}
                self._tell(Problem(row.line, column, _word(says), str(TWO_PRICES) % facts))
        return None

    def _stored_tariff(self, stated: NamedPrices) -> tuple[Tariff, Prices] | None:
        tariff = Tariff.objects.filter(name=stated.name).first()
        version = tariff_version_at(tariff.pk, self.now) if tariff else None
        if tariff is None or version is None:
            return None
        self._count(Kind.TARIFFS, tariff)
        return tariff, _prices_of(version)

    def _new_tariff(self, stated: NamedPrices) -> tuple[Tariff, Prices]:
        tariff = create_tariff(
            name=stated.name, prices=stated.prices, valid_from=self.now, actor=None
        )
        self._count(Kind.TARIFFS, tariff, is_new=True)
        return tariff, stated.prices

    # --- customers ---

    def _take_customers(self, placed: list[tuple[Row, Village]]) -> dict[Key, Customer]:
        """Return the customers of these rows by phone and name; those that are new are registered."""
        known = _stored_customers({row.phone for row, _village in placed})
        new: dict[Key, Customer] = {}
        completed: dict[Key, Customer] = {}
        for row, village in placed:
            customer = known.get(row.customer_key)
            if customer is None:
                customer = self._new_customer(row, village)
                known[row.customer_key] = customer
                new[row.customer_key] = customer
            elif self._complete_customer(row, village, customer) and customer.pk:
                completed[row.customer_key] = customer
        register_customers(customers=list(new.values()))
        complete_customers(customers=list(completed.values()))
        for row, _village in placed:
            key = row.customer_key
            self._count(Kind.CUSTOMERS, known[key], key in new, key in completed)
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

    def _complete_customer(self, row: Row, village: Village, customer: Customer) -> bool:
        """Compare, and add what is not known yet; return whether anything was added."""
        if customer.is_archived:
            facts = {"name": customer.name}
            self._tell(Problem(row.line, "phone", row.phone, str(ARCHIVED) % facts))
            return False
        stated: dict[str, Any] = {
            "connection_type": self._type(row),
            "connection_group": self._group(row),
        }
        if row.device is None:
            stated["village"] = village
        return self._complete(row, customer, stated)

    def _type(self, row: Row) -> ConnectionType | None:
        name = row.connection_type
        if name and name not in self._types:
            self._types[name] = ensure_connection_type(name)
        return self._types.get(name)

    def _group(self, row: Row) -> ConnectionGroup | None:
        name = row.connection_group
        if name and name not in self._groups:
            self._groups[name] = ensure_connection_group(name)
        return self._groups.get(name)

    # --- devices ---

    def _take_devices(
        self, placed: list[tuple[Row, Village]], customers: Mapping[Key, Customer]
    ) -> None:
        serials = {row.device.serial for row, _village in placed if row.device is not None}
        known = _stored_devices(serials)
        new: dict[str, Device] = {}
        completed: dict[str, Device] = {}
        for row, village in placed:
            tariff = self._tariff(row, row.tariff) if row.tariff is not None else None
            if row.device is None:
                continue
            device = known.get(row.device.serial)
            customer = customers[row.customer_key]
            if device is None:
                device = self._new_device(row.device, village, customer, tariff)
                known[row.device.serial] = device
                new[device.serial] = device
            elif self._complete_device(row, device, village, customer, tariff) and device.pk:
                completed[device.serial] = device
        register_devices(devices=list(new.values()))
        complete_devices(devices=list(completed.values()))
        for serial, device in known.items():
            self._count(Kind.DEVICES, device, serial in new, serial in completed)

    def _new_device(
        self, stated: StatedDevice, village: Village, customer: Customer, tariff: Tariff | None
    ) -> Device:
        return Device(
            kind=stated.kind,
            manufacturer=stated.manufacturer,
            serial=stated.serial,
            village=village,
            tariff=tariff,
            customer=customer,
            assigned_at=self.now,
        )

    def _complete_device(
        self,
        row: Row,
        device: Device,
        village: Village,
        customer: Customer,
        tariff: Tariff | None,
    ) -> bool:
        """Compare, and add what is not known yet; return whether anything was added."""
        assert row.device is not None
        serial, owner = row.device.serial, device.customer
        if device.archived_at is not None:
            self._tell(Problem(row.line, "serial", serial, str(ARCHIVED) % {"name": serial}))
            return False
        if owner is not None and owner != customer:
            facts = {"owner": owner.name, "phone": owner.phone}
            self._tell(Problem(row.line, "serial", serial, str(BELONGS) % facts))
            return False
        stated = {
            "device_kind": row.device.kind,
            "manufacturer": row.device.manufacturer,
            "village": village,
            "tariff": tariff,
        }
        is_added = self._complete(row, device, stated)
        if owner is None:
            device.customer, device.assigned_at, device.fees_until = customer, self.now, None
        return is_added or owner is None

    # --- both ---

    def _complete(self, row: Row, thing: Any, stated: Mapping[str, Any]) -> bool:
        """Add stated facts that the thing lacks; tell of those that differ. Return whether any was added."""
        is_added = False
        for column, says in stated.items():
            name = column.removeprefix("device_")
            had = getattr(thing, name)
            if says is None or had == says:
                continue
            if had is None:
                setattr(thing, name, says)
                is_added = True
            else:
                sentence = str(HAS_ANOTHER) % {"had": had}
                self._tell(Problem(row.line, column, str(says), sentence))
        return is_added

    def _count(
        self, kind: Kind, thing: Any, is_new: bool = False, is_changed: bool = False
    ) -> None:
        key = kind, int(thing.pk)
        if is_new:
            self._counted[key] = How.CREATED
        elif is_changed and self._counted.get(key) != How.CREATED:
            self._counted[key] = How.CHANGED
        else:
            self._counted.setdefault(key, How.UNCHANGED)


def _stored_customers(phones: set[str]) -> dict[Key, Customer]:
    customers = Customer.objects.filter(phone__in=phones).select_related(
        "village", "connection_type", "connection_group"
    )
    return {(each.phone, each.first_name, each.last_name): each for each in customers}


def _stored_devices(serials: set[str]) -> dict[str, Device]:
    devices = Device.objects.filter(serial__in=serials)
    return {each.serial: each for each in devices.select_related("customer", "village", "tariff")}


def _prices_of(version: TariffVersion) -> Prices:
    """Return of a version what a portfolio states."""
    return Prices(
        price_per_kwh=version.price_per_kwh,
        access_fee=version.access_fee,
        access_fee_days=version.access_fee_days,
        minimum_purchase=version.minimum_purchase,
    )


def _word(value: Decimal | int | None) -> str:
    return "" if value is None else f"{Decimal(value).normalize():f}"
