"""What people and machines do at an installation, and what became of it."""

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import requests

from simulation.airtel import Answer, airtel_xml, read_answer
from simulation.installation import COMPANIES, HOST, Installation
from simulation.waiting import PATIENCE_SECONDS, NotYet, until

__all__ = ["Site", "serial", "until"]

KEYPAD, SMART = {"jua": "4700011", "taa": "4700022"}, {"jua": "4800011", "taa": "4800022"}
# What nobody has touched for some seconds is lost; what was touched just now is somebody's work.
TIME_PASSES = """
UPDATE payments_payment SET available_at = now()
    WHERE state = 'received' AND booked_at < now() - interval '2 s' AND available_at IS NOT NULL;
UPDATE vending_tokenorder SET available_at = now()
    WHERE state = 'due' AND created_at < now() - interval '2 s' AND available_at IS NOT NULL;
UPDATE vending_tokenorder SET leased_until = now() - interval '1 s'
    WHERE state = 'requested' AND requested_at < now() - interval '2 s';
UPDATE vending_tokenorder SET requested_at = requested_at - interval '10 min', available_at = now()
    WHERE state = 'in_doubt' AND available_at > now() AND requested_at > now() - interval '10 min';
UPDATE messaging_message SET leased_until = now() - interval '1 s'
    WHERE state = 'queued' AND leased_until BETWEEN now() AND now() + interval '73 s';
UPDATE payments_operatorresult SET leased_until = now() - interval '1 s'
    WHERE state <> 'confirmed' AND leased_until > now() AND decided_at < now() - interval '3 s';
UPDATE payments_correction SET leased_until = now() - interval '1 s'
    WHERE state = 'requested' AND requested_at < now() - interval '2 s';
"""


def serial(maker: str, number: int, company: str = COMPANIES[0]) -> str:
    """Return the serial of the n-th meter that a company has of a maker."""
    return f"{(KEYPAD if maker == 'calin_meter' else SMART)[company]}{number:04d}"


