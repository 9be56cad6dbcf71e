"""Paying: an operator asks the product, takes the money, reports it, and misreports on demand."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sandbox import addresses, phonebook, strict
from sandbox.paying import Operator, Payment, Verdict
from sandbox.vendors.airtel import Airtel
from sandbox.vendors.vodacom_mz import VodacomMozambique
from sandbox.vendors.vodacom_tz import VodacomTanzania
from sandbox.wire import Said, post
from sandbox.world import World

OPERATORS: dict[str, Operator] = {
    operator.slug: operator for operator in (VodacomTanzania(), Airtel(), VodacomMozambique())
}

# How an operator can misreport; `at_once` takes a count.
FAULTS = {
    "": "reports well",
    "twice": "reports twice",
    "at_once": "reports many times at the same moment",
    "again_other_amount": "reports again with another amount",
    "again_other_device": "reports again with another device",
    "tampered_amount": "reports another amount than it asked about",
    "tampered_device": "reports another device than it asked about",
    "out_of_order": "reports first and asks afterwards",
    "unvalidated": "reports without asking",
    "wrong_key": "is not authentic: signed with another key",
    "expired": "is not authentic: signed too long ago",
    "validate_only": "asks and never reports",
    "dropped": "takes the money and never reports it",
}
NAMES_FOR_YES = {True: "accepted", False: "returned", None: "unknown"}
ANSWER_SECONDS = 30.0


class CannotPay(ValueError):
    """The payment cannot be started; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who pays what through whom, and how the operator misbehaves."""

    operator: str
    phone: str
    device: str
    amount: Decimal
    reference: str = ""
    name: str = ""
    fault: str = ""
    count: int = 2


@dataclass(slots=True)
class Session:
    """One payment under way: what was said so far."""

    operator: Operator
    account: addresses.Account
    fault: str
    said: list[Said] = field(default_factory=list)

    def send(self, step: str, payment: Payment) -> Verdict:
        spoil = self.fault if self.fault in {"wrong_key", "expired"} else ""
        message = self.operator.message(step, payment, self.account, spoil=spoil)
        said = post(step, message, timeout_seconds=ANSWER_SECONDS)
        self.said.append(said)
        return self.operator.verdict(said)


def pay(world: World, request: Request) -> dict[str, Any]:
    """Pay, and return everything that was said on the wire and what it came to.

    :raises CannotPay: no such operator or fault, or the product's address is not known
    """
    session = _session(world, request)
    payment = _payment(world, request, session.operator)
    row_id = _remember(world, payment, request.fault)
    verdict, reason = _run(session, payment, request)
    wire = [said.to_json() for said in session.said]
    _close(world, row_id, verdict, reason, wire)
    answers = [session.operator.verdict(said) for said in session.said]
    return {
        "operator": payment.operator,
        "reference": payment.reference,
        "verdict": verdict,
        "reason": reason,
        "answers": [
            {"step": said.step, "yes": answer.is_yes, "reason": answer.reason}
            for said, answer in zip(session.said, answers, strict=True)
        ],
        "exchanges": wire,
    }


def enquire(world: World, reference: str) -> dict[str, Any]:
    """Ask the product what became of a payment.

    :raises CannotPay: the payment is unknown, or its operator never asks
    """
    row = world.store.row("SELECT * FROM payments WHERE reference = ? ORDER BY id DESC", reference)
    if row is None:
        raise CannotPay(f"no payment {reference}")
    operator = OPERATORS[row["operator"]]
    account = addresses.account(world.store, operator.slug)
    if operator.enquiry_step not in account.urls:
        raise CannotPay(f"{operator.label} has no address to enquire at")
    payment = Payment(
        operator.slug, reference, row["phone"], row["name"], row["device"], row["amount"],
        phonebook.phonebook(world.store).local(row["at"]),
    )  # fmt: skip
    session = Session(operator, account, "")
    verdict = session.send(operator.enquiry_step, payment)
    return {
        "yes": verdict.is_yes,
        "reason": verdict.reason,
        "exchanges": [said.to_json() for said in session.said],
    }


def heartbeat(world: World) -> dict[str, Any]:
    """Send the Tanzanian broker's sign of life.

    :raises CannotPay: the product's address is not known
    """
    account = addresses.account(world.store, VodacomTanzania.slug)
    if not account.urls:
        raise CannotPay("vodacom_tz has no address")
    return post("heartbeat", VodacomTanzania().heartbeat(account)).to_json()


def _session(world: World, request: Request) -> Session:
    operator = OPERATORS.get(request.operator)
    if operator is None:
        raise CannotPay(f"no operator {request.operator!r}; there are {', '.join(OPERATORS)}")
    if request.fault not in FAULTS:
        raise CannotPay(f"no fault {request.fault!r}; there are {', '.join(filter(None, FAULTS))}")
    account = addresses.account(world.store, operator.slug)
    needed = {operator.check_step, operator.money_step} - {""}
    if missing := needed - account.urls.keys():
        raise CannotPay(f"{operator.label} has no address for {', '.join(sorted(missing))}")
    return Session(operator, account, request.fault)


def _payment(world: World, request: Request, operator: Operator) -> Payment:
    book = phonebook.phonebook(world.store)
    now = book.local(time.time())
    phone = phonebook.international(request.phone, book.country_code)
    customer = book.customer(phone)
    name = request.name or (customer.name if customer else "A Stranger")
    reference = request.reference or operator.new_reference(now)
    amount = strict.shortest(request.amount)
    return Payment(operator.slug, reference, phone, name, request.device, amount, now)


def _run(session: Session, payment: Payment, request: Request) -> tuple[str, str]:
    operator, skip_check = session.operator, {"out_of_order", "unvalidated"}
    if operator.check_step and request.fault not in skip_check:
        asked = session.send(operator.check_step, payment)
        if not asked.is_yes:
            return "refused", asked.reason
        payment = replace(payment, told=asked.told)
    if request.fault == "validate_only":
        return "validated", ""
    if request.fault == "dropped":
        return "unknown", "the report was lost"
    reported = _report(session, _tampered(payment, request.fault), request)
    _say_more(session, payment, request)
    return NAMES_FOR_YES[reported.is_yes], reported.reason


def _report(session: Session, payment: Payment, request: Request) -> Verdict:
    step = session.operator.money_step
    if request.fault != "at_once":
        return session.send(step, payment)
    ready = threading.Barrier(request.count)

    def together(_: int) -> Verdict:
        ready.wait()
        return session.send(step, payment)

    with ThreadPoolExecutor(request.count) as senders:
        verdicts = list(senders.map(together, range(request.count)))
    return max(verdicts, key=lambda verdict: (verdict.is_yes is True, verdict.is_yes is False))


def _say_more(session: Session, payment: Payment, request: Request) -> None:
    step = session.operator.money_step
    if request.fault == "twice":
        session.send(step, payment)
    elif request.fault.startswith("again_"):
        session.send(step, _other(payment, request.fault.removeprefix("again_other_")))
    elif request.fault == "out_of_order" and session.operator.check_step:
        session.send(session.operator.check_step, payment)


def _tampered(payment: Payment, fault: str) -> Payment:
    if fault.startswith("tampered_"):
        return _other(payment, fault.removeprefix("tampered_"))
    return payment


def _other(payment: Payment, what: str) -> Payment:
    if what == "amount":
        return replace(payment, amount=strict.shortest(Decimal(payment.amount) * 2))
    last = str((int(payment.device[-1]) + 1) % 10) if payment.device[-1:].isdigit() else "X"
    return replace(payment, device=payment.device[:-1] + last)


def _remember(world: World, payment: Payment, fault: str) -> int:
    return world.store.run(
        "INSERT INTO payments (operator, reference, phone, name, device, amount, at, verdict,"
        " reason, fault, wire) VALUES (?, ?, ?, ?, ?, ?, ?, 'sent', '', ?, '[]')",
        payment.operator, payment.reference, payment.phone, payment.name, payment.device,
        payment.amount, payment.paid_at.timestamp(), fault,
    )  # fmt: skip


def _close(world: World, row_id: int, verdict: str, reason: str, wire: list[Any]) -> None:
    with world.store.transaction() as db:
        db.execute("UPDATE payments SET wire = ? WHERE id = ?", (json.dumps(wire), row_id))
        # The broker's result may have come first, and is the last word.
        db.execute(
            "UPDATE payments SET verdict = ?, reason = ? WHERE id = ? AND verdict = 'sent'",
            (verdict, reason, row_id),
        )
