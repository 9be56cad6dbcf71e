"""What was bought of manufacturers, and what became of each order."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from simulation import breaking
from simulation.case import Case, Violation
from simulation.evidence import Fact, Row
from simulation.plan import MAKERS, Device, Maker

REFUSING = ("refuse",)
FINISHED = ("issued", "refused", "in_doubt")


def check(case: Case) -> Iterator[Violation]:
    """At most one charge an order; the token we hold is the token that was made; doubt only where it must be."""
    ours = {device.serial for device in case.company.devices}
    for charge in case.found.charges:
        if charge["device"] not in ours:
            yield case.violation("charge for a stranger's device", charge["device"], charge)
    for stray in case.found.strays:
        yield case.violation("redirect followed", stray["path"], stray)
    for device in case.company.devices:
        yield from _device(case, device)
    yield from _numbers(case)


def _device(case: Case, device: Device) -> Iterator[Violation]:
    maker = MAKERS[device.maker]
    orders = list(case.orders_on(device.serial))
    charges = [each for each in case.found.charges if each["device"] == device.serial]
    yield from _states(case, device, maker, orders)
    if maker.is_local:
        if charges:
            yield case.violation("charge of a maker without calls", device.serial, charges)
        return
    yield from _tokens(case, orders, charges)
    yield from _left_over(case, device, maker, orders, charges)


def _states(case: Case, device: Device, maker: Maker, orders: list[Row]) -> Iterator[Violation]:
    states = Counter(row.state for row in orders)
    refusals = sum(each.kind in REFUSING for each in device.wrongs)
    if states["refused"] > refusals:
        yield case.violation("order refused without a refusal", device.serial, states)
    for row in orders:
        is_unlock_refused = row.task == "unlock" and row.paused_reason and refusals
        if row.state not in FINISHED and not is_unlock_refused:
            yield case.violation(
                "order not finished", row.public_id, (row.state, row.paused_reason)
            )
    doubts = states["in_doubt"]
    reasons = sum(each.kind not in breaking.CLEAR for each in device.wrongs)
    if maker.is_undecidable and doubts > reasons + case.evidence.deaths:
        yield case.violation("doubt without a reason", device.serial, states)


def _tokens(case: Case, orders: list[Row], charges: list[Fact]) -> Iterator[Violation]:
    made = {digits(each["token"]): each for each in charges}
    held = Counter(digits(row.token) for row in orders if row.state == "issued")
    for row in orders:
        if row.state != "issued":
            continue
        charge = made.get(digits(row.token))
        if charge is None:
            yield case.violation("token nobody made", row.public_id, row.token)
        elif Decimal(charge["quantity"]) != row.quantity or held[digits(row.token)] > 1:
            yield case.violation("token of another order", row.public_id, (charge, row.quantity))


def _left_over(
    case: Case, device: Device, maker: Maker, orders: list[Row], charges: list[Fact]
) -> Iterator[Violation]:
    """A charge without a token of ours belongs to an order in doubt; doubt stands only where nobody can say."""
    held = {digits(row.token) for row in orders if row.state == "issued"}
    lost = Counter(
        Decimal(each["quantity"]) for each in charges if digits(each["token"]) not in held
    )
    doubted = Counter(row.quantity for row in orders if row.state == "in_doubt")
    for quantity, count in lost.items():
        if count > doubted[quantity]:
            yield case.violation("charged more than ordered", device.serial, (quantity, charges))
    for quantity, count in doubted.items():
        # Of two purchases that look the same a person has to choose.
        is_ambiguous = maker.can_be_asked and lost[quantity] > 1
        if not (maker.is_undecidable or is_ambiguous or _was_refused_on_repeat(device, maker)):
            yield case.violation("doubt that could be settled", device.serial, (quantity, count))


def _was_refused_on_repeat(device: Device, maker: Maker) -> bool:
    """Whether a maker that cannot be asked refused a number that it may have sold under before."""
    refuses = any(each.kind in REFUSING for each in device.wrongs)
    return refuses and maker.honours_number and not maker.can_be_asked


def _numbers(case: Case) -> Iterator[Violation]:
    """Where a maker honours our number, each was sold under once and its token is the order's."""
    orders = {str(row.public_id): row for row in case.rows["orders"]}
    for sold in case.found.numbers:
        order = orders.get(sold["reference"])
        if order is None:
            yield case.violation("sold under a number that no order has", sold["reference"], sold)
        elif order.state != "in_doubt" and digits(order.token) != sold["token"]:
            yield case.violation("token of another number", sold["reference"], (sold, order.token))


def digits(token: str) -> str:
    """Return a token without what its maker puts around and between the digits."""
    return "".join(filter(str.isdigit, token))
