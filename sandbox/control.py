"""The JSON interface for tests and demos: pay, look behind the scenes, switch faults."""

import time
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox import addresses, charges, credentials, meters, operators, phonebook, strict
from sandbox.faults import VENDORS, Fault, Rule, UnknownFault
from sandbox.scenarios import SCENARIOS
from sandbox.store import plain
from sandbox.vendors import africastalking
from sandbox.world import World, world

bp = Blueprint("control", __name__)

MOST_AT_ONCE = 200
_PAY = {"operator", "phone", "device", "amount"}
_PAY_OPTIONS = {"reference", "name", "fault", "count"}


@bp.errorhandler(addresses.UnknownAddress)
@bp.errorhandler(operators.CannotPay)
@bp.errorhandler(phonebook.BadPhonebook)
@bp.errorhandler(strict.Unacceptable)
@bp.errorhandler(UnknownFault)
def _refused(error: Exception) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


@bp.get("/healthz")
def healthz() -> Response:
    return jsonify({"ok": True})


@bp.get("/credentials.json")
def show_credentials() -> Response:
    """List, per plug-in, what an admin of the product enters to reach this sandbox."""
    here = world()
    return jsonify(credentials.credentials(here.store, request.host_url.rstrip("/")))


@bp.get("/operators")
def show_operators() -> Response:
    return jsonify(addresses.listed(world().store))


@bp.post("/operators")
def set_operators() -> Response:
    """Set the product's webhook addresses, per operator and action."""
    addresses.change(world().store, strict.json_object(request))
    return show_operators()


@bp.post("/phonebook")
def set_phonebook() -> Response:
    """Set the company and its customers, phones and devices."""
    store = world().store
    phonebook.change(store, _with_texts(strict.json_object(request)))
    book = phonebook.phonebook(store)
    for device in book.devices:
        if device.manufacturer:
            charges.make_known(store, device.manufacturer, device.serial)
    return jsonify({"customers": len(book.customers)})


@bp.post("/devices")
def set_devices() -> Response:
    """Name the devices a manufacturer has built; `accept_any` keeps any right-looking serial."""
    store = world().store
    body = strict.json_object(request)
    strict.only(body, (), ("vendor", "serials", "accept_any"))
    if "accept_any" in body:
        store.remember("accept_any_serial", bool(body["accept_any"]))
    for serial in body.get("serials", []):
        charges.make_known(store, str(body.get("vendor", "")), str(serial))
    return jsonify({"accept_any": store.setting("accept_any_serial", True)})


@bp.post("/pay")
def pay() -> Response:
    """Send a payment through an operator and return all that was said."""
    here = world()
    body = strict.json_object(request)
    strict.only(body, _PAY, _PAY_OPTIONS)
    strict.texts(body, "operator", "phone", "device", "reference", "name")
    return jsonify(operators.pay(here, _request(here, body)))


@bp.post("/enquire")
def enquire() -> Response:
    """Let the operator ask what became of a payment."""
    body = strict.json_object(request)
    strict.only(body, ("reference",))
    return jsonify(operators.enquire(world(), str(body["reference"])))


@bp.post("/heartbeat")
def heartbeat() -> Response:
    return jsonify(operators.heartbeat(world()))


@bp.get("/sms")
def list_sms() -> Response:
    """List the SMS that a phone has received, oldest first; without a phone, all."""
    here = world()
    phone = request.args.get("phone", "")
    if phone:
        book = phonebook.phonebook(here.store)
        # A plus that was not percent-encoded arrives as a blank.
        phone = phonebook.international(phone, book.country_code)
    rows = here.store.rows(
        "SELECT * FROM messages WHERE is_shown AND (? = '' OR phone = ?) ORDER BY id", phone, phone
    )
    return jsonify([plain(row) for row in rows])


@bp.post("/sms")
def send_sms() -> tuple[Response, int] | Response:
    """Let a phone send an SMS to the product: `from` and `text`."""
    body = strict.json_object(request)
    strict.only(body, ("from", "text"))
    strict.texts(body, "from", "text")
    said = africastalking.incoming(world(), body["from"], body["text"])
    if said is None:
        return jsonify({"error": "africastalking has no address for incoming"}), 400
    return jsonify(said.to_json())


@bp.get("/meters/<device>")
def show_meter(device: str) -> Response:
    shown = meters.display(world().store, device)
    return jsonify(
        {
            "device": shown.device,
            "balance": strict.shortest(shown.balance),
            "unit": shown.unit,
            "is_unlocked": shown.is_unlocked,
        }
    )


@bp.post("/meters/<device>")
def feed_meter(device: str) -> Response:
    """Type a token into a meter or kit."""
    body = strict.json_object(request)
    strict.only(body, ("token",))
    strict.texts(body, "token")
    entry = meters.enter(world().store, device, body["token"])
    return jsonify({"accepted": entry.accepted, "message": entry.message})


