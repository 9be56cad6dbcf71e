"""What became of a payment, in one or two sentences, and the one thing to do now."""

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from desk.trace.load import Story
from desk.trace.values import Action, Code, Outcome
from desk.trace.writer import Writer, display_token, explain, maker_name, sentence
from messaging.models import Message
from payments.models import Conflict, OperatorResult, Payment
from payments.standing import decisive_message, order_badge, worst_order
from vending.models import TokenOrder

State = Payment.State
Order = TokenOrder.State
Task = TokenOrder.Task


def outcome_of(story: Story, writer: Writer) -> Outcome:
    """Say what became of the money, with the codes and what can be done now."""
    payment = story.payment
    if payment is not None and payment.state != State.SETTLED:
        return _unsettled(payment, story, writer)
    order = worst_order(story.orders)
    if order is None:
        outcome = _told(story, None, writer)
    elif order_badge(order).tone not in (Tone.GOOD, Tone.QUIET):
        outcome = _stuck(order, story, writer)
    else:
        outcome = _told(story, order, writer)
    outcome.codes = _codes(story, writer)
    return outcome


def _codes(story: Story, writer: Writer) -> list[Code]:
    issued = [order for order in story.orders if order.state == Order.ISSUED]
    return [Code(display_token(o), _caption(o, writer), f"token-{o.pk}") for o in issued]


def _caption(order: TokenOrder, writer: Writer) -> str:
    if order.task == TokenOrder.Task.UNLOCK:
        return _("Unlocks %(device)s for good") % {"device": order.device.label}
    if order.task == TokenOrder.Task.CLEAR:
        return _("Empties %(device)s") % {"device": order.device.label}
    return _("%(quantity)s for %(device)s") % {
        "quantity": writer.quantity(order),
        "device": order.device.label,
    }


# --- before the money is settled ---


def _unsettled(payment: Payment, story: Story, writer: Writer) -> Outcome:
    facts = {
        "operator": payment.connection.label,
        "money": writer.money(payment.amount),
        "account": payment.account,
        "reason": explain(payment.reason),
    }
    match payment.state:
        case State.VALIDATED:
            said = _("%(operator)s asked, we said yes. The money itself was not reported yet.")
            return Outcome(Tone.BUSY, _("Not paid yet."), said % facts)
        case State.RECEIVED if payment.is_parked:
            return _given_up(payment)
        case State.RECEIVED:
            said = _("The money is here and is being split. This takes seconds.")
            return Outcome(Tone.BUSY, _("On its way."), said, actions=_settling(payment))
        case State.UNMATCHED:
            return _unmatched(payment, facts)
        case State.RETURNED:
            if payment.booked_at is None:
                return Outcome(Tone.QUIET, _("Not paid."), facts["reason"])
            said = _("We said no: %(reason)s %(operator)s gives the money back to the payer.")
            return Outcome(Tone.QUIET, _("Returned."), said % facts, actions=_dismissal(payment))
        case State.REFUNDED:
            return _refunded(story)
    return Outcome(Tone.QUIET, _("Reversed."), _("%(operator)s took the money back.") % facts)


def _given_up(payment: Payment) -> Outcome:
    said = _(
        "The money is booked and safe, but settling it failed %(count)s times. Tell your technician, then try"
        " again."
    )
    facts = {"count": payment.attempts}
    lead = _("It cannot be settled.")
    return Outcome(Tone.BAD, lead, said % facts, actions=_settling(payment))


def _settling(payment: Payment) -> list[Action]:
    if not payment.attempts:
        return []
    url = reverse("desk:payment-retry", args=[payment.public_id])
    may = "payments.retry_payment"
    return [Action(_("Try again now"), url, may, icon="undo", is_post=True, is_main=True)]


def _refunded(story: Story) -> Outcome:
    if any(each.is_open for each in story.corrections):
        said = _("All of it goes back to the payer; how far that is stands below.")
        return Outcome(Tone.QUIET, _("To be refunded."), said)
    return Outcome(Tone.QUIET, _("Refunded."), _("The payer has the money back."))


