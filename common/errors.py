"""The two roots of what can go wrong; domain errors live beside the service that raises them."""

from typing import Any


class MpmError(Exception):
    """Anything this project raises on purpose."""


class DomainError(MpmError):
    """One of our rules said no. ``str(error)`` is a sentence for the person who asked.

    Subclasses set ``message`` (translatable, with named places) and are raised with those names::

        raise AmountTooFine(amount="10.005", currency="TZS")
    """

    message: Any = ""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(facts)

    def __str__(self) -> str:
        return str(self.message) % self.facts
