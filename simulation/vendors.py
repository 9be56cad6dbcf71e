"""``python -m simulation.vendors``: the sandbox, two makers more, and payments that others send.

Takes the options of ``python -m sandbox``.
"""

import sys
import threading
import time
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import charges, faults, strict
from sandbox.__main__ import main
from sandbox.answering import Sale
from sandbox.app import create_app as create_sandbox
from sandbox.charges import Charge, Order
from sandbox.store import Store
from sandbox.world import world

TOKEN_DIGITS = 20
faults.VENDORS |= {
    "sim_keyed": faults.VENDORS["calin_meter"],
    "sim_remembering": faults.VENDORS["calin_meter"],
    "sim_remembering.history": faults.VENDORS["calin_smart_meter.history"],
}

bp = Blueprint("simulation", __name__, url_prefix="/simulation")


class Honoured:
    """What was sold under which order number: the same number is sold once."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._sold: dict[tuple[str, str], Charge] = {}

    def sell(self, reference: str, order: Order, *, fault: str, answered: bool) -> Charge:
        with self._lock:
            key = (order.vendor, reference)
            if key not in self._sold:
                self._sold[key] = charges.charge(self._store, order, fault=fault, answered=answered)
            return self._sold[key]

    def find(self, vendor: str, reference: str) -> Charge | None:
        return self._sold.get((vendor, reference))

    def listed(self) -> list[dict[str, str]]:
        """Return every order number with its token."""
        with self._lock:
            return [
                {"vendor": vendor, "reference": reference, "token": charge.token}
                for (vendor, reference), charge in self._sold.items()
            ]

    def forget(self) -> None:
        with self._lock:
            self._sold = {}


def create_app() -> Flask:
    """Make the sandbox with what the simulation adds."""
    app = create_sandbox()
    app.extensions["honoured"] = Honoured(app.extensions["sandbox"].store)
    app.register_blueprint(bp)
    return app


def honoured() -> Honoured:
    """Return the order numbers of the running application."""
    found: Honoured = current_app.extensions["honoured"]
    return found


@bp.post("/<vendor>/tokens")
def sell(vendor: str) -> AnyResponse:
    """Sell under the caller's order number."""
    here, numbers, body = world(), honoured(), strict.json_object(request)
    strict.only(body, ("reference", "device", "quantity"))
    quantity = strict.number(body, "quantity")
    order = Order(vendor, body["device"], "credit", quantity, "kWh", TOKEN_DIGITS)
    reference = body["reference"]
    sale = Sale(
        charge=lambda fault, answered: numbers.sell(
            reference, order, fault=fault, answered=answered
        ),
        answer=lambda charge: jsonify({"token": charge.token}),
        refuse=lambda _: Response("no", status=422),
        distort=_distort,
    )
    return here.answering.serve(vendor, order.device, sale)


@bp.get("/<vendor>/tokens/<reference>")
def find(vendor: str, reference: str) -> AnyResponse:
    """Tell what was sold under an order number."""
    charge = honoured().find(vendor, reference)
    tokens = [{"token": charge.token, "quantity": str(charge.order.quantity)}] if charge else []
    sale: Sale[None] = Sale(
        charge=lambda *_: None,
        answer=lambda _: jsonify({"tokens": tokens}),
        refuse=lambda _: Response("no", status=422),
    )
    return world().answering.serve(f"{vendor}.history", reference, sale)


@bp.get("/numbers")
def numbers() -> Response:
    """List all order numbers that were sold under."""
    return jsonify(honoured().listed())


@bp.post("/forget")
def forget() -> Response:
    """Forget all that happened and would happen later, and switch all faults off."""
    here = world()
    here.later.forget()
    here.store.reset()
    here.faults.clear()
    honoured().forget()
    return jsonify({"ok": True})


@bp.post("/payments")
def know_payments() -> Response:
    """Take note of payments that are reported by somebody else, whose results come here."""
    rows: list[dict[str, Any]] = strict.json_object(request)["payments"]
    with world().store.transaction() as db:
        for row in rows:
            db.execute(
                "INSERT INTO payments (operator, reference, phone, name, device, amount, at,"
                " verdict, reason, fault, wire) VALUES (?, ?, ?, '', ?, ?, ?, ?, '', '', '[]')",
                (
                    row["operator"], row["reference"], row["phone"], row["device"], row["amount"],
                    time.time(), row.get("verdict", "sent"),
                ),
            )  # fmt: skip
    return jsonify({"known": len(rows)})


def _distort(kind: str, charge: Charge) -> Response:
    token = {"wrong_token_length": charge.token[:-1], "code0_without_token": None}
    return jsonify({"token": token.get(kind, charge.token)})


if __name__ == "__main__":
    sys.exit(main(app="simulation.vendors:create_app"))