def _unmatched(payment: Payment, facts: dict[str, str]) -> Outcome:
    said = _("The payer typed %(account)s. %(reason)s The money waits until somebody matches it.")
    match = Action(
        _("Match it…"),
        reverse("desk:payment-assign", args=[payment.public_id]),
        "payments.decide_payment",
        icon="people",
        is_main=True,
    )
    refund = _refund_of(payment)
    lead = _("We do not know whose this is.")
    return Outcome(Tone.WARN, lead, said % facts, actions=[match, refund])


def _refund_of(payment: Payment) -> Action:
    url = reverse("desk:payment-refund", args=[payment.public_id])
    return Action(_("Refund…"), url, "payments.refund_payment")


def give_back_actions(story: Story) -> list[Action]:
    """Return what can be done to give a payment's money back, or to note that it was taken back."""
    payment = story.payment
    open_states = (State.RECEIVED, State.UNMATCHED, State.SETTLED, State.REFUNDED)
    if payment is None or payment.state not in open_states:
        return []
    url = reverse("desk:payment-reverse", args=[payment.public_id])
    words = _("%(operator)s took it back…") % {"operator": payment.connection.label}
    reverse_it = Action(words, url, "payments.refund_payment")
    return [reverse_it] if payment.state == State.REFUNDED else [_refund_of(payment), reverse_it]


def _dismissal(payment: Payment) -> list[Action]:
    if payment.seen_at is not None:
        return []
    url = reverse("desk:payment-dismiss", args=[payment.public_id])
    return [Action(_("Seen, take it off the inbox…"), url, "payments.decide_payment", is_main=True)]


# --- the token does not come ---


def _stuck(order: TokenOrder, story: Story, writer: Writer) -> Outcome:
    maker = maker_name(order.device.manufacturer)
    facts = {
        "maker": maker,
        "quantity": writer.quantity(order),
        "device": order.device.label,
        "reason": sentence(order.paused_reason or order.reason),
    }
    if order.is_in_doubt:
        return _doubtful(order, facts, writer)
    if order.state == Order.REFUSED:
        return _refused(order, facts, writer)
    if order.is_paused:
        return _paused(order, story, facts)
    if order.state == Order.REQUESTED:
        said = _("%(maker)s is being asked for %(quantity)s for %(device)s.") % facts
        return Outcome(Tone.BUSY, _("Under way."), said)
    said = _("The token for %(quantity)s will be asked of %(maker)s. %(reason)s") % facts
    retry = [_retry(order)] if order.reason else []
    return Outcome(Tone.BUSY, _("Under way."), said.strip(), actions=retry)


def _doubtful(order: TokenOrder, facts: dict[str, str], writer: Writer) -> Outcome:
    lead = _("We do not know whether %(maker)s issued the token.") % facts
    at = writer.clock_seconds(order.requested_at or order.created_at)
    said = _(
        "The request went out at %(time)s and no usable answer came. %(reason)s Asking again could"
        " buy it twice, so nothing is repeated until it is known or a person has looked."
    )
    return Outcome(Tone.DOUBT, lead, said % {**facts, "time": at})


def _refused(order: TokenOrder, facts: dict[str, str], writer: Writer) -> Outcome:
    if order.without_payment:
        kept = _("Nothing was paid for it, so nothing is owed.")
    elif order.cost:
        kept = _("%(money)s is kept as credit of %(device)s.") % {
            "money": writer.money(order.cost),
            "device": facts["device"],
        }
    else:
        kept = _("The money stays on the plan and the days stay owed.")
    lead = _("%(maker)s refused the token.") % facts
    actions = []
    if not order.without_payment and (order.quantity or order.task == Task.UNLOCK):
        url = reverse("desk:device-issue", args=[order.device.public_id])
        label = _issue_label(order)
        actions.append(Action(label, url, "vending.issue_from_credit", icon="bolt", is_main=True))
    url = reverse("desk:order-dismiss", args=[order.public_id])
    leave = _("Leave it as credit…") if order.cost else _("Take it off the inbox…")
    actions.append(Action(leave, url, "vending.decide_doubt"))
    return Outcome(Tone.BAD, lead, f"{facts['reason']} {kept}".strip(), actions=actions)


