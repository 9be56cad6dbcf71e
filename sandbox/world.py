"""What every part of one running sandbox shares."""

from dataclasses import dataclass

from flask import current_app

from sandbox.answering import Answering
from sandbox.faults import Faults
from sandbox.later import Later
from sandbox.options import Options
from sandbox.store import Store


@dataclass(frozen=True, slots=True)
class World:
    """The memory, the switches and the clock of one run."""

    options: Options
    store: Store
    faults: Faults
    later: Later
    answering: Answering

    @classmethod
    def start(cls, options: Options) -> "World":
        faults, later = Faults(), Later()
        return cls(options, Store(options.database), faults, later, Answering(faults, later))


def world() -> World:
    """Return the world of the application that answers this request."""
    found: World = current_app.extensions["sandbox"]
    return found
