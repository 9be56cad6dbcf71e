"""What shall go wrong: switches per vendor, for good or for the next few calls."""

import threading
from dataclasses import dataclass
from typing import Any

MANUFACTURERS = ("calin_meter", "calin_smart_meter", "sunking")

# The words of the control API, and what the page calls them.
KINDS = {
    "ok": "Nothing",
    "slow": "answers after some seconds",
    "refuse": "refuses",
    "empty_balance": "says that the company's account is empty",
    "wrong_key": "says that the key is wrong",
    "http400": "answers HTTP 400",
    "http429": "answers HTTP 429, too many calls",
    "http503": "answers HTTP 503",
    "http500_before_charge": "fails before it charges (HTTP 500)",
    "http500_after_charge": "charges, then fails (HTTP 500)",
    "silent_before": "does not answer and does not charge",
    "silent_after": "charges and does not answer",
    "late_charge": "does not answer, and charges later",
    "cut": "charges, the answer stops half-way",
    "malformed": "charges and answers with a web page",
    "drip": "charges and answers a letter at a time",
    "redirect": "sends the caller elsewhere",
    "wrong_token_length": "charges, the token has a digit too few",
    "code0_without_token": "charges and says yes without a token",
    "wrong_quantity": "charges, the answer names another quantity",
    "odd_format": "answers well, in an unusual spelling",
    "expired_bearer": "has forgotten all bearers",
    "refuse_number": "refuses the phone number",
    "lost": "takes the SMS, which never arrives",
    "lost_report": "delivers and sends no report",
    "rejected": "takes the SMS, the network rejects it",
    "early_report": "reports delivery before it answers",
    "report_twice": "sends each report twice",
    "cancelled": "the payer presses cancel",
    "too_little_money": "the payer has too little money",
    "pending": "says that it is not decided yet",
}

# Every vendor can fail at the level of HTTP.
_PLAIN = frozenset(
    {
        "ok",
        "slow",
        "refuse",
        "wrong_key",
        "http400",
        "http429",
        "http503",
        "http500_before_charge",
        "silent_before",
        "silent_after",
        "cut",
        "malformed",
        "drip",
        "redirect",
    }
)
_CHARGING = _PLAIN | {"http500_after_charge", "late_charge", "empty_balance", "odd_format"}
_TOKENS = _CHARGING | {"wrong_token_length", "code0_without_token"}

VENDORS: dict[str, frozenset[str]] = {
    "calin_meter": _TOKENS,
    "calin_smart_meter": _TOKENS | {"wrong_quantity"},
    "calin_smart_meter.history": _PLAIN,
    "calin_smart_meter.preview": _PLAIN,
    # Nobody documents how long its codes are: none of them is too short.
    "sunking": _TOKENS - {"empty_balance", "wrong_token_length"} | {"expired_bearer"},
    "sunking.auth": _PLAIN,
    "sunking.lookup": _PLAIN,
    "africastalking": _CHARGING - {"odd_format"}
    | {"refuse_number", "lost", "lost_report", "rejected", "early_report", "report_twice"},
    "airtel": _CHARGING - {"odd_format"} | {"expired_bearer", "pending"},
    "airtel.auth": _PLAIN,
    "vodacom_tz": _PLAIN | {"http500_after_charge"},
    "vodacom_mz": _CHARGING - {"odd_format", "empty_balance"}
    | {"cancelled", "too_little_money", "pending"},
    "vodacom_mz.query": _PLAIN | {"pending"},
}
GROUPS = {"manufacturers": MANUFACTURERS}


class UnknownFault(ValueError):
    """This vendor has no such switch."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; `seconds` means what the kind says (waiting, dripping, late)."""

    kind: str
    seconds: float = 0.0


@dataclass(slots=True)
class Rule:
    """A switch: for which vendor, which device or phone (all when empty), how many calls."""

    vendor: str
    fault: Fault
    subject: str = ""
    count: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "vendor": self.vendor,
            "fault": self.fault.kind,
            "seconds": self.fault.seconds,
            "subject": self.subject,
            "count": self.count,
        }


class Faults:
    """The switches of one run. They are not kept over a restart: a fresh start is well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def switch(self, rule: Rule) -> None:
        """Set one switch; counted ones queue up, a lasting one replaces its predecessor.

        A counted switch of a group counts the calls of all its members together.

        :raises UnknownFault: the vendor, or its fault, does not exist
        """
        members = _members(rule.vendor)
        for vendor in members:
            check(vendor, rule.fault.kind)
        if rule.fault.kind == "ok":
            places = {*members, rule.vendor}
        else:
            places = set(members) if rule.count is None else {rule.vendor}
        for vendor in sorted(places):
            self._switch(Rule(vendor, rule.fault, rule.subject, rule.count))

    def _switch(self, rule: Rule) -> None:
        with self._lock:
            if rule.fault.kind == "ok":
                self._rules = [old for old in self._rules if not _same_place(old, rule)]
                return
            if rule.count is None:
                self._rules = [
                    old
                    for old in self._rules
                    if old.count is not None or not _same_place(old, rule)
                ]
            self._rules.append(rule)

    def take(self, vendor: str, subject: str = "") -> Fault | None:
        """Return what goes wrong with this call, counting it; counted switches come first."""
        if not self._rules:
            return None
        with self._lock:
            fitting = [
                rule
                for rule in self._rules
                if vendor in _members(rule.vendor) and rule.subject in {"", subject}
            ]
            if not fitting:
                return None
            rule = next((r for r in fitting if r.count is not None), fitting[-1])
            if rule.count is not None:
                rule.count -= 1
                if rule.count <= 0:
                    self._rules.remove(rule)
            return rule.fault

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)


def check(vendor: str, kind: str) -> None:
    """
    :raises UnknownFault: the vendor, or its fault, does not exist
    """
    if vendor not in VENDORS:
        raise UnknownFault(f"no vendor {vendor!r}; there are {', '.join(sorted(VENDORS))}")
    if kind not in VENDORS[vendor]:
        known = ", ".join(sorted(VENDORS[vendor]))
        raise UnknownFault(f"{vendor} has no fault {kind!r}; it has {known}")


def _members(vendor: str) -> tuple[str, ...]:
    return GROUPS.get(vendor, (vendor,))


def _same_place(old: Rule, new: Rule) -> bool:
    return old.vendor == new.vendor and (not new.subject or old.subject == new.subject)
