"""python -m mpm.demo: an installation with a demo company, and one payment on its way to an SMS."""

import datetime as dt
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mpm import embedded, run
from mpm.processes import NotReady, wait_until_ready

DEFAULT_SANDBOX_PORT = 8010
COMPANY = "jua"
PASSWORD = "sunshine-on-ukara"  # noqa: S105  of the demo, printed for everybody
PAYER, METER, AMOUNT = "+255754123456", "47000100011", "5000"
READY_SECONDS = 60.0
DELIVERY_SECONDS = 60.0
ANSWER_SECONDS = 60.0
ON_ITS_WAY = {"queued", "sent"}
PARTS = {
    "down_payment": "{label}, down payment",
    "instalment": "{label}, instalment",
    "access_fee": "Access fee",
    "energy": "Energy, {quantity} kWh at {price}",
    "days": "{quantity} days at {price}",
    "device_credit": "Credit for the device",
    "customer_credit": "Credit for the customer",
}


def demo() -> None:
    """Show a payment become a token, then serve until somebody stops it.

    :raises run.CannotRun: it does not start, or the payment is not taken
    """
    sandbox_port = run.port_to_use("SANDBOX_PORT", DEFAULT_SANDBOX_PORT)
    with run.installation(role="demo", say=run.say) as site:
        if sandbox_port == site.port:
            raise run.CannotRun("PORT and SANDBOX_PORT are the same: set one to another.")
        try:
            show(site, Sandbox(sandbox_port))
        except (run.CannotRun, NotReady):
            # Ctrl-C reaches whatever we were waiting for as well.
            if not site.stop.is_set():
                raise
        site.keep_serving()


def show(site: run.Installation, sandbox: "Sandbox") -> None:
    """Start everything, send one payment and print what became of it."""
    os.environ |= {"SANDBOX_URL": sandbox.url, "DEMO_PASSWORD": PASSWORD}
    site.prepare()
    sandbox.start(site)
    site.say("Preparing the demo company …")
    facts = json.loads(site.manage("furnish_demo", "--sandbox", sandbox.url, "--json"))
    sandbox.call("/operators", facts["webhooks"])
    sandbox.call("/phonebook", facts["phonebook"])
    site.start()
    if site.stop.is_set():
        return
    trace = pay(site, sandbox)
    for line in (*told(trace), "", *addresses(facts, sandbox, trace)):
        site.say(line)


class Sandbox:
    """The pretend vendors and phones, as another program that we start and talk to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://{run.HOST}:{port}"

    def start(self, site: run.Installation) -> None:
        """Start it and wait until it answers.

        :raises NotReady: it does not
        """
        words = ["--port", str(self.port), "--state", str(site.local / "sandbox")]
        app_url = site.url.replace("://", f"://{COMPANY}.", 1).rstrip("/")
        site.processes.start("sandbox", [*run.module("sandbox"), *words, "--app-url", app_url])
        wait_until_ready(
            f"{self.url}/healthz",
            seconds=READY_SECONDS,
            is_alive=lambda: site.processes.is_alive("sandbox") and not site.stop.is_set(),
        )

    def call(self, path: str, body: dict[str, Any]) -> Any:
        """Return what it answers to this body.

        :raises run.CannotRun: it does not take it
        """
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)
        except OSError as error:
            raise run.CannotRun(f"The sandbox did not take {path}: {error}") from error


def pay(site: run.Installation, sandbox: Sandbox) -> dict[str, Any]:
    """Have Airtel report one payment; return its trace once its SMS has arrived.

    :raises run.CannotRun: our webhook did not accept it
    """
    site.say("Sending one Airtel payment to the webhook …")
    order = {"operator": "airtel", "phone": PAYER, "device": METER, "amount": AMOUNT}
    paid = sandbox.call("/pay", order)
    if paid["verdict"] != "accepted":
        raise run.CannotRun(f"The payment was not accepted: {paid['reason']}")
    deadline = time.monotonic() + DELIVERY_SECONDS
    while True:
        words = ("--company", COMPANY, paid["reference"], "--json")
        trace: dict[str, Any] = json.loads(site.manage("trace_payment", *words))
        states = {message["state"] for message in trace["messages"]}
        if states and not states & ON_ITS_WAY:
            return trace
        if site.stop.wait(0.2) or time.monotonic() > deadline:
            return trace


def told(trace: dict[str, Any]) -> Iterator[str]:
    """Tell a trace from top to bottom, one step after the other."""
    currency = trace["currency"]
    yield "A payment becomes a token"
    yield "─" * 25
    for callback in trace["callbacks"]:
        what = f"{trace['operator']} {callback['action']}: {callback['verdict']}"
        yield f"{_clock(callback['received_at'])}  Callback  {what}, reference {trace['reference']}"
    who = f"{trace['customer']} paid {currency} {_figure(trace['amount'])} for {trace['device']}"
    yield f"{_clock(trace['settled_at'])}  Split     {who}"
    for part in trace["parts"]:
        yield f"{'':22}{_part(part, currency)}"
    for order in trace["orders"]:
        token = order["token_shown"] or order["reason"] or order["paused_reason"]
        yield f"{_clock(order['closed_at'])}  Token     {order['manufacturer']} {order['state']}: {token}"
    for message in trace["messages"]:
        yield f"{_clock(message['closed_at'])}  SMS       to {message['phone']}, {message['state']}"
        yield f"{'':22}“{message['text']}”"


def _clock(at: str | None) -> str:
    return f"{dt.datetime.fromisoformat(at):%H:%M:%S}" if at else " " * 8


def _part(part: dict[str, Any], currency: str) -> str:
    numbers = {name: _figure(part.get(name) or "0") for name in ("quantity", "price")}
    kind = "down_payment" if part.get("number") == 0 else part["part"]
    words = PARTS[kind].format(label=part.get("label", ""), **numbers)
    return f"{words:<40} {currency} {_figure(part['amount']):>9}"


def _figure(number: str) -> str:
    """Write a number with commas and without idle zeros."""
    exact = Decimal(number)
    return f"{exact.to_integral_value():,f}" if exact == int(exact) else f"{exact.normalize():,f}"


def addresses(facts: dict[str, Any], sandbox: Sandbox, trace: dict[str, Any]) -> Iterator[str]:
    """Tell where to look now, and as whom."""
    yield f"The company     {facts['address']}/"
    yield f"This payment    {facts['address']}/payments/{trace['payment']}/"
    yield f"Pretend phone   http://localhost:{sandbox.port}/"
    for person in facts["people"]:
        yield f"Log in as       {person['email']:<20} {person['role']}"
    yield f"Password        {PASSWORD} (of the demo, for all three; never use it elsewhere)"
    yield "Ctrl-C stops everything."


def main() -> int:
    """Run the demo and return the exit code."""
    try:
        demo()
    except (run.CannotRun, NotReady, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
