"""What can go wrong with one payment, in the words of the page."""

from dataclasses import dataclass

from sandbox.faults import Fault, Faults, Rule


@dataclass(frozen=True, slots=True)
class Scenario:
    """One line of the select: a fault of the operator, or a switch for this one payment."""

    label: str
    operator_fault: str = ""
    count: int = 2
    vendor: str = ""
    fault: Fault | None = None

    def prepare(self, faults: Faults, *, device: str, phone: str) -> None:
        """Throw the switch for the next call about this device or phone."""
        if self.fault is not None:
            faults.switch(Rule(self.vendor, self.fault, self._subject(device, phone), 1))

    def withdraw(self, faults: Faults, *, device: str, phone: str) -> None:
        """Take the switch back: the payment was not made, the next one shall not suffer."""
        if self.fault is not None:
            faults.switch(Rule(self.vendor, Fault("ok"), self._subject(device, phone)))

    def _subject(self, device: str, phone: str) -> str:
        return phone if self.vendor == "africastalking" else device


SCENARIOS: dict[str, Scenario] = {
    "nothing": Scenario("Nothing"),
    "reported_twice": Scenario("The operator reports twice", "twice"),
    "reported_at_once": Scenario("The operator reports ten times at once", "at_once", 10),
    "other_amount": Scenario("The operator reports again, another amount", "again_other_amount"),
    "unvalidated": Scenario("The operator reports without asking", "unvalidated"),
    "dropped": Scenario("The operator takes the money and never reports it", "dropped"),
    "manufacturer_slow": Scenario(
        "The manufacturer takes 15 seconds", vendor="manufacturers", fault=Fault("slow", 15)
    ),
    "manufacturer_silent": Scenario(
        "The manufacturer does not answer", vendor="manufacturers", fault=Fault("silent_after")
    ),
    "manufacturer_refuses": Scenario(
        "The manufacturer refuses", vendor="manufacturers", fault=Fault("refuse")
    ),
    "sms_lost": Scenario("The SMS is lost", vendor="africastalking", fault=Fault("lost")),
    "gateway_fails": Scenario(
        "The SMS gateway does not answer", vendor="africastalking", fault=Fault("silent_before")
    ),
}
