"""Everything that happened to a payment, as plain values: for its page, its command and its record."""

from desk.trace.build import order_trace, payment_trace
from desk.trace.find import AmbiguousReference, UnknownReference, find_payment
from desk.trace.load import Story, load_order, load_payment
from desk.trace.record import record_of
from desk.trace.values import Trace

__all__ = [
    "AmbiguousReference",
    "Story",
    "Trace",
    "UnknownReference",
    "find_payment",
    "load_order",
    "load_payment",
    "order_trace",
    "payment_trace",
    "record_of",
]
