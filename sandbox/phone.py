"""The page with the pretend phone: pay, read the SMS, feed the meter."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import meters, operators, phonebook
from sandbox.pages import money, page, phone_text
from sandbox.phonebook import Phonebook
from sandbox.scenarios import SCENARIOS
from sandbox.store import Row
from sandbox.world import World, world

bp = Blueprint("phone", __name__)

STRANGER = "stranger"
PATIENCE_SECONDS = 120
SHOWN_SMS = 5

_PAID = {"accepted", "confirmed", "sent", "unknown"}
_GIVEN_BACK = {"returned", "given_back"}
_UNPAID = {"refused", "returned"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What the phone shows."""

    owner: str
    number: str
    moment: str
    texts: tuple[str, ...]
    footer: str
    is_waiting: bool
    payment: str


@bp.get("/")
def show() -> Response:
    """Show the three steps; the address says which payment, phone, meter and entry."""
    here = world()
    last = _payment(here, request.args.get("payment", ""))
    return _page(here, last, _values(here, last), {})


@bp.get("/phone/read")
def read() -> Response:
    """Return the second step alone, while the page waits for the SMS."""
    here = world()
    book = phonebook.phonebook(here.store)
    screen = _screen(here, book, _payment(here, request.args.get("payment", "")))
    return Response(render_template("_read.html", screen=screen, book=book))


@bp.post("/phone/pay")
def pay() -> AnyResponse:
    """Send the payment and come back to the page with its answer."""
    here = world()
    values = request.form.to_dict()
    wanted, errors = _order(here, values)
    if wanted is not None:
        try:
            paid = _pay(here, wanted, values.get("fault", ""))
            return redirect(url_for("phone.show", payment=paid["reference"]), 303)
        except operators.CannotPay as error:
            errors["via"] = str(error)
    return _page(here, _payment(here, ""), values, errors)


def _pay(here: World, wanted: operators.Request, fault: str) -> dict[str, Any]:
    """Pay with the chosen fault switched on, and off again when no money moved."""
    scenario = SCENARIOS.get(fault, SCENARIOS["nothing"])
    about = {"device": wanted.device, "phone": wanted.phone}
    scenario.prepare(here.faults, **about)
    verdict = "refused"
    try:
        paid = operators.pay(here, wanted)
        verdict = paid["verdict"]
        return paid
    finally:
        if verdict in _UNPAID:
            scenario.withdraw(here.faults, **about)


@bp.post("/phone/token")
def enter_token() -> AnyResponse:
    """Type a token into the meter and come back with what it says."""
    device = request.form.get("device", "")
    entry = meters.enter(world().store, device, request.form.get("token", ""))
    payment = request.form.get("payment") or None
    return redirect(url_for("phone.show", payment=payment, meter=device, entry=entry.id), 303)


