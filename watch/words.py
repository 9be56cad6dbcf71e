"""What waits too long, in words; the same in a mail and on the page."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plugins import registry
from tenants.jobs import job_named
from watch.kinds import BOOKS, JOB, KINDS, PLUGIN
from watch.models import Alert


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence, and the facts that the reader's zone and language are needed for."""

    text: str
    since: dt.datetime | None
    opened_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    mailed_at: dt.datetime | None = None


def told(alert: Alert) -> Told:
    return Told(
        sentence(alert.kind, alert.subject, alert.count),
        alert.since,
        alert.opened_at,
        alert.closed_at,
        alert.mailed_at,
    )


def sentence(kind: str, subject: str, count: int) -> str:
    """Return what is too late, without names of people or phone numbers."""
    if kind == PLUGIN.name:
        return _("%(name)s fails or is paused.") % {"name": plugin_name(subject)}
    if kind == JOB.name:
        job = job_named(subject)
        name = job.label if job else subject
        return _("The job “%(name)s” is late or fails again and again.") % {"name": name}
    if kind == BOOKS.name:
        return _("The books do not hold.")
    return str(_counted(kind, count)) % {"count": count}


def plugin_name(slug: str) -> str:
    """Return the plug-in's name, also when its adapter is no longer installed."""
    try:
        return registry.get(slug).label
    except registry.UnknownPlugin:
        return slug


def _counted(kind: str, count: int) -> Any:
    one, many = _WORDS.get(kind, ("", ""))
    if not one:
        known = KINDS.get(kind)
        return f"{known.label if known else kind}: %(count)s."
    return ngettext(one, many, count)


def _n(one: str, many: str) -> tuple[str, str]:
    """Mark a pair for translation; ``ngettext`` above finds it again."""
    return one, many


_WORDS = {
    "callback": _n(
        "One report of an operator is not decided.",
        "%(count)s reports of operators are not decided.",
    ),
    "payment": _n("One payment is not settled.", "%(count)s payments are not settled."),
    "payment_stuck": _n("One payment cannot be settled.", "%(count)s payments cannot be settled."),
    "order": _n("One token is still to be issued.", "%(count)s tokens are still to be issued."),
    "order_paused": _n(
        "One token waits for its manufacturer.", "%(count)s tokens wait for their manufacturer."
    ),
    "order_in_doubt": _n("One token is in doubt.", "%(count)s tokens are in doubt."),
    "order_refused": _n(
        "One token was refused, and nobody dealt with it.",
        "%(count)s tokens were refused, and nobody dealt with them.",
    ),
    "payment_needs": _n("One payment needs a person.", "%(count)s payments need a person."),
    "payout": _n("One refund is not paid out.", "%(count)s refunds are not paid out."),
    "refund": _n(
        "One refund or reversal needs a person.",
        "%(count)s refunds or reversals need a person.",
    ),
    "statement": _n(
        "One statement of an operator is not compared.",
        "%(count)s statements of operators are not compared.",
    ),
    "flagged": _n(
        "One flagged row of a statement needs a person.",
        "%(count)s flagged rows of statements need a person.",
    ),
    "result": _n("One result is owed to an operator.", "%(count)s results are owed to operators."),
    "message": _n("One SMS is not sent.", "%(count)s SMS are not sent."),
    "message_paused": _n("One SMS waits for a gateway.", "%(count)s SMS wait for a gateway."),
    "message_failed": _n(
        "One SMS was not delivered, and nobody dealt with it.",
        "%(count)s SMS were not delivered, and nobody dealt with them.",
    ),
}
