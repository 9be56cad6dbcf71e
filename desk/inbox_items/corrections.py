"""Refunds and reversals that need a person: to approve, to pay out, to look up."""

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from desk import inbox
from desk.inbox_items.item import MOST, Item, Tab
from desk.trace.corrections import facts_of, outcome_of_correction, payer_of, title_of
from desk.trace.load import corrections_with_people
from desk.trace.writer import Writer
from payments.models import Correction

State = Correction.State


def correction_items(writer: Writer) -> Iterator[Item]:
    waiting = inbox.corrections_waiting().order_by().values("pk")
    for correction in corrections_with_people().filter(pk__in=waiting).order_by("pk")[:MOST]:
        yield _item(correction, writer)


def _item(correction: Correction, writer: Writer) -> Item:
    outcome = outcome_of_correction(correction, writer)
    button, permission = _step(correction)
    return Item(
        key=f"correction-{correction.public_id}",
        tab=Tab.PAYMENTS,
        tone=outcome.tone,
        icon="ask" if outcome.tone == Tone.DOUBT else "undo",
        title=_title(correction, writer),
        text=outcome.text,
        facts=(payer_of(correction, writer), str(correction.asked_by)),
        since=_since(correction),
        button=button,
        url=reverse("desk:correction", args=[correction.public_id]),
        permission=permission,
    )


def _title(correction: Correction, writer: Writer) -> str:
    facts = facts_of(correction, writer)
    if correction.state == State.IN_DOUBT:
        return _("Did %(operator)s send %(money)s back to %(payer)s?") % facts
    if correction.state == State.APPROVED:
        return _("%(money)s is to be paid back to %(payer)s") % facts
    return title_of(correction, writer)


def _step(correction: Correction) -> tuple[str, str]:
    if correction.state == State.ASKED:
        return _("See and decide"), "payments.approve_refund"
    if correction.state == State.IN_DOUBT:
        return _("Decide"), "payments.refund_payment"
    return _("Pay out"), "payments.refund_payment"


def _since(correction: Correction) -> dt.datetime:
    if correction.state == State.ASKED:
        return correction.asked_at
    return correction.requested_at or correction.decided_at or correction.asked_at
