"""R12: validation, notice, result and time-out come in any order, and twice: the end is the same."""

import contextlib
import datetime as dt
import itertools
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import requests

from simulation.installation import COMPANIES
from simulation.operators import ENQUIRY, NO, NOTICE, UNKNOWN, VALIDATION, call
from simulation.plan import Content, Payment
from simulation.site import Site, serial, until
from simulation.trials.figure import Figure
from simulation.trials.load import ensure

TARGET = (
    "validation, notice, result and time-out in all 24 orders, and each of them twice, lead to the same end"
    " (Airtel, Vodacom Tanzania, Vodacom Mozambique)"
)
# Our worker settles and tells the result; the operator's time-out makes it ask what became of the payment.
RESULT = "result"
STEPS = {
    "airtel": (VALIDATION, NOTICE, RESULT, ENQUIRY),
    "vodacom_tz": (NOTICE, RESULT),
    "vodacom_mz": (VALIDATION, NOTICE, RESULT, ENQUIRY),
}
END = """
SELECT p.state, count(DISTINCT o.id) AS orders, min(o.state) AS token, count(DISTINCT m.id) AS messages,
    min(r.state) AS told,
    -coalesce((SELECT sum(amount) FROM ledger_entry e WHERE e.account = 'suspense' AND e.subject_id = p.id), 0)
    AS suspense
FROM payments_payment p
LEFT JOIN vending_tokenorder o ON o.source = 'payment' AND o.source_id = p.id
LEFT JOIN messaging_message m ON m.source = 'payment' AND m.source_id = p.id AND m.purpose = 'token'
LEFT JOIN payments_operatorresult r ON r.payment_id = p.id
WHERE p.reference = %s GROUP BY p.id
"""
GOOD = ("settled", 1, "issued")
NOW = dt.datetime(2026, 11, 2, 9, 30, tzinfo=dt.UTC)


@dataclass
class _Operator:
    """What the operator of one payment was told, and what it repeats since it heard no yes."""

    payment: Payment
    told: dict[str, str] = field(default_factory=dict)
    to_repeat: list[str] = field(default_factory=list)


def run(site: Site, *, full: bool, every: int = 1) -> Figure:
    """Play every order of every operator, with the worker halted but where the order says that it works."""
    ensure(site, "web", "worker")
    ends: dict[str, set[tuple[object, ...]]] = {}
    numbers = itertools.count()
    for operator, steps in STEPS.items():
        for order in [*_orders(steps, full=full)][::every]:
            end = _play(site, operator, next(numbers), order)
            ends.setdefault(operator, set()).add(end)
    site.check_books()
    if any(len(found) > 1 for found in ends.values()) or _outcomes(ends) != {GOOD}:
        return Figure("r12", f"different ends: {ends}", is_held=False)
    said = f"{next(numbers)} orders of calls, one end for each operator: settled, one token"
    return Figure("r12", said, is_held=True)


def _outcomes(ends: dict[str, set[tuple[object, ...]]]) -> set[tuple[object, ...]]:
    return {end[:3] for found in ends.values() for end in found}


def _orders(steps: Sequence[str], *, full: bool) -> Iterator[tuple[str, ...]]:
    yield from itertools.permutations(steps)
    for twice in steps:
        orders = sorted(set(itertools.permutations([*steps, twice])))
        yield from orders if full else orders[::9]


def _play(site: Site, slug: str, number: int, order: Sequence[str]) -> tuple[object, ...]:
    """Play one order, let the operator repeat what got no yes, and return how it ends."""
    content = Content(serial("calin_smart_meter", number % 80), "5000")
    phone = "+258841234567" if slug == "vodacom_mz" else "+255754123456"
    operator = _Operator(Payment(slug, f"ANY{number:05d}", content, phone, 0))
    reference = operator.payment.reference
    _introduce(site, operator.payment)
    with _halted(site):
        for step in order:
            if step == RESULT:
                _let_it_work(site, reference)
            else:
                _call(site, operator, step)
        for step in [each for each in (VALIDATION, NOTICE) if each in operator.to_repeat]:
            _call(site, operator, step)
    until(lambda: _is_over(site, reference), what=f"the end of {reference}, {slug}: {order}")
    return _end(site, reference)


def _introduce(site: Site, payment: Payment) -> None:
    """Let the operator know of the payment that it reports, since it takes no result on another."""
    known = {
        "operator": payment.operator,
        "reference": payment.reference,
        "phone": payment.phone,
        "device": payment.content.account,
        "amount": payment.content.amount,
    }
    there = f"{site.sandbox}/simulation/payments"
    requests.post(there, json={"payments": [known]}, timeout=20).raise_for_status()


def _call(site: Site, operator: _Operator, step: str) -> None:
    payment = operator.payment
    if step == NOTICE and payment.operator == "vodacom_mz" and not operator.told:
        operator.to_repeat.append(step)  # it has nothing to say before it was answered
        return
    said = call(site, COMPANIES[0], payment, step, payment.content, at=NOW, told=operator.told)
    if said.word in (NO, UNKNOWN):
        operator.to_repeat.append(step)
    operator.told = said.told or operator.told


def _let_it_work(site: Site, reference: str) -> None:
    """Let the worker do what is due for a payment, if it is booked."""
    _signal(site, signal.SIGCONT)
    if any(row.booked_at for row in site.payments(reference)):
        until(lambda: _is_over(site, reference), what=f"the result of {reference}")
    _signal(site, signal.SIGSTOP)


@contextlib.contextmanager
def _halted(site: Site) -> Iterator[None]:
    _signal(site, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(site, signal.SIGCONT)


def _signal(site: Site, number: signal.Signals) -> None:
    os.killpg(site.processes.children["worker"].process.pid, number)


def _is_over(site: Site, reference: str) -> bool:
    return site.is_done(reference) and _end(site, reference)[-2] in (None, "confirmed")


def _end(site: Site, reference: str) -> tuple[object, ...]:
    (row,) = site.query(END, reference)
    return tuple(vars(row).values())
