"""What people decided, in sentences."""

from django.utils.translation import gettext as _

from accounts.models import AuditEntry


def decision_words(entry: AuditEntry, time: str = "") -> str:
    """Say in a sentence who decided what, when (where the time does not stand beside it) and why."""
    facts = {"name": entry.actor_name, "time": time, **entry.facts}
    did = _phrases().get(entry.action, _("decided")) % facts
    pattern = _("%(name)s, %(time)s: %(did)s.") if time else _("%(name)s %(did)s.")
    said = pattern % {**facts, "did": did}
    reason = entry.facts.get("reason") or entry.facts.get("note")
    return f"{said} “{reason}”" if reason else said


def _phrases() -> dict[str, str]:
    return {
        "payment.assigned": _("matched it to %(device)s"),
        "payment.kept_as_credit": _("kept it as credit of %(customer)s"),
        "payment.seen": _("took it off the inbox"),
        "payment.retried": _("had it tried again"),
        "payment.refund_decided": _("refunded %(amount)s"),
        "payment.reversed": _("noted that the operator took it back"),
        "result.retried": _("had the operator told again"),
        "result.closed": _("closed it"),
        "conflict.closed": _("closed the conflict"),
        "order.doubt_settled": _("entered the token"),
        "order.issued_anew": _("had it ordered anew"),
        "order.given_back": _("gave the money back as credit"),
        "order.refusal_accepted": _("left it as it is"),
        "order.from_credit": _("had it issued from credit"),
        "order.resumed": _("had it tried again"),
        "message.resent": _("sent it again"),
        "message.dismissed": _("took it off the inbox"),
    }
