"""A payment's story as JSON: every row, times in the company's zone, secrets blanked."""

import datetime as dt
from decimal import Decimal
from typing import Any

from desk.trace.load import Story
from desk.trace.raw import callback_raw
from desk.trace.writer import Writer, display_token
from messaging.models import Message
from payments.models import Callback, Conflict, Correction, OperatorResult, Payment
from payments.standing import standing_of
from plugins.models import Exchange
from vending.models import TokenOrder


def record_of(story: Story, writer: Writer) -> dict[str, Any]:
    """Return everything that happened to a payment as values that JSON knows."""
    payment = story.payment
    if payment is None:
        raise ValueError("only a payment has a record")
    standing = standing_of(
        payment,
        story.orders,
        story.messages,
        has_conflict=bool(story.open_conflicts),
        corrections=story.corrections,
    )
    found = {
        **_payment(payment),
        "company": writer.company.slug,
        "currency": writer.company.currency,
        "stands": str(standing.badge.label),
        "callbacks": [_callback(each, writer) for each in story.callbacks],
        "conflicts": [_conflict(each) for each in story.conflicts],
        "parts": payment.parts,
        "postings": [
            {
                "event": posting.event,
                "source": posting.source,
                "occurred_at": posting.occurred_at,
                "actor": posting.actor_name,
                "entries": [
                    {"account": e.account, "subject": e.subject_id, "amount": e.amount}
                    for e in posting.entries.all()
                ],
            }
            for posting in story.postings
        ],
        "orders": [_order(each, story) for each in story.orders],
        "messages": [_message(each, story) for each in story.messages],
        "result": _result(story.result) if story.result else None,
        "corrections": [_correction(each, story) for each in story.corrections],
        "decisions": [
            {"at": d.at, "by": d.actor_name, "action": d.action, "facts": d.facts}
            for d in story.decisions
        ],
    }
    plain: dict[str, Any] = _plain(found, writer)
    return plain


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payment": str(payment.public_id),
        "number": payment.pk,
        "reference": payment.reference,
        "receipt": payment.receipt,
        "operator": payment.connection.plugin,
        "amount": payment.amount,
        "account": payment.account,
        "payer_phone": payment.payer_phone,
        "payer_name": payment.payer_name,
        "state": payment.state,
        "reason": payment.reason,
        "device": payment.device.serial if payment.device else None,
        "customer": str(payment.customer) if payment.customer else None,
        "validated_at": payment.validated_at,
        "booked_at": payment.booked_at,
        "settled_at": payment.settled_at,
    }


def _callback(callback: Callback, writer: Writer) -> dict[str, Any]:
    return {
        "action": callback.action,
        "received_at": callback.received_at,
        "from": callback.remote_ip,
        "state": callback.state,
        "kind": callback.kind,
        "verdict": callback.verdict,
        "reason": callback.reason,
        "price": callback.price,
        "counted": bool(callback.digest),
        "content": callback_raw(callback, writer).text,
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    return {
        "amount": conflict.amount,
        "account": conflict.account,
        "opened_at": conflict.opened_at,
        "closed_at": conflict.closed_at,
        "closed_by": conflict.closed_by,
        "note": conflict.note,
    }


def _order(order: TokenOrder, story: Story) -> dict[str, Any]:
    return {
        "order": str(order.public_id),
        "task": order.task,
        "device": order.device.serial,
        "manufacturer": order.device.manufacturer,
        "quantity": order.quantity,
        "unit": order.unit,
        "price": order.price,
        "cost": order.cost,
        "vat": order.vat,
        "state": order.state,
        "token": order.token,
        "token_shown": display_token(order) if order.token else "",
        "reason": order.reason,
        "paused_reason": order.paused_reason,
        "attempts": order.attempts,
        "created_at": order.created_at,
        "requested_at": order.requested_at,
        "closed_at": order.closed_at,
        "decided_by": order.decided_by,
        "events": [
            {"at": e.at, "kind": e.kind, "text": e.text, "by": e.actor_name}
            for e in order.events.all()
        ],
        "exchanges": [_exchange(each) for each in story.exchanges_of("order", order.pk)],
    }


def _message(message: Message, story: Story) -> dict[str, Any]:
    return {
        "message": str(message.public_id),
        "phone": message.phone,
        "text": message.text,
        "purpose": message.purpose,
        "state": message.state,
        "gateway": message.connection.plugin if message.connection else None,
        "reason": message.reason or message.paused_reason,
        "attempts": message.attempts,
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "closed_at": message.closed_at,
        "resent_by": message.resent_by,
        "exchanges": [_exchange(each) for each in story.exchanges_of("message", message.pk)],
    }


def _result(result: OperatorResult) -> dict[str, Any]:
    return {
        "accepted": result.is_accepted,
        "message": result.message,
        "state": result.state,
        "attempts": result.attempts,
        "reason": result.reason,
        "decided_at": result.decided_at,
        "confirmed_at": result.confirmed_at,
    }


def _correction(correction: Correction, story: Story) -> dict[str, Any]:
    return {
        "correction": str(correction.public_id),
        "kind": correction.kind,
        "state": correction.state,
        "amount": correction.amount,
        "as_loss": correction.as_loss,
        "reason": correction.reason,
        "needs_approval": correction.needs_approval,
        "asked_by": str(correction.asked_by),
        "asked_at": correction.asked_at,
        "decided_by": str(correction.decided_by) if correction.decided_by else None,
        "decided_at": correction.decided_at,
        "paid_from": correction.paid_from,
        "payout_reference": correction.payout_reference,
        "paid_at": correction.paid_at,
        "failure": correction.failure,
        "attempts": correction.attempts,
        "exchanges": [_exchange(e) for e in story.exchanges_of("correction", correction.pk)],
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "at": exchange.at,
        "operation": exchange.operation,
        "method": exchange.method,
        "url": exchange.url,
        "request": exchange.request_text,
        "status": exchange.status,
        "response": exchange.response_text,
        "milliseconds": exchange.duration_ms,
        "error": exchange.error,
    }


def _plain(value: Any, writer: Writer) -> Any:
    """Write times in the company's zone and amounts as plain decimals without idle zeros."""
    if isinstance(value, dict):
        return {name: _plain(child, writer) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child, writer) for child in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(writer.zone).isoformat(timespec="milliseconds")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value
