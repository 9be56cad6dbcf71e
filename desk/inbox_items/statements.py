"""Rows of operators' statements that somebody flagged: what differs, and why it was put here."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from desk.inbox_items.item import MOST, Item, Tab
from desk.trace.writer import Writer
from payments.statements.models import StatementLine
from payments.statements.selectors import flagged_lines


def statement_items(writer: Writer) -> Iterator[Item]:
    lines = flagged_lines().select_related("statement__connection", "payment")
    for line in lines.order_by("flagged_at", "pk")[:MOST]:
        yield _flagged(line, writer)


def _flagged(line: StatementLine, writer: Writer) -> Item:
    statement, payment = line.statement, line.payment
    amount = line.amount if line.amount is not None else (payment.amount if payment else None)
    facts = {
        "money": writer.money(amount) if amount is not None else _("A row"),
        "list": line.get_verdict_display(),
        "who": line.flagged_by,
        "reason": line.flag_reason,
    }
    assert line.flagged_at is not None
    reference = line.reference or (payment.reference if payment else "")
    return Item(
        key=f"statement-line-{line.pk}",
        tab=Tab.PAYMENTS,
        tone=Tone.WARN,
        icon="ask",
        title=_("%(money)s: %(list)s") % facts,
        text=_("%(who)s flagged it: %(reason)s") % facts,
        facts=(f"{statement.connection.label} {reference}",),
        since=line.flagged_at,
        button=_("Look into it"),
        url=reverse("payments:statement-line", args=[statement.public_id, line.pk]),
        permission="payments.reconcile",
    )
