"""Refunds and reversals in words: what became of one, what people and machines did, what to do now."""

from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from common.badges import Tone
from desk.trace.raw import exchange_raws
from desk.trace.sms import bubble_of
from desk.trace.values import Action, Outcome, Station, Step
from desk.trace.writer import Writer, sentence
from messaging.models import Message
from payments.models import Correction
from payments.standing import correction_badge
from plugins.models import Exchange

State = Correction.State
Kind = Correction.Kind
Facts = dict[str, str]


def facts_of(correction: Correction, writer: Writer) -> Facts:
    """Return what the sentences about a correction name."""
    paid_from = Correction.PaidFrom(correction.paid_from).label if correction.paid_from else ""
    return {
        "money": writer.money(correction.amount),
        "payer": payer_of(correction, writer),
        "operator": correction.connection.label if correction.connection else _("The operator"),
        "asker": str(correction.asked_by),
        "decider": str(correction.decided_by or correction.asked_by),
        "reason": correction.reason,
        "note": correction.note,
        "failure": sentence(correction.failure),
        "account": str(paid_from),
        "reference": correction.payout_reference or "–",
        "when": writer.when(correction.paid_at) if correction.paid_at else "",
    }


def payer_of(correction: Correction, writer: Writer) -> str:
    """Return whom the money goes back to."""
    payment, customer = correction.payment, correction.customer
    if payment is not None and (payment.payer_name or payment.payer_phone):
        return payment.payer_name or writer.phone(payment.payer_phone)
    return writer.person(customer) if customer else _("the payer")


def title_of(correction: Correction, writer: Writer) -> str:
    facts = facts_of(correction, writer)
    if correction.kind == Kind.REVERSAL:
        return _("%(operator)s took %(money)s back") % facts
    return _("Refund of %(money)s to %(payer)s") % facts


# --- what became of it ------------------------------------------------------------------------------


def outcome_of_correction(correction: Correction, writer: Writer) -> Outcome:
    """Say where it stands, in plain words."""
    facts = facts_of(correction, writer)
    match correction.state:
        case State.ASKED:
            return Outcome(Tone.WARN, _("Waits for a second person."), _asked(correction) % facts)
        case State.APPROVED:
            return _to_pay_out(correction, facts)
        case State.REQUESTED:
            said = _("%(operator)s is being asked to send it back. This takes seconds.")
            return Outcome(Tone.BUSY, _("On its way back."), said % facts)
        case State.IN_DOUBT:
            return _doubtful(facts)
        case State.PAID:
            said = _(
                "%(money)s went back to %(payer)s, %(when)s. %(account)s, reference %(reference)s."
            )
            return Outcome(Tone.GOOD, _("Paid out."), said % facts)
        case State.BOOKED:
            return Outcome(Tone.QUIET, _("Booked."), _booked(correction) % facts)
        case State.DECLINED:
            said = _("%(decider)s declined it: “%(note)s” The money stays where it is.")
            return Outcome(Tone.QUIET, _("Declined."), said % facts)
    said = _("The money stays where it was. “%(note)s”")
    return Outcome(Tone.QUIET, _("Withdrawn."), said % facts)


def _asked(correction: Correction) -> str:
    if correction.kind == Kind.REVERSAL:
        return _(
            "%(asker)s says that %(operator)s took %(money)s back: “%(reason)s” Nothing is booked"
            " before somebody else approves it."
        )
    return _(
        "%(asker)s asks to send %(money)s back to %(payer)s: “%(reason)s” No money moves before"
        " somebody else approves it."
    )


def _booked(correction: Correction) -> str:
    if correction.as_loss:
        return _("What was spent of it is a loss of the company.")
    return _("What was spent of it is owed by the customer.")


