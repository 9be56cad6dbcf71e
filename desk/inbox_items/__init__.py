"""The inbox as people read it: each thing as a question or fact, its evidence, since when, one step."""

from desk.inbox_items.connections import connection_items, turned_away_items, turned_away_words
from desk.inbox_items.corrections import correction_items
from desk.inbox_items.item import Item, Tab
from desk.inbox_items.messages import message_items
from desk.inbox_items.money import conflict_items, payment_items, result_items
from desk.inbox_items.statements import statement_items
from desk.inbox_items.tokens import order_items
from desk.trace.writer import Writer

__all__ = ["Item", "Tab", "inbox_items", "turned_away_words"]


def inbox_items(writer: Writer) -> list[Item]:
    """Return everything that needs a person, oldest first; a fixed number of queries."""
    found: list[Item] = [
        *order_items(writer),
        *payment_items(writer),
        *conflict_items(writer),
        *result_items(writer),
        *correction_items(writer),
        *statement_items(writer),
        *message_items(writer),
        *connection_items(),
        *turned_away_items(writer),
    ]
    return sorted(found, key=lambda item: item.since)
