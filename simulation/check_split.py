"""What each settled payment should have been split into, computed anew.

A second opinion: written from the rules on money, sharing no code with the product. It follows the payments of
each customer in the order in which they were settled, and what refused orders gave back between them.
"""

import copy
import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from simulation.case import Case, Violation, grouped
from simulation.evidence import Row
from simulation.plan import MAKERS, Device

ZERO = Decimal(0)
ZONE = zoneinfo.ZoneInfo("Africa/Dar_es_Salaam")
SMALLEST = {"TZS": Decimal("0.01"), "RWF": Decimal(1)}
METER_STEP = Decimal("0.1")
# What a refusal gives back so shortly before a payment is settled, settling may have been too early to see.
TOO_CLOSE = dt.timedelta(seconds=3)


@dataclass(slots=True)
class Debt:
    """An instalment or fee and what is left of it."""

    kind: str
    id: int
    due: dt.date
    left: Decimal
    order: tuple[int, ...] = ()


@dataclass(slots=True)
class Kit:
    """A plan that a device is on: its instalments, and the days they earn."""

    id: int
    parts: list[Row]
    paid: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    days_ordered: Decimal = ZERO
    is_paid: bool = False

    def left(self, row: Row) -> Decimal:
        return Decimal(row.cost) - self.paid[row.id]


@dataclass(slots=True)
class Opinion:
    """How one payment should have been spent."""

    parts: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    bought: str = ""
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    credit: Decimal = ZERO
    over: Decimal = ZERO

    @property
    def rest(self) -> tuple[str, Decimal, Decimal, Decimal, Decimal]:
        """What is bought, how much, for what, and the changes of both credits."""
        return self.bought, self.quantity, self.cost, self.credit, self.over

    def fits(self, debts: Mapping[tuple[str, int], Decimal], rest: tuple[object, ...]) -> bool:
        """Whether a payment was spent like this."""
        return self.parts == debts and self.rest == rest

    def pay(self, debts: list[Debt], money: Decimal) -> Decimal:
        """Spend on debts in their order; return what is left."""
        for debt in debts:
            part = min(money, debt.left)
            if part > 0:
                self.parts[debt.kind, debt.id] = part
                debt.left -= part
                money -= part
        return money


def check(case: Case) -> Iterator[Violation]:
    """The parts of every settled payment, and the order it paid for, are what the rules say."""
    devices = {row.id: row.customer_id for row in case.rows["devices"]}
    for customer, payments in grouped(
        case.settled, lambda row: int(devices[row.device_id])
    ).items():
        payments.sort(key=lambda row: _settled_at(case, row))
        accounts = Accounts(case, customer)
        for payment in payments:
            yield from _compare(case, payment, accounts)
        accounts.give_back_all()
        yield from _balances(case, accounts)


def _settled_at(case: Case, payment: Row) -> int:
    """The first of its postings in the one transaction; credit of the customer has one of its own."""
    events = ("settled", "overpaid")
    found = [each.id for event in events for each in case.posted("payment", payment.id, event)]
    return min(found, default=0)


@dataclass(slots=True)
class State:
    """What a customer owes and holds at one moment."""

    old: list[Debt]
    fees: dict[str, list[Debt]]
    kits: dict[int, Kit]
    credit: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    over: Decimal = ZERO

    def give_back(self, order: Row) -> None:
        """Return what a refused order took: money to the device's credit, days to the plan."""
        self.credit[order.device_id] += order.cost
        if order.plan_id is not None:
            self.kits[order.device_id].days_ordered -= order.quantity


class Accounts:
    """What one customer owes and holds, payment by payment."""

    def __init__(self, case: Case, customer_id: int) -> None:
        self.case, self.customer = case, customer_id
        self.smallest = SMALLEST[case.found.currency]
        self.terms = case.rows["company"][0]
        self.state = self._at_first()
        self.refused = [
            row
            for row in case.rows["orders"]
            if row.state == "refused" and row.customer_id == customer_id
        ]
        self.refused.sort(key=lambda row: row.closed_at)

    def _at_first(self) -> State:
        case = self.case
        rows = [row for row in case.rows["instalments"] if row.customer_id == self.customer]
        old = [
            Debt("instalment", row.id, row.due_date, row.cost, (row.plan_id, row.number))
            for row in rows
            if row.device_id is None
        ]
        old.sort(key=lambda debt: (debt.due, debt.order))
        own = grouped((row for row in rows if row.device_id is not None), lambda row: row.device_id)
        kits = {
            device: Kit(parts[0].plan_id, sorted(parts, key=lambda row: (row.due_date, row.number)))
            for device, parts in own.items()
        }
        fees = {
            serial: [Debt("access_fee", row.id, row.due_date, row.amount) for row in fees]
            for serial, fees in grouped(case.rows["fees"], lambda row: row.serial).items()
        }
        return State(old, fees, kits)

    def opinions(self, payment: Row, device: Device) -> Iterator["Trial"]:
        """Split a payment: once after all that was given back until then, then with the last of it unseen."""
        given = [
            row
            for row in self.refused
            if row.device_id == payment.device_id and row.closed_at <= payment.settled_at
        ]
        close = sum(payment.settled_at - row.closed_at <= TOO_CLOSE for row in given)
        for count in range(len(given), len(given) - close - 1, -1):
            trial = Trial(self, copy.deepcopy(self.state), given[:count])
            trial.spend(payment, device)
            yield trial

    def accept(self, trial: "Trial") -> None:
        """Go on from what a trial left."""
        self.state = trial.state
        for row in trial.given:
            self.refused.remove(row)

    def give_back_all(self) -> None:
        """After the last payment, all is given back that is left."""
        for row in self.refused:
            self.state.give_back(row)
        self.refused = []


