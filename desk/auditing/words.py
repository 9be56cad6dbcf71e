"""Words for what stands in the audit log.

An action is named ``thing.what``. The thing says which area it belongs to; what happened has a sentence here, or
reads as it is written where nobody gave it one yet.
"""

import re
from dataclasses import dataclass
from typing import Any

from common.words import _

# Which area each thing belongs to, for the filter.
AREAS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "users": (_("Users"), ("user", "invitation")),
    "logins": (_("Log-ins"), ("login",)),
    "protection": (_("Protected pages"), ("protection",)),
    "payments": (_("Payments"), ("payment", "payments", "conflict", "result", "statement")),
    "refunds": (_("Refunds and reversals"), ("refund", "reversal")),
    "credit": (_("Credit"), ("credit",)),
    "tokens": (_("Tokens"), ("order", "orders", "token")),
    "messages": (_("Messages"), ("message", "messages")),
    "customers": (_("Customers"), ("customer", "customers", "document", "address", "consent")),
    "devices": (_("Devices"), ("device", "devices", "meter_type")),
    "appliances": (_("Appliances and plans"), ("appliance", "plan")),
    "tariffs": (
        _("Tariffs"),
        ("tariff", "connection_type", "connection_sub_type", "connection_group"),
    ),
    "locations": (_("Locations"), ("location", "cluster", "mini_grid", "village", "map")),
    "plugins": (_("Plug-ins"), ("connection",)),
    "settings": (_("Settings"), ("company", "limits", "setup")),
    "data": (_("Import and export"), ("portfolio", "import", "export", "takeover")),
    "books": (_("Books"), ("books",)),
    "audit": (_("Audit log"), ("audit",)),
}
ACTIONS: dict[str, Any] = {
    "appliance.sold": _("Sold an appliance"),
    "audit.exported": _("Saved the audit log as a file"),
    "books.exported": _("Saved the books as a file"),
    "books.stragglers_sealed": _("Sealed postings that came late"),
    "company.changed": _("Changed the company's settings"),
    "company.created": _("Made the company"),
    "conflict.closed": _("Closed a conflict"),
    "connection.chosen": _("Chose a plug-in"),
    "connection.saved": _("Changed the settings of a plug-in"),
    "connection.switched_off": _("Switched a plug-in off"),
    "connection.switched_on": _("Switched a plug-in on"),
    "credit.moved": _("Moved credit to a device"),
    "credit.paid_plan": _("Paid a plan from credit"),
    "customer.archived": _("Archived a customer"),
    "customer.phone_changed": _("Changed a customer's phone"),
    "customer.registered": _("Registered a customer"),
    "customers.exported": _("Saved customers as a file"),
    "device.archived": _("Archived a device"),
    "device.assigned": _("Gave a device to a customer"),
    "device.registered": _("Registered a device"),
    "devices.exported": _("Saved devices as a file"),
    "invitation.accepted": _("Accepted an invitation"),
    "invitation.sent": _("Invited somebody"),
    "invitation.sent_again": _("Sent an invitation again"),
    "invitation.withdrawn": _("Withdrew an invitation"),
    "limits.changed": _("Changed how long things may wait"),
    "login.done": _("Logged in"),
    "login.failed": _("A wrong password was typed for this user"),
    "login.locked": _("Too many wrong passwords for this user: locked for a while"),
    "login.second_step_failed": _("A wrong second step was given for this user"),
    "message.dismissed": _("Took a failed SMS off the inbox"),
    "message.resent": _("Sent an SMS again"),
    "order.doubt_settled": _("Decided about a token in doubt"),
    "order.from_credit": _("Issued a token from credit"),
    "order.given_back": _("Gave the money of a token back to its device"),
    "order.issued_anew": _("Had a token issued anew"),
    "order.refusal_accepted": _("Took a refused token off the inbox"),
    "order.resumed": _("Tried a token again"),
    "payment.assigned": _("Decided whom a payment belongs to"),
    "payment.kept_as_credit": _("Kept a payment as credit"),
    "payment.recorded": _("Recorded a payment of a statement"),
    "payment.retried": _("Tried a payment again"),
    "payment.seen": _("Took a returned payment off the inbox"),
    "payments.exported": _("Saved payments as a file"),
    "plan.written_off": _("Wrote off what was owed on a plan"),
    "portfolio.imported": _("Imported a portfolio"),
    "protection.changed": _("Changed the protected pages"),
    "protection.failed": _("Gave a wrong password for protected pages"),
    "protection.links_sent": _("Had links for a new password for protected pages mailed"),
    "protection.locked": _("Too many wrong passwords for protected pages: locked for a while"),
    "protection.reset": _("Chose a new password for protected pages by a mailed link"),
    "protection.set": _("Chose the first password for protected pages"),
    "refund.approved": _("Approved a refund"),
    "refund.asked": _("Asked for a refund"),
    "refund.declined": _("Declined a refund"),
    "refund.doubt_settled": _("Decided about a refund in doubt"),
    "refund.in_doubt": _("A refund is in doubt"),
    "refund.not_paid": _("A refund was not paid out"),
    "refund.paid": _("Paid a refund out"),
    "refund.tried_again": _("Tried to pay a refund out again"),
    "refund.went_after_all": _("A refund went out after all"),
    "refund.withdrawn": _("Withdrew a refund"),
    "result.closed": _("Closed what was owed to an operator"),
    "result.retried": _("Told an operator the result again"),
    "reversal.approved": _("Approved a reversal"),
    "reversal.asked": _("Asked for a reversal"),
    "reversal.booked": _("Booked a reversal"),
    "reversal.declined": _("Declined a reversal"),
    "reversal.withdrawn": _("Withdrew a reversal"),
    "statement.columns_confirmed": _("Confirmed the columns of a statement"),
    "statement.compared_again": _("Compared a statement again"),
    "statement.exported": _("Saved rows of a statement as a file"),
    "statement.flagged": _("Flagged a row of a statement"),
    "statement.recorded": _("Recorded rows of a statement"),
    "statement.removed": _("Removed a statement"),
    "statement.uploaded": _("Uploaded a statement"),
    "tariff.changed": _("Changed the prices of a tariff"),
    "tariff.created": _("Made a tariff"),
    "user.changed": _("Changed their account"),
    "user.created": _("Made a user"),
    "user.logged_out_elsewhere": _("Logged out everywhere else"),
    "user.password_changed": _("Changed their password"),
    "user.password_link_sent": _("Had a link for a new password mailed"),
    "user.password_reset": _("Chose a new password by a mailed link"),
    "user.recovery_codes_renewed": _("Made new recovery codes"),
    "user.role_changed": _("Changed a user's role"),
    "user.second_step_added": _("Switched a second step on"),
    "user.second_step_ended": _("Switched a second step off"),
    "user.second_step_removed": _("Took the second step off a user"),
    "user.switched_off": _("Switched a user off"),
    "user.switched_on": _("Switched a user on"),
}
# Names of facts that do not read well as they are.
FACTS: dict[str, Any] = {
    "debt_order": _("Debts are paid"),
    "debt_share_percent": _("Share that goes to debts, percent"),
    "unpaid_fee_limit": _("Unpaid fees before a device stops"),
    "approval_limit": _("Refunds above this are approved"),
    "to_another": _("To another phone"),
    "went": _("It went out"),
    "wants_alerts": _("Wants mails about what waits"),
}
_SECRET_NAME = re.compile(r"password|secret|token|api_?key|passphrase|\bpin\b", re.IGNORECASE)
_CODE = re.compile(r"(?<!\d)\d(?:[ -]?\d){15,}(?!\d)")
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact in words; ``before`` is None where nothing was there to compare with."""

    name: str
    value: str
    before: str | None = None

    @property
    def text(self) -> str:
        if self.before is None:
            return f"{self.name}: {self.value}"
        return f"{self.name}: {self.before} → {self.value}"


def area_of(action: str) -> str:
    """Return the name of the area that an action belongs to, empty where it has none."""
    thing = action.partition(".")[0]
    return next((name for name, (_label, things) in AREAS.items() if thing in things), "")


def action_words(action: str) -> str:
    known = ACTIONS.get(action)
    return str(known) if known else readable(action)


def readable(name: str) -> str:
    """Return a name of the code as text: ``meter_type.changed`` becomes "Meter type changed"."""
    text = name.replace(".", " ").replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def facts_in_words(facts: dict[str, Any]) -> list[Fact]:
    """Return each fact, what changed beside what it was before. Secrets are hidden, should one have got in."""
    found = []
    for name, value in facts.items():
        if name.endswith("_before") and name.removesuffix("_before") in facts:
            continue
        if name == "before" and "after" in facts:
            continue
        found.append(Fact(_name(name), _value(name, value), _before(name, facts)))
    return found


def _before(name: str, facts: dict[str, Any]) -> str | None:
    key = "before" if name == "after" else f"{name}_before"
    return _value(name, facts[key]) if key in facts else None


def _name(name: str) -> str:
    if name == "after":
        return str(_("Changed"))
    return str(FACTS.get(name) or readable(name))


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool) or value in ("True", "False"):
        return str(_("yes") if value in (True, "True") else _("no"))
    if _SECRET_NAME.search(name) and not isinstance(value, int):
        return HIDDEN
    text = _CODE.sub(HIDDEN, str(value))
    return "–" if text in ("", "None") else text