def _issue_label(order: TokenOrder) -> str:
    if order.task == Task.UNLOCK:
        return _("Unlock it again…")
    return _("Issue from credit…") if order.cost else _("Issue the days…")


def _paused(order: TokenOrder, story: Story, facts: dict[str, str]) -> Outcome:
    said = _("Nothing was bought: %(reason)s It goes on by itself once the connection works.")
    maker = story.maker_of(order)
    actions = []
    if maker is None or not maker.is_ready:
        url = reverse("plugins:connection", args=[order.device.manufacturer])
        label = _("Open the connection")
        actions.append(Action(label, url, "plugins.view_connection", icon="link", is_main=True))
        actions.append(_retry(order))
    else:
        actions.append(_retry(order, is_main=True))
    url = reverse("desk:order-decide", args=[order.public_id]) + "?answer=back"
    back = _("Give it back as credit…") if order.cost else _("Close it without a token…")
    actions.append(Action(back, url, "vending.decide_doubt"))
    return Outcome(Tone.WARN, _("The token waits."), said % facts, actions=actions)


def _retry(order: TokenOrder, *, is_main: bool = False) -> Action:
    url = reverse("desk:order-retry", args=[order.public_id])
    return Action(
        _("Try again now"), url, "vending.retry_order", icon="undo", is_post=True, is_main=is_main
    )


# --- all went through, but for the SMS ---


def _told(story: Story, order: TokenOrder | None, writer: Writer) -> Outcome:
    has_token = bool(order and order.state == Order.ISSUED)
    what = _what(order, writer)
    message = decisive_message(story.messages, has_token=has_token)
    if message is None:
        return Outcome(Tone.GOOD, _("Done."), what)
    if message.state == Message.State.DELIVERED:
        return _arrived(story, message, what, writer)
    return _on_its_way(story, message, what, writer)


def _what(order: TokenOrder | None, writer: Writer) -> str:
    if order is None:
        return _("There was nothing to issue a token for: the money paid what was owed or is kept.")
    if order.state == Order.REFUSED and order.without_payment:
        return _("No token was issued; nothing was paid for it.")
    if order.state == Order.REFUSED:
        facts = {"money": writer.money(order.cost), "device": order.device.label}
        return _("No token was issued; %(money)s is credit of %(device)s.") % facts
    if order.task == TokenOrder.Task.CREDIT:
        said = _("The token for %(quantity)s was issued.") % {"quantity": writer.quantity(order)}
        return f"{said} {_('Nobody paid for it.')}" if order.without_payment else said
    return _("The code was issued.")


def _arrived(story: Story, message: Message, what: str, writer: Writer) -> Outcome:
    if message.connection and message.connection.plugin == "console_sms":
        text = _("Its SMS stands on the message page: no gateway is in use, no phone received it.")
        text = f"{what} {text}"
    else:
        text = f"{what} {_reached(story, message, writer)}"
    return Outcome(Tone.GOOD, _("Done."), text, actions=_resends(story, message, is_main=True))


def _reached(story: Story, message: Message, writer: Writer) -> str:
    reader = reader_of(story)
    began = story.payment.booked_at if story.payment else None
    if began is None or message.closed_at is None:
        return _("The SMS reached %(reader)s.") % {"reader": reader}
    facts = {
        "reader": reader,
        "span": writer.span(message.closed_at - began),
        "operator": story.payment.connection.label if story.payment else "",
    }
    return _("The SMS reached %(reader)s %(span)s after %(operator)s reported the payment.") % facts


