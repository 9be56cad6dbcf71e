"""The first two stations: money in, and what it paid for."""

import contextlib
import json
from typing import Any

from django.utils.translation import gettext as _

from common.badges import Tone
from desk.trace.decisions import decision_words
from desk.trace.load import Story
from desk.trace.raw import callback_raw, exchange_raws
from desk.trace.values import BookEntry, Station, Step
from desk.trace.writer import Writer, explain, sentence
from ledger.models import Posting
from payments.models import Callback, Conflict, OperatorResult, Payment
from payments.standing import CONFLICT
from plugins.contracts import Verdict

State = Payment.State


def money_station(story: Story, payment: Payment, writer: Writer, *, with_raw: bool) -> Station:
    """Tell what the operator reported: the first time, again, and differently."""
    tone, title = _head(payment)
    station = Station("money", tone, "money", title, at=payment.booked_at or payment.validated_at)
    if story.open_conflicts:
        station.tone, station.badge = Tone.WARN, CONFLICT
    station.texts.append(_reported(payment, writer))
    counted = _counted(story.callbacks)
    conflicts = {conflict.callback_id: conflict for conflict in story.conflicts}
    for callback in story.callbacks:
        text = _called(callback, callback is counted, conflicts.get(callback.pk), writer)
        if text:
            station.steps.append(Step(callback.received_at, text))
    station.steps += [step for each in story.conflicts for step in _closed(each)]
    if story.result:
        station.steps += _told(story.result, payment)
    station.steps.sort(key=lambda step: step.at)
    if with_raw:
        station.raws = [callback_raw(callback, writer) for callback in story.callbacks]
        station.raws += exchange_raws(
            [e for e in story.exchanges if e.source in ("payment", "result")], writer
        )
    return station


def _head(payment: Payment) -> tuple[Tone, str]:
    if payment.state == State.VALIDATED:
        return Tone.BUSY, _("Asked, not yet paid")
    if payment.state == State.RETURNED:
        return Tone.QUIET, _("Payment returned")
    return Tone.GOOD, _("Payment received")


def _reported(payment: Payment, writer: Writer) -> str:
    facts = {
        "operator": payment.connection.label,
        "money": writer.money(payment.amount),
        "phone": writer.phone(payment.payer_phone),
        "account": payment.account,
    }
    if payment.state == State.VALIDATED:
        return _("%(operator)s asked whether we take %(money)s for %(account)s.") % facts
    if not payment.payer_phone:
        return _("%(operator)s reported %(money)s for %(account)s.") % facts
    return _("%(operator)s reported %(money)s from %(phone)s for %(account)s.") % facts


def _counted(callbacks: list[Callback]) -> Callback | None:
    """Return the call that moved the money, or would have: our answer to it may have been no."""
    notices = [c for c in callbacks if c.kind in ("notice", "statement") and c.payment_id]
    return next((c for c in notices if c.digest), notices[0] if notices else None)


def _called(callback: Callback, is_counted: bool, conflict: Conflict | None, writer: Writer) -> str:
    if is_counted:
        return _recorded(callback) if callback.kind == "statement" else ""
    said = sentence(callback.reason or callback.verdict)
    if callback.kind == "validation":
        return _validated(callback, writer)
    if callback.kind == "enquiry":
        return _("Asked what became of it. We said: %(said)s") % {"said": said}
    if conflict or callback.verdict == Verdict.CONFLICT:
        return _differently(conflict, writer)
    if callback.kind == "notice" and callback.payment_id:
        return _("The same receipt again: recognised, not counted twice.")
    if callback.state == Callback.State.REFUSED:
        return _("Reported and refused: %(said)s") % {"said": said}
    return ""


def _recorded(callback: Callback) -> str:
    """Who said, by which row of which statement, that this money came: nobody had reported it."""
    facts = {"name": "", "row": "", "who": ""}
    with contextlib.suppress(ValueError, KeyError, TypeError):
        said = json.loads(callback.content["body"])
        facts = {"name": said["statement"], "row": said["row"], "who": said["recorded_by"]}
    return _("%(who)s recorded it from row %(row)s of the statement %(name)s.") % facts


def _validated(callback: Callback, writer: Writer) -> str:
    if callback.state == Callback.State.REFUSED or callback.verdict == Verdict.NO:
        return _("Asked whether we take it. We said no: %(reason)s") % {
            "reason": explain(callback.reason)
        }
    if callback.price is not None:
        price = writer.money(callback.price)
        return _("Asked whether we take it. We said yes, at %(price)s.") % {"price": price}
    return _("Asked whether we take it. We said yes.")