def _page(
    here: World, last: Row | None, values: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    book = phonebook.phonebook(here.store)
    device = request.args.get("meter") or (last["device"] if last else _first_device(book))
    entry_id = request.args.get("entry", "")
    entry = meters.entry(here.store, int(entry_id)) if entry_id.isdecimal() else None
    return page(
        "phone.html",
        status=422 if errors else 200,
        values=values,
        errors=errors,
        operators=_offered(here),
        scenarios=SCENARIOS,
        last=last,
        screen=_screen(here, book, last),
        display=meters.display(here.store, device) if device else None,
        entry=entry,
        names=_names(book),
    )


def _offered(here: World) -> dict[str, str]:
    """Return the operators that know where to report; all of them when none does."""
    known = here.store.setting("operators", {})
    every = {slug: operator.label for slug, operator in operators.OPERATORS.items()}
    ready = {slug: label for slug, label in every.items() if known.get(slug, {}).get("urls")}
    return ready or every


def _names(book: Phonebook) -> dict[str, str]:
    """Return what the select calls each phone; people of one name are told apart by it."""
    all_names = [customer.name for customer in book.customers]
    return {
        customer.phone: customer.name
        if all_names.count(customer.name) == 1
        else f"{customer.name}, {phone_text(customer.phone)}"
        for customer in book.customers
    }


def _values(here: World, last: Row | None) -> dict[str, str]:
    book = phonebook.phonebook(here.store)
    if last is None:
        payer = book.customers[0].phone if book.customers else STRANGER
        return {"payer": payer, "device": _first_device(book), "amount": "10,000"}
    known = book.customer(last["phone"]) is not None
    return {
        "payer": last["phone"] if known else STRANGER,
        "stranger": "" if known else last["phone"],
        "via": last["operator"],
        "device": last["device"],
        "amount": f"{Decimal(last['amount']):,}",
    }


def _first_device(book: Phonebook) -> str:
    return book.devices[0].serial if book.devices else ""


def _order(
    here: World, values: Mapping[str, str]
) -> tuple[operators.Request | None, dict[str, str]]:
    """Return the payment that the form asks for, or one sentence per field that is wrong."""
    book, errors = phonebook.phonebook(here.store), {}
    is_stranger = values.get("payer") == STRANGER
    typed = values.get("stranger" if is_stranger else "payer", "")
    phone, amount, device = "", _amount(values.get("amount", "")), values.get("device", "").strip()
    try:
        phone = phonebook.international(typed, book.country_code)
    except phonebook.BadPhonebook:
        field = "stranger" if is_stranger else "payer"
        errors[field] = f"A phone number has 9 digits after +{book.country_code} or a zero"
    if amount is None:
        errors["amount"] = "Amount is a number above zero, such as 10,000"
    if not device:
        errors["device"] = "Device number is needed: it stands on the meter"
    if errors or amount is None:
        return None, errors
    scenario = SCENARIOS.get(values.get("fault", ""), SCENARIOS["nothing"])
    return operators.Request(
        values.get("via", ""), phone, device, amount,
        fault=scenario.operator_fault, count=scenario.count,
    ), {}  # fmt: skip


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal("".join(text.replace(",", "").split()))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _payment(here: World, reference: str) -> Row | None:
    return here.store.row(
        "SELECT * FROM payments WHERE (? = '' OR reference = ?) ORDER BY id DESC LIMIT 1",
        reference, reference,
    )  # fmt: skip


def _screen(here: World, book: Phonebook, last: Row | None) -> Screen | None:
    chosen = request.args.get("phone", "")
    if chosen and (last is None or chosen != last["phone"]):
        return _other_phone(here, book, chosen)
    if last is None:
        return None
    sms = here.store.rows(
        "SELECT * FROM messages WHERE is_shown AND phone = ? AND at >= ? ORDER BY id LIMIT ?",
        last["phone"], last["at"], SHOWN_SMS,
    )  # fmt: skip
    footer, is_waiting = _footer(last, sms)
    return Screen(
        _owner(book, last["phone"]), phone_text(last["phone"]), _moment(book, last["at"]),
        (*_operator_texts(book, last), *(row["text"] for row in sms)),
        footer, is_waiting, last["reference"],
    )  # fmt: skip


def _other_phone(here: World, book: Phonebook, phone: str) -> Screen:
    sms = here.store.rows(
        "SELECT * FROM messages WHERE is_shown AND phone = ? ORDER BY id DESC LIMIT ?",
        phone, SHOWN_SMS,
    )[::-1]  # fmt: skip
    moment = _moment(book, sms[0]["at"]) if sms else ""
    texts = tuple(row["text"] for row in sms)
    footer = "" if sms else "No SMS so far"
    return Screen(_owner(book, phone), phone_text(phone), moment, texts, footer, False, "")


def _owner(book: Phonebook, phone: str) -> str:
    customer = book.customer(phone)
    return customer.name.split()[0] if customer and customer.name.strip() else "A stranger"


def _operator_texts(book: Phonebook, last: Row) -> list[str]:
    """Return what the operator itself writes to the payer."""
    sender = operators.OPERATORS[last["operator"]].sender
    amount = money(last["amount"], book.currency)
    if last["verdict"] == "refused":
        return [f"{sender}: not paid. {book.company}: {last['reason']}"]
    if last["verdict"] == "validated":
        return [f"{sender}: enter your PIN to pay {amount} to {book.company.upper()}."]
    paid = (
        f"{sender}: {last['reference']} confirmed. You paid {amount} to "
        f"{book.company.upper()} for {last['device']}."
    )
    if last["verdict"] in _GIVEN_BACK:
        return [paid, f"{sender}: {amount} given back. {last['reason']}"]
    return [paid]


def _footer(last: Row, sms: list[Row]) -> tuple[str, bool]:
    """Return the line below the messages, and whether an SMS may still come."""
    if sms:
        return f"{_span(sms[0]['at'] - last['at'])} after paying", False
    if last["verdict"] not in _PAID:
        return "", False
    waited = time.time() - last["at"]
    if waited > PATIENCE_SECONDS:
        return "No SMS came. The trace says why.", False
    return f"Waiting for the SMS, {_span(waited)} so far", True


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _moment(book: Phonebook, at: float) -> str:
    then, now = book.local(at), datetime.now(book.zone)
    day = "Today" if then.date() == now.date() else f"{then.day} {then:%B}"
    return f"{day} {then:%H:%M}"