class Trial:
    """One payment, split in one state."""

    def __init__(self, accounts: Accounts, state: State, given: list[Row]) -> None:
        self.terms, self.smallest = accounts.terms, accounts.smallest
        self.state, self.given, self.opinion = state, given, Opinion()
        for row in given:
            state.give_back(row)

    def spend(self, payment: Row, device: Device) -> None:
        """Split the payment and take it from what is owed."""
        opinion, state, today = self.opinion, self.state, payment.booked_at.astimezone(ZONE).date()
        share = self._floor(payment.amount * self.terms.debt_share_percent / 100)
        old = [debt for debt in state.old if debt.due <= today]
        fees = [debt for debt in state.fees.get(device.serial, ()) if debt.due <= today]
        fees_first = self.terms.debt_order == "fees_first"
        left = share
        for debts in (fees, old) if fees_first else (old, fees):
            left = opinion.pay(debts, left)
        rest = payment.amount - (share - left) + state.credit[payment.device_id]
        self._buy(opinion, rest, payment.device_id, device)
        state.over += opinion.over

    def _buy(self, opinion: Opinion, rest: Decimal, device_id: int, device: Device) -> None:
        kit = self.state.kits.get(device_id)
        if kit is not None:
            rest = self._pay_kit(opinion, rest, kit)
        else:
            sells_days = MAKERS[device.maker].sells_days
            step, price = Decimal(1) if sells_days else METER_STEP, Decimal(device.price)
            steps = int(Fraction(rest) // (Fraction(price) * Fraction(step)))
            opinion.quantity = steps * step
            opinion.cost = (opinion.quantity * price).quantize(self.smallest, ROUND_CEILING)
            opinion.bought = ("days" if sells_days else "energy") if steps else ""
            rest -= opinion.cost
        opinion.credit = rest - self.state.credit[device_id]
        self.state.credit[device_id] = rest

    def _pay_kit(self, opinion: Opinion, rest: Decimal, kit: Kit) -> Decimal:
        """Pay the device's own plan; return what stays as the device's credit."""
        if kit.is_paid:
            opinion.over = rest
            return ZERO
        for row in kit.parts:
            part = min(rest, kit.left(row))
            if part > 0:
                opinion.parts["instalment", row.id] = part
                kit.paid[row.id] += part
                rest -= part
        if not any(kit.left(row) for row in kit.parts):
            kit.is_paid, opinion.bought, opinion.over = True, "unlock", rest
            return ZERO
        earned = sum(
            (Fraction(kit.paid[row.id]) * row.days / Fraction(row.cost) for row in kit.parts),
            Fraction(0),
        )
        opinion.quantity = max(Decimal(int(earned)) - kit.days_ordered, ZERO)
        kit.days_ordered += opinion.quantity
        opinion.bought = "days" if opinion.quantity else ""
        return rest

    def _floor(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.smallest, ROUND_FLOOR)


def _compare(case: Case, payment: Row, accounts: Accounts) -> Iterator[Violation]:
    trials = list(accounts.opinions(payment, case.device_by_id[payment.device_id]))
    debts, rest = _debts(payment), _rest(case, payment)
    fitting = (each for each in trials if each.opinion.fits(debts, rest))
    trial = next(fitting, trials[0])
    accounts.accept(trial)
    opinion = trial.opinion
    if opinion.parts != debts:
        yield case.violation(
            "debts paid differ from the rules", payment.reference, (payment.parts, opinion)
        )
    if opinion.rest != rest:
        yield case.violation(
            "split differs from the rules",
            payment.reference,
            (payment.parts, case.order_of.get(payment.id), opinion),
        )


def _balances(case: Case, accounts: Accounts) -> Iterator[Violation]:
    """What the customer and each device hold in the end is what the books say."""
    booked = {(row.account, row.subject_id): row.amount for row in case.rows["credit"]}
    right = {("customer_credit", accounts.customer): accounts.state.over}
    for device_id, amount in accounts.state.credit.items():
        right["device_credit", device_id] = amount
    for (account, subject), amount in right.items():
        if booked.get((account, subject), ZERO) != amount:
            evidence = (booked.get((account, subject), ZERO), amount)
            yield case.violation("credit differs from the books", f"{account} {subject}", evidence)


def _debts(payment: Row) -> dict[tuple[str, int], Decimal]:
    return {
        (part["part"], part["id"]): Decimal(part["amount"])
        for part in payment.parts
        if part["part"] in {"instalment", "access_fee"}
    }


def _rest(case: Case, payment: Row) -> tuple[str, Decimal, Decimal, Decimal, Decimal]:
    """What was bought, how much, for what, and the changes of both credits."""
    by_name: dict[str, Decimal] = defaultdict(Decimal)
    for part in payment.parts:
        by_name[part["part"]] += Decimal(part["amount"])
    orders = case.order_of.get(payment.id, [])
    if len(orders) > 1:
        return "several", ZERO, ZERO, ZERO, ZERO
    cost, bought, quantity = ZERO, "", ZERO
    if orders:
        order = orders[0]
        cost, quantity = order.cost, order.quantity
        bought = {"day": "days", "kwh": "energy"}.get(order.unit, order.task)
    spent = by_name["energy"] + by_name["days"]
    if spent != cost:
        return "part without order", quantity, spent, ZERO, ZERO
    return bought, quantity, cost, by_name["device_credit"], by_name["customer_credit"]