def _on_its_way(story: Story, message: Message, what: str, writer: Writer) -> Outcome:
    facts = {
        "phone": writer.phone(message.phone),
        "reason": sentence(message.reason or message.paused_reason),
    }
    if message.state == Message.State.FAILED:
        text = _("%(reason)s Nothing is lost: what was issued stands here.") % facts
        if message.dismissed_at:
            return Outcome(
                Tone.QUIET, _("Done, without an SMS."), f"{what} {facts['reason']}".strip(),
                actions=_resends(story, message),
            )  # fmt: skip
        return Outcome(
            Tone.BAD,
            _("The SMS did not arrive."),
            text.strip(),
            actions=_resends(story, message, True),
        )
    if message.state == Message.State.SENT:
        text = _("The SMS for %(phone)s was handed over; no report of its delivery came yet.")
        lead = _("Sent.")
    elif message.paused_reason:
        text, lead = _("The SMS for %(phone)s waits: %(reason)s"), _("The SMS waits.")
        return Outcome(Tone.WARN, lead, f"{what} {text % facts}")
    else:
        text = _("The SMS for %(phone)s is about to be handed over. %(reason)s")
        lead = _("On its way.")
    return Outcome(
        Tone.BUSY, lead, f"{what} {text % facts}".strip(), actions=_resends(story, message)
    )


def _resends(story: Story, message: Message, is_main: bool = False) -> list[Action]:
    resend = reverse("desk:message-resend", args=[message.public_id])
    may = "messaging.resend_message"
    actions = []
    if message.state != Message.State.QUEUED:
        label = _("Send the SMS again")
        actions.append(Action(label, resend, may, icon="send", is_post=True, is_main=is_main))
    if story.payment:
        here = reverse("desk:payment", args=[story.payment.public_id])
        another = f"{resend}?next={here}"
    else:
        another = resend
    actions.append(Action(_("Use another number…"), another, may))
    if message.state == Message.State.FAILED and not message.dismissed_at:
        actions.append(Action(_("Read it out or leave it…"), another, may))
    return actions


def reader_of(story: Story) -> str:
    payment, device = story.payment, story.device
    customer = (payment.customer if payment else None) or (device.customer if device else None)
    if customer and customer.name:
        return customer.first_name or customer.name
    return _("the customer")


# --- conflicts, and a word that the operator does not take, stand beside all of it ---


def result_note(result: OperatorResult, payment: Payment, writer: Writer) -> Outcome:
    """Say that the operator has not confirmed our word, with what can be done."""
    facts = {
        "operator": payment.connection.label,
        "count": result.attempts,
        "reason": sentence(result.reason),
        "time": writer.clock(result.decided_at),
    }
    said = _("Our word of %(time)s was told %(count)s times and never confirmed. %(reason)s")
    retry = reverse("desk:result-retry", args=[payment.public_id])
    close = reverse("desk:result-close", args=[payment.public_id])
    return Outcome(
        Tone.WARN,
        _("%(operator)s has not taken our word.") % facts,
        (said % facts).strip(),
        actions=[
            Action(_("Tell it again now"), retry, "payments.retry_payment", "send", True, True),
            Action(_("Stop telling it…"), close, "payments.decide_payment"),
        ],
    )


def conflict_note(conflict: Conflict, payment: Payment, writer: Writer) -> Outcome:
    """Say what the operator reported differently, with the way to compare."""
    facts = {
        "operator": payment.connection.label,
        "amount": writer.written_amount(conflict.amount),
        "account": conflict.account,
        "time": writer.clock(conflict.opened_at),
    }
    said = _(
        "%(operator)s reported this reference again at %(time)s, with %(amount)s for %(account)s."
        " That was refused; what stands here was not touched."
    )
    url = reverse("desk:conflict", args=[payment.public_id, conflict.pk])
    compare = Action(_("Compare"), url, "payments.view_payment", is_main=True)
    return Outcome(Tone.WARN, _("One receipt, two reports."), said % facts, actions=[compare])