@bp.get("/faults")
def show_faults() -> Response:
    here = world()
    switches = {vendor: sorted(kinds) for vendor, kinds in VENDORS.items()}
    rules = [rule.to_json() for rule in here.faults.listed()]
    return jsonify({"on": rules, "vendors": switches, "operators": sorted(operators.FAULTS)})


@bp.post("/faults")
def set_fault() -> Response:
    """Throw one switch, or several in a list under `faults`."""
    here = world()
    body = strict.json_object(request)
    wanted = body.get("faults", [body])
    for rule in [_rule(one) for one in wanted]:
        here.faults.switch(rule)
    return show_faults()


@bp.delete("/faults")
def clear_faults() -> Response:
    world().faults.clear()
    return show_faults()


@bp.get("/truth")
def truth() -> Response:
    """Tell what really happened at the vendors, whatever they answered."""
    store = world().store
    device = request.args.get("device", "")
    return jsonify(
        {
            "charges": charges.sold(store, device=device),
            "messages": [plain(row) for row in store.rows("SELECT * FROM messages ORDER BY id")],
            "results": [plain(row) for row in store.rows("SELECT * FROM results ORDER BY id")],
            "pushes": [plain(row) for row in store.rows("SELECT * FROM pushes ORDER BY id")],
            "refunds": [plain(row) for row in store.rows("SELECT * FROM refunds ORDER BY id")],
            "payments": _payments(store.rows("SELECT * FROM payments ORDER BY id")),
            "strays": [plain(row) for row in store.rows("SELECT * FROM strays ORDER BY id")],
            "balance_cents": {
                vendor: charges.balance_cents(store, vendor) for vendor in ("calin_smart_meter",)
            },
        }
    )


@bp.post("/reset")
def reset() -> Response:
    """Forget all that happened and switch all faults off; addresses and phones stay."""
    here = world()
    strict.json_object(request)
    here.store.reset()
    here.faults.clear()
    return jsonify({"ok": True})


@bp.route("/stray", methods=["GET", "POST", "PUT"])
def stray() -> tuple[str, int]:
    """Count whoever follows a redirect that no vendor's client should follow."""
    world().store.run(
        "INSERT INTO strays (method, path, at) VALUES (?, ?, ?)",
        request.method,
        request.full_path,
        time.time(),
    )
    return "Moved here, and nobody is at home.", 404


def _request(here: World, body: Mapping[str, Any]) -> operators.Request:
    book = phonebook.phonebook(here.store)
    phone = phonebook.international(body["phone"], book.country_code)
    fault, count = _operator_fault(here, body, phone)
    amount = _amount(body["amount"])
    return operators.Request(
        body["operator"], phone, body["device"], amount, body.get("reference", ""),
        body.get("name", ""), fault, count,
    )  # fmt: skip


def _operator_fault(here: World, body: Mapping[str, Any], phone: str) -> tuple[str, int]:
    """Return the operator's own fault; throw the switch when it is somebody else's."""
    fault = body.get("fault") or ""
    count = body.get("count", 2)
    if not isinstance(count, int) or not 1 <= count <= MOST_AT_ONCE:
        raise strict.Unacceptable(f"count is not between 1 and {MOST_AT_ONCE}")
    if isinstance(fault, Mapping):
        here.faults.switch(_rule({"count": 1, **fault}))
        return "", count
    if fault in SCENARIOS:
        scenario = SCENARIOS[fault]
        scenario.prepare(here.faults, device=body["device"], phone=phone)
        return scenario.operator_fault, max(count, scenario.count)
    return str(fault), count


def _rule(one: Mapping[str, Any]) -> Rule:
    body = dict(one)
    strict.only(body, ("vendor", "fault"), ("count", "seconds", "subject"))
    strict.texts(body, "vendor", "fault", "subject")
    count = body.get("count")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise strict.Unacceptable("count is neither null nor a whole number above zero")
    seconds = float(strict.number(body, "seconds")) if "seconds" in body else 0.0
    if not 0 <= seconds <= 600:
        raise strict.Unacceptable("seconds are not between 0 and 600")
    return Rule(body["vendor"], Fault(body["fault"], seconds), body.get("subject", ""), count)


def _amount(value: object) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        amount = Decimal(value)
        if not amount.is_finite() or amount <= 0:
            raise InvalidOperation
    except InvalidOperation as error:
        raise strict.Unacceptable("amount is not a number above zero") from error
    return amount


def _payments(rows: list[Any]) -> list[dict[str, Any]]:
    hidden = {"wire"}
    return [{k: v for k, v in plain(row).items() if k not in hidden} for row in rows]


def _with_texts(value: Any) -> Any:
    """Return the body as JSON can keep it: Decimals become texts."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _with_texts(one) for name, one in value.items()}
    return [_with_texts(one) for one in value] if isinstance(value, list) else value
