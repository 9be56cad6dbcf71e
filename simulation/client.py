"""The operators of one run: they report payments, repeat what was not answered, and note what we said."""

import datetime as dt
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import requests

from simulation.operators import ENQUIRY, NO, NOTICE, UNKNOWN, VALIDATION, Call, call
from simulation.plan import Company, Content, Payment, Plan
from simulation.site import Site

AGAIN_SECONDS, LONGEST_PAUSE_SECONDS = 0.4, 1.5
EARLY_NOTICE = "notice before validation"
LATE = "late notice"


@dataclass(slots=True)
class Log:
    """Every call that was made, in the order of the answers."""

    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, made: Call) -> Call:
        with self._lock:
            self.calls.append(made)
        return made


class Operators:
    """All payments of a plan, each in a thread of its own."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site, self.plan, self.log = site, plan, Log()
        self.paid_at = dt.datetime.now(dt.UTC)
        self.started = time.monotonic()
        self.give_up = threading.Event()
        self._threads = ThreadPoolExecutor(plan.payments, thread_name_prefix="payer")
        self._paying: list[Future[None]] = []

    def introduce(self) -> None:
        """Tell the vendors of the payments whose results come to them."""
        for company in self.plan.companies:
            rows = [
                {
                    "operator": each.operator,
                    "reference": each.reference,
                    "phone": each.phone,
                    "device": each.content.account,
                    "amount": each.content.amount,
                }
                for each in company.payments
                if each.operator == "vodacom_tz"
            ]
            there = self.site.sandbox_of(company.slug)
            requests.post(
                f"{there}/simulation/payments", json={"payments": rows}, timeout=20
            ).raise_for_status()

    def start(self) -> None:
        """Let everybody pay; returns at once."""
        self.started = time.monotonic()
        self._paying = [
            self._threads.submit(self._pay, company, payment)
            for company in self.plan.companies
            for payment in company.payments
        ]

    def all_answered(self) -> bool:
        return all(each.done() for each in self._paying)

    def finish(self, *, seconds: float) -> None:
        """Wait until every payment has an answer; those without one by then stay unanswered."""
        deadline = time.monotonic() + seconds
        while not self.all_answered() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.give_up.set()
        for each in self._paying:
            each.result()

    def say_more(self) -> None:
        """Repeat late what the plan wants repeated, and enquire."""
        late = [
            (company, payment)
            for company in self.plan.companies
            for payment in company.payments
            if payment.late or payment.operator != "vodacom_tz"
        ]
        list(self._threads.map(lambda one: self._repeat_late(*one), late))

    def close(self) -> None:
        self.give_up.set()
        self._threads.shutdown(wait=True)

    # --- one payment -------------------------------------------------------------------------------------

    def _pay(self, company: Company, payment: Payment) -> None:
        time.sleep(max(0.0, self.started + payment.at_ms / 1000 - time.monotonic()))
        if payment.asks_afterwards and payment.operator == "vodacom_mz":
            self._call(company, payment, NOTICE, payment.content, named=EARLY_NOTICE)
        told: dict[str, str] = {}
        if payment.asks_first:
            answer = self._until_answered(company, payment, VALIDATION)
            if answer is None or answer.word == NO:
                return
            told = answer.told
        self._report(company, payment, told)
        if payment.asks_afterwards and payment.operator == "airtel":
            self._call(company, payment, VALIDATION, payment.content)

    def _report(self, company: Company, payment: Payment, told: dict[str, str]) -> None:
        """Send all copies at the same moment; then repeat until one is answered."""
        contents = [*[payment.content] * payment.copies, *payment.tampered]
        ready = threading.Barrier(len(contents))

        def send(content: Content) -> Call:
            ready.wait()
            return self._call(company, payment, NOTICE, content, told=told)

        with ThreadPoolExecutor(len(contents)) as threads:
            answers = list(threads.map(send, contents))
        for content in dict.fromkeys(contents):
            words = {each.word for each in answers if each.content == content}
            if words == {UNKNOWN}:
                self._until_answered(company, payment, NOTICE, content=content, told=told)

    def _until_answered(
        self,
        company: Company,
        payment: Payment,
        step: str,
        *,
        content: Content | None = None,
        told: dict[str, str] | None = None,
    ) -> Call | None:
        pause = AGAIN_SECONDS
        while not self.give_up.is_set():
            answer = self._call(company, payment, step, content or payment.content, told=told)
            if answer.word != UNKNOWN:
                return answer
            self.give_up.wait(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        return None

    def _repeat_late(self, company: Company, payment: Payment) -> None:
        told = self._told(company, payment)
        is_reported = any(
            each.step == NOTICE and each.word != UNKNOWN for each in self._calls(company, payment)
        )
        if is_reported:
            for content in payment.late:
                self._call(company, payment, NOTICE, content, told=told, named=LATE)
        if payment.operator != "vodacom_tz":
            self._call(company, payment, ENQUIRY, payment.content)

    def _told(self, company: Company, payment: Payment) -> dict[str, str]:
        return next((each.told for each in self._calls(company, payment) if each.told), {})

    def _calls(self, company: Company, payment: Payment) -> Sequence[Call]:
        return [
            each
            for each in self.log.calls
            if (each.company, each.reference) == (company.slug, payment.reference)
        ]

    def _call(
        self,
        company: Company,
        payment: Payment,
        step: str,
        content: Content,
        *,
        told: dict[str, str] | None = None,
        named: str = "",
    ) -> Call:
        made = call(self.site, company.slug, payment, step, content, at=self.paid_at, told=told)
        return self.log.add(replace(made, step=named) if named else made)
