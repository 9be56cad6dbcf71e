"""What a payment paid for: rows that add up to the amount, and a bar of them."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from appliances.schedule import DOWN_PAYMENT
from common import formats
from desk.trace.values import Split, SplitPart
from desk.trace.writer import Writer
from payments.allocation import Part
from payments.models import Payment

BAR, GAP, LEAST = 1000, 6, 14
TONES = {
    Part.INSTALMENT: "p1",
    Part.ACCESS_FEE: "p2",
    Part.ENERGY: "p3",
    Part.DAYS: "p3",
    Part.DEVICE_CREDIT: "p4",
    Part.CUSTOMER_CREDIT: "p4",
}


def split_of(payment: Payment, writer: Writer) -> Split | None:
    """Return the parts of a settled payment in their fixed order; None before it is settled."""
    kept = [part for part in payment.parts if Decimal(str(part.get("amount", 0)))]
    if not kept:
        return None
    kept.sort(key=lambda part: TONES.get(part["part"], "p4"))
    parts = [_row(part, writer) for part in kept]
    total = sum((part.amount for part in parts), Decimal(0))
    return Split(tuple(_placed(parts)), total)


def _row(part: dict[str, Any], writer: Writer) -> SplitPart:
    amount = Decimal(str(part["amount"]))
    label, note = _words(part, amount, writer)
    return SplitPart(TONES.get(part["part"], "p4"), label, note, amount)


def _words(part: dict[str, Any], amount: Decimal, writer: Writer) -> tuple[str, str]:
    kind = part["part"]
    if kind == Part.INSTALMENT:
        facts = {"appliance": part.get("label") or _("Plan"), "number": part.get("number", "")}
        is_first = facts["number"] == DOWN_PAYMENT
        words = (
            _("%(appliance)s, down payment")
            if is_first
            else _("%(appliance)s, instalment %(number)s")
        )
        return words % facts, _due(part, writer)
    if kind == Part.ACCESS_FEE:
        return _("Access fee"), _due(part, writer)
    if kind in (Part.ENERGY, Part.DAYS):
        return _bought(part, writer)
    if kind == Part.CUSTOMER_CREDIT:
        note = _("spent when somebody says what for")
        return _("Credit of the customer"), note if part.get("by_hand") else _("the plan is paid")
    if amount < 0:
        return _("Credit used"), _("kept from earlier payments")
    return _("Kept as credit"), part.get("note") or _("used next time")


def _bought(part: dict[str, Any], writer: Writer) -> tuple[str, str]:
    is_energy = part["part"] == Part.ENERGY
    unit = part.get("unit") or ("kwh" if is_energy else "day")
    quantity = formats.quantity(Decimal(str(part.get("quantity") or 0)), unit, writer.language)
    word = _("Energy, %(quantity)s") if is_energy else _("Use, %(quantity)s")
    label = word % {"quantity": quantity}
    if not part.get("price"):
        return label, ""
    price = formats.price(Decimal(str(part["price"])), writer.company.currency, writer.language)
    note = _price_words(part) % {"price": price, "band": part.get("band", "")}
    if part.get("label"):
        note += ", " + _("tariff %(name)s") % {"name": part["label"]}
    return label, note


def _price_words(part: dict[str, Any]) -> str:
    """Why the price is what it is: the month's allowance, hours with a price of their own, or the tariff."""
    if part["part"] == Part.DAYS:
        return _("at %(price)s per day")
    if part.get("is_allowance"):
        return _("at %(price)s per kWh, from the month's allowance")
    return (
        _("at %(price)s per kWh, hours “%(band)s”")
        if part.get("band")
        else _("at %(price)s per kWh")
    )


def _due(part: dict[str, Any], writer: Writer) -> str:
    text = part.get("due_date")
    if not text:
        return ""
    return _("due %(day)s") % {"day": writer.day(dt.date.fromisoformat(str(text)))}


def _placed(parts: Sequence[SplitPart]) -> list[SplitPart]:
    """Give each positive part its place in the bar: in proportion, but never too thin to be seen."""
    shown = [part for part in parts if part.amount > 0]
    room = BAR - GAP * (len(shown) - 1)
    total = sum((part.amount for part in shown), Decimal(0))
    widths = {id(part): max(LEAST, int(room * part.amount / total)) for part in shown}
    if shown:
        widest = max(shown, key=lambda part: part.amount)
        widths[id(widest)] += room - sum(widths.values())
    placed, x = [], 0
    for part in parts:
        width = widths.get(id(part), 0)
        placed.append(SplitPart(part.tone, part.label, part.note, part.amount, x, width))
        x += width + GAP if width else 0
    return placed
