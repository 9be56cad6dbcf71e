"""Queueing, sending and resending SMS, and reading what gateways report."""

from messaging.services.reports import read_gateway_callback
from messaging.services.sending import (
    MessageNotFailed,
    dismiss_message,
    queue_message,
    resend_message,
    resume_paused,
    send,
    send_after_commit,
    send_claimed,
)

__all__ = [
    "MessageNotFailed",
    "dismiss_message",
    "queue_message",
    "read_gateway_callback",
    "resend_message",
    "resume_paused",
    "send",
    "send_after_commit",
    "send_claimed",
]