def _differently(conflict: Conflict | None, writer: Writer) -> str:
    if conflict is None:
        return _("The same receipt with another amount or device: refused.")
    facts = {"amount": writer.written_amount(conflict.amount), "account": conflict.account}
    return (
        _("The same receipt again, but with %(amount)s for %(account)s: refused, not counted.")
        % facts
    )


def _closed(conflict: Conflict) -> list[Step]:
    if conflict.closed_at is None:
        return []
    facts = {"name": conflict.closed_by, "note": conflict.note}
    return [Step(conflict.closed_at, _("%(name)s closed the conflict: %(note)s") % facts)]


def _told(result: OperatorResult, payment: Payment) -> list[Step]:
    """What the operator that waits for our word was told."""
    word = _("accepted") if result.is_accepted else _("not accepted")
    facts: dict[str, Any] = {
        "operator": payment.connection.label,
        "word": word,
        "reason": sentence(result.reason),
        "attempts": result.attempts,
    }
    steps = [Step(result.decided_at, _("Our word to %(operator)s: payment %(word)s.") % facts)]
    if result.confirmed_at:
        said = _("%(operator)s confirmed that it has our word.") % facts
        steps.append(Step(result.confirmed_at, said))
    elif result.attempts:
        said = _("%(operator)s has not confirmed it yet, tried %(attempts)s times. %(reason)s")
        steps.append(Step(result.decided_at, (said % facts).strip()))
    return steps


def settled_station(story: Story, payment: Payment, writer: Writer, *, with_books: bool) -> Station:
    """Tell whose the money is and how it was split."""
    station = _settled(payment, writer)
    for decision in story.decisions:
        if decision.action.startswith(("payment.", "result.")):
            station.steps.append(Step(decision.at, decision_words(decision)))
    changed = _price_change(story, writer)
    if changed:
        station.texts.append(changed)
    if with_books:
        station.entries = [entry for posting in story.postings for entry in _entries(posting)]
    return station


def _settled(payment: Payment, writer: Writer) -> Station:
    match payment.state:
        case State.VALIDATED:
            return Station(
                "settled", Tone.QUIET, "split", _("Settled"), aside=_("waits for the money")
            )
        case State.RECEIVED:
            aside = _("tried %(count)s times") % {"count": payment.attempts}
            return Station(
                "settled",
                Tone.BAD if payment.is_parked else Tone.BUSY,
                "split",
                _("Not settled") if payment.is_parked else _("Being settled"),
                aside=aside if payment.attempts else "",
            )
        case State.UNMATCHED:
            station = Station("settled", Tone.WARN, "split", _("No customer found"))
            station.texts.append(explain(payment.reason))
            return station
        case State.RETURNED:
            station = Station("settled", Tone.QUIET, "split", _("Not settled"))
            station.texts.append(explain(payment.reason))
            return station
    title = State(payment.state).label
    tone = Tone.GOOD if payment.state == State.SETTLED else Tone.QUIET
    station = Station("settled", tone, "split", str(title), at=payment.settled_at)
    if payment.customer and payment.device is None:
        facts = {"customer": writer.person(payment.customer)}
        station.texts.append(_("Kept as credit of %(customer)s, for no device.") % facts)
    elif payment.device and payment.customer:
        facts = {"device": payment.device.label, "customer": writer.person(payment.customer)}
        station.texts.append(
            _("%(device)s belongs to %(customer)s. Debts first, the rest buys energy or days.")
            % facts
        )
    return station


def _price_change(story: Story, writer: Writer) -> str:
    """Say so when the price at booking is not the one that was promised at validation."""
    asked = [c.price for c in story.callbacks if c.kind == "validation" and c.price is not None]
    paid = [order.price for order in story.orders if order.price is not None]
    if not asked or not paid or asked[-1] == paid[0]:
        return ""
    facts = {"before": writer.money(asked[-1]), "after": writer.money(paid[0])}
    return (
        _("The price changed between question and payment, from %(before)s to %(after)s.") % facts
    )


def _entries(posting: Posting) -> list[BookEntry]:
    return [
        BookEntry(
            posting.occurred_at,
            str(posting.get_event_display()),
            str(entry.get_account_display()),
            entry.amount,
            posting.public_id,
        )
        for entry in posting.entries.all()
    ]