def _to_pay_out(correction: Correction, facts: Facts) -> Outcome:
    if correction.available_at:
        said = _("%(operator)s will be asked to send it back. %(failure)s") % facts
        return Outcome(Tone.BUSY, _("On its way back."), said.strip())
    if correction.failure:
        said = _("%(failure)s Nothing went. Pay it out by hand, or have it tried again.")
        return Outcome(Tone.BAD, _("Not paid out yet."), said % facts)
    said = _("Send %(money)s to %(payer)s, then note here how it went.")
    return Outcome(Tone.WARN, _("To be paid out by hand."), said % facts)


def _doubtful(facts: Facts) -> Outcome:
    lead = _("We do not know whether %(operator)s sent it back.") % facts
    said = _(
        "%(failure)s Asking again could send it twice, so nothing is repeated until a person has"
        " looked in the portal of %(operator)s."
    )
    return Outcome(Tone.DOUBT, lead, said % facts)


# --- on the page of its payment ---------------------------------------------------------------------


def correction_note(correction: Correction, writer: Writer) -> Outcome:
    """Say on a payment's page that a refund or reversal of it is open, with the way to it."""
    outcome = outcome_of_correction(correction, writer)
    url = reverse("desk:correction", args=[correction.public_id])
    title = title_of(correction, writer)
    is_main = outcome.tone in (Tone.WARN, Tone.BAD, Tone.DOUBT)
    open_it = Action(_("Open"), url, "payments.view_payment", is_main=is_main)
    return Outcome(outcome.tone, f"{title}.", f"{outcome.lead} {outcome.text}", actions=[open_it])


def correction_station(
    correction: Correction,
    writer: Writer,
    *,
    decisions: Iterable[AuditEntry],
    exchanges: Sequence[Exchange] = (),
    messages: Sequence[Message] = (),
    with_raw: bool,
) -> Station:
    """Tell what people and the operator did about it, and what the payer was told."""
    badge = correction_badge(correction)
    station = Station("correction", badge.tone, "undo", title_of(correction, writer), badge=badge)
    facts = facts_of(correction, writer)
    target = str(correction.public_id)
    for decision in decisions:
        words = _decided(decision, correction, facts) if decision.target == target else ""
        if words:
            station.steps.append(Step(decision.at, words))
    station.bubbles = [bubble_of(message, writer) for message in messages]
    if with_raw:
        station.raws = exchange_raws(exchanges, writer)
    return station


def _decided(decision: AuditEntry, correction: Correction, facts: Facts) -> str:
    said = {**facts, **{k: str(v) for k, v in decision.facts.items()}, "name": decision.actor_name}
    said["reason"] = sentence(str(decision.facts.get("reason") or ""))
    what = decision.action.rpartition(".")[2]
    if what == "asked":
        return _asked_words(correction) % said
    if what == "paid":
        by_operator = _("%(operator)s sent it back, reference %(reference)s.")
        by_hand = _("%(name)s paid it out: %(account)s, reference %(reference)s.")
        said["reference"] = said["reference"] or "–"
        return (by_operator if decision.actor_id is None else by_hand) % said
    if what == "doubt_settled":
        went = _("%(name)s says that it went. %(reason)s")
        stayed = _("%(name)s says that it did not go. %(reason)s")
        return (went if decision.facts.get("went") else stayed) % said
    words = {
        "approved": _("%(name)s approved it."),
        "declined": _("%(name)s declined it. %(reason)s"),
        "withdrawn": _("%(name)s withdrew it. %(reason)s"),
        "in_doubt": _("Whether %(operator)s sent it is not known. %(reason)s"),
        "not_paid": _("%(operator)s did not send it. %(reason)s"),
        "tried_again": _("%(name)s had %(operator)s asked again."),
        "went_after_all": _(
            "%(operator)s says that it went after all, reference %(reference)s. It may have gone"
            " twice."
        ),
    }
    return (words[what] % said).strip() if what in words else ""


def _asked_words(correction: Correction) -> str:
    if correction.kind == Kind.REVERSAL:
        return _("%(name)s noted that %(operator)s took %(money)s back. %(reason)s")
    if correction.needs_approval:
        return _("%(name)s asked to send %(money)s back. %(reason)s")
    return _("%(name)s decided to send %(money)s back. %(reason)s")
