"""Columns of the files that the lists of this room can be saved as."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from common.phone import display_phone
from common.words import _
from customers.models import Customer
from desk.customer_list import CustomerRow, customer_rows
from desk.devices import DeviceRow, customer_name, device_rows
from devices.models import Device
from reports.exports import Column

M = TypeVar("M", bound=Model)
R = TypeVar("R")
AT_ONCE = 500

CUSTOMER_COLUMNS: list[Column[CustomerRow]] = [
    Column(_("First name"), lambda row: row.customer.first_name),
    Column(_("Last name"), lambda row: row.customer.last_name),
    Column(_("Phone"), lambda row: display_phone(row.customer.phone)),
    Column(_("Village"), lambda row: row.customer.village.name),
    Column(_("Mini-grid"), lambda row: row.customer.village.mini_grid.name),
    Column(_("Cluster"), lambda row: row.customer.village.mini_grid.cluster.name),
    Column(_("Devices"), lambda row: ", ".join(device.serial for device in row.devices)),
    Column(_("Owes"), lambda row: row.owes),
    Column(_("Last payment"), lambda row: row.last_paid),
    Column(_("Customer since"), lambda row: row.customer.created_at),
    Column(_("Kind of use"), lambda row: str(row.customer.connection_type or "")),
    Column(_("Group"), lambda row: str(row.customer.connection_group or "")),
    Column(_("Language"), lambda row: row.customer.language),
]
DEVICE_COLUMNS: list[Column[DeviceRow]] = [
    Column(_("Number"), lambda row: row.device.serial),
    Column(_("Kind"), lambda row: row.device.get_kind_display()),
    Column(_("Manufacturer"), lambda row: row.maker),
    Column(_("Customer"), lambda row: customer_name(row.device)),
    Column(_("Village"), lambda row: row.device.village.name),
    Column(_("Credit"), lambda row: row.credit),
    Column(_("Last token"), lambda row: row.last_token),
    Column(_("With its customer since"), lambda row: row.device.assigned_at),
]


def customer_lines(customers: "QuerySet[Customer]") -> Iterator[CustomerRow]:
    """Yield rows for all customers of a list, a portion at a time."""
    return _in_portions(customers, customer_rows)


def device_lines(devices: "QuerySet[Device]") -> Iterator[DeviceRow]:
    """Yield rows for all devices of a list, a portion at a time."""
    return _in_portions(devices, device_rows)


def _in_portions(found: "QuerySet[M]", rows: Callable[[Sequence[M]], list[R]]) -> Iterator[R]:
    read: Any = found.iterator(chunk_size=AT_ONCE)
    while portion := list(itertools.islice(read, AT_ONCE)):
        yield from rows(portion)