class Site(Installation):
    """An installation with customers who pay, vendors who remember, and rows that can be looked at."""

    # --- what people and machines do ---------------------------------------------------------------------

    def airtel(
        self,
        reference: str,
        *,
        session: requests.Session | None = None,
        timeout: float = 20,
        company: str = COMPANIES[0],
        port: int | None = None,
        **content: str,
    ) -> Answer:
        """Report a payment as Airtel does, to the web server or to one at another port."""
        port = port or self.port
        host = f"{company}.localhost:{port}"
        answer = (session or requests).post(
            f"http://{HOST}:{port}/webhooks/airtel/{self.keys[company]['airtel']}/process",
            data=airtel_xml(reference=reference, **content).encode(),
            headers={"Host": host, "Content-Type": "application/xml"},
            timeout=timeout,
        )
        return read_answer(answer)

    def vodacom(
        self, reference: str, *, account: str, company: str = COMPANIES[0], **more: Any
    ) -> dict[str, Any]:
        """Pay through Vodacom Tanzania; return what it was told."""
        payment = {
            "operator": "vodacom_tz",
            "phone": "+255754123456",
            "device": account,
            "amount": "5000",
            "reference": reference,
            **more,
        }
        there = self.sandbox_of(company)
        said: dict[str, Any] = requests.post(f"{there}/pay", json=payment, timeout=60).json()
        return said

    def warm_up(self) -> None:
        """Have each thread of the web server answer once: the first answer loads the code."""
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda _: self.airtel("none", password="wrong"), range(64)))  # noqa: S106

    # --- what the vendors remember -----------------------------------------------------------------------

    def truth(self, company: str = COMPANIES[0], **only: str) -> dict[str, Any]:
        """Return what really happened at a company's vendors; ``only`` may name a device."""
        answer = requests.get(f"{self.sandbox_of(company)}/truth", params=only, timeout=20)
        found: dict[str, Any] = answer.json()
        return found

    def charges(self, account: str, company: str = COMPANIES[0]) -> list[dict[str, Any]]:
        """Return what was bought for a device."""
        found: list[dict[str, Any]] = self.truth(company, device=account)["charges"]
        return found

    def messages(self, reference: str, company: str = COMPANIES[0]) -> list[dict[str, Any]]:
        """The SMS with a token that reached a phone about a payment."""
        return [
            each
            for each in self.truth(company)["messages"]
            if reference in each["text"] and "Token " in each["text"]
        ]

    def doorbells_ms(self) -> list[int]:
        """How long the web server's doorbells took that nobody answered."""
        lines = self.processes.children["web"].log.read_text().splitlines()
        facts = [json.loads(line) for line in lines if "doorbell.silent" in line]
        return [each["took_ms"] for each in facts]

    # --- our rows ----------------------------------------------------------------------------------------

    def payments(self, reference: str, company: str = COMPANIES[0]) -> list[SimpleNamespace]:
        sql = "SELECT * FROM payments_payment WHERE reference = %s"
        return self.query(sql, reference, company=company)

    def order(self, reference: str, company: str = COMPANIES[0]) -> SimpleNamespace:
        (order,) = self.orders(reference, company)
        return order

    def orders(self, reference: str, company: str = COMPANIES[0]) -> list[SimpleNamespace]:
        return self.query(
            "SELECT o.* FROM vending_tokenorder o JOIN payments_payment p ON o.source_id = p.id"
            " WHERE o.source = 'payment' AND p.reference = %s",
            reference,
            company=company,
        )

    def is_done(self, reference: str, company: str = COMPANIES[0]) -> bool:
        """Whether the token of this payment is on a phone, as far as we know."""
        return bool(
            self.query(
                "SELECT 1 FROM payments_payment p"
                " JOIN vending_tokenorder o ON o.source = 'payment' AND o.source_id = p.id"
                " JOIN messaging_message m ON m.source = 'payment' AND m.source_id = p.id"
                " WHERE p.reference = %s AND p.state = 'settled' AND o.state = 'issued'"
                " AND m.purpose = 'token' AND m.state IN ('sent', 'delivered')",
                reference,
                company=company,
            )
        )

    # --- time --------------------------------------------------------------------------------------------

    def take_up(self) -> None:
        """Let the time pass after which lost work is taken up, and the sweeper come."""
        for company in COMPANIES:
            self.query(TIME_PASSES, company=company)
        self.sweep()

    def take_up_until(
        self,
        condition: Callable[[], object],
        *,
        what: str = "it",
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Let time pass and the sweeper come, again and again, until a condition holds.

        :raises NotYet: it did not
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.take_up()
            with contextlib.suppress(NotYet):
                until(condition, seconds=1)
                return
        raise NotYet(f"{what} did not come true in {seconds:g} s")

    # --- the books ---------------------------------------------------------------------------------------

    def check_books(self, company: str = COMPANIES[0]) -> None:
        """The invariants of the books, whatever has happened.

        :raises AssertionError: one does not hold
        """
        sums = {
            row.account: row.total
            for row in self.query(
                "SELECT account, sum(amount) AS total FROM ledger_entry GROUP BY account",
                company=company,
            )
        }
        (open_sums,) = self.query(
            "SELECT (SELECT coalesce(sum(amount), 0) FROM payments_payment"
            "  WHERE state IN ('received', 'unmatched')) AS suspense,"
            " (SELECT coalesce(sum(cost), 0) FROM vending_tokenorder"
            "  WHERE state IN ('due', 'requested', 'in_doubt')) AS ordered",
            company=company,
        )
        below = self.query(
            "SELECT subject_id FROM ledger_entry WHERE account = 'device_credit'"
            " GROUP BY subject_id HAVING sum(amount) > 0",
            company=company,
        )
        assert sum(sums.values()) == 0, sums
        assert -sums.get("suspense", 0) == open_sums.suspense, (sums, open_sums)
        assert -sums.get("ordered", 0) == open_sums.ordered, (sums, open_sums)
        assert below == [], below
