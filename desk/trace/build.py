"""Putting a trace together."""

from collections.abc import Callable
from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from common.formats import long_day
from desk.inbox import is_unconfirmed
from desk.trace.corrections import correction_note, correction_station
from desk.trace.doubt import doubt_of
from desk.trace.load import Story
from desk.trace.money_in import money_station, settled_station
from desk.trace.outcome import conflict_note, give_back_actions, outcome_of, result_note
from desk.trace.sms import sms_station
from desk.trace.split import split_of
from desk.trace.token import token_stations
from desk.trace.values import Fact, Outcome, Station, Trace
from desk.trace.writer import Writer, maker_name
from payments.models import Payment

May = Callable[[str], bool]


def payment_trace(story: Story, writer: Writer, may: May) -> Trace:
    """Tell a payment's life: outcome, split, stations, and what this reader may do."""
    payment = story.payment
    if payment is None:
        raise ValueError("a story without a payment is told by order_trace")
    with_raw = may("payments.view_raw_callback")
    stations = [
        money_station(story, payment, writer, with_raw=with_raw),
        settled_station(story, payment, writer, with_books=may("ledger.view_posting")),
        *token_stations(story, writer, with_raw=with_raw),
        sms_station(story, writer, with_raw=with_raw),
        *_correction_stations(story, writer, with_raw=with_raw),
    ]
    notes = [conflict_note(each, payment, writer) for each in story.open_conflicts]
    notes += [correction_note(each, writer) for each in story.corrections if each.is_open]
    if story.result and is_unconfirmed(story.result):
        notes.append(result_note(story.result, payment, writer))
    trace = Trace(
        title=_title(payment, writer),
        subtitle=_subtitle(payment, writer),
        at=payment.booked_at or payment.created_at,
        outcome=outcome_of(story, writer),
        stations=stations,
        facts=_facts(story, writer, payment),
        split=split_of(payment, writer),
        doubt=doubt_of(story, writer) if may("vending.decide_doubt") else None,
        notes=notes,
        more=[action for action in give_back_actions(story) if may(action.permission)],
    )
    for note in notes[1:]:
        note.actions = [replace(each, is_main=False) for each in note.actions]
    if notes and trace.outcome.tone == Tone.GOOD:
        # One filled button: what is open comes before what may be repeated.
        trace.outcome.actions = [replace(each, is_main=False) for each in trace.outcome.actions]
    _leave_allowed([trace.outcome, *trace.notes], may)
    return trace


def order_trace(story: Story, writer: Writer, may: May) -> Trace:
    """Tell the life of an order that no payment paid for."""
    order = story.orders[0]
    with_raw = may("payments.view_raw_callback")
    facts = {"quantity": writer.quantity(order), "device": order.device.label}
    trace = Trace(
        title=_("%(quantity)s for %(device)s") % facts,
        subtitle=_("From credit, our order %(number)s") % {"number": order.pk},
        at=order.created_at,
        outcome=outcome_of(story, writer),
        stations=[
            *token_stations(story, writer, with_raw=with_raw),
            sms_station(story, writer, with_raw=with_raw),
        ],
        facts=_facts(story, writer, None),
        doubt=doubt_of(story, writer) if may("vending.decide_doubt") else None,
    )
    _leave_allowed([trace.outcome], may)
    return trace


def _correction_stations(story: Story, writer: Writer, *, with_raw: bool) -> list[Station]:
    return [
        correction_station(
            correction,
            writer,
            decisions=story.decisions,
            exchanges=story.exchanges_of("correction", correction.pk),
            messages=[m for m in story.correction_messages if m.source_id == correction.pk],
            with_raw=with_raw,
        )
        for correction in story.corrections
    ]


def _leave_allowed(outcomes: list[Outcome], may: May) -> None:
    for outcome in outcomes:
        outcome.actions = [action for action in outcome.actions if may(action.permission)]


def _title(payment: Payment, writer: Writer) -> str:
    if payment.customer:
        who = writer.person(payment.customer)
    else:
        who = payment.payer_name or writer.phone(payment.payer_phone)
    facts = {"money": writer.money(payment.amount), "who": who}
    return _("%(money)s from %(who)s") % facts if who else facts["money"]


def _subtitle(payment: Payment, writer: Writer) -> str:
    at = payment.booked_at or payment.created_at
    facts = {
        "day": long_day(at.astimezone(writer.zone).date(), writer.language),
        "time": writer.clock(at),
        "operator": payment.connection.label,
        "receipt": payment.receipt or payment.reference,
    }
    return _("%(day)s, %(time)s · %(operator)s · receipt %(receipt)s") % facts


def _facts(story: Story, writer: Writer, payment: Payment | None) -> list[Fact]:
    device = story.device
    customer = (payment.customer if payment else None) or (device.customer if device else None)
    facts = []
    if customer:
        url = reverse("desk:customer", args=[customer.public_id])
        facts.append(Fact(_("Customer"), writer.person(customer), url))
        facts.append(Fact(_("Phone"), writer.phone(customer.phone)))
        village = f"{customer.village.name}, {customer.village.mini_grid.name}"
        facts.append(Fact(_("Village"), village))
    if device:
        url = reverse("desk:device", args=[device.public_id])
        facts.append(Fact(_("Device"), device.serial, url))
        facts.append(Fact(_("Make"), maker_name(device.manufacturer)))
        facts.append(Fact(_("Still owed"), writer.money(story.owed)))
        facts.append(Fact(_("Credit"), writer.money(story.credit)))
    if payment and customer is None:
        payer = f"{payment.payer_name} {writer.phone(payment.payer_phone)}".strip()
        facts += [Fact(_("Payer"), payer or "–"), Fact(_("Typed"), payment.account)]
    if payment:
        facts.append(Fact(_("Payment no."), str(payment.pk)))
    return facts
