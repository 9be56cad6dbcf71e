"""What upper rooms can tell of a connection's day: they register here, the plug-in pages ask.

A contributor answers for all connections of its kind at once, so that the page asks few questions.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugins.contracts import Kind
from plugins.models import Connection


@dataclass(frozen=True, slots=True)
class Figures:
    """One connection's day: a sentence for its card, and pairs of label and figure for its page.

    ``trouble`` is a sentence when somebody should look although calls of our own work.
    """

    sentence: Any
    pairs: tuple[tuple[Any, Any], ...] = ()
    trouble: Any = ""


Contributor = Callable[[Sequence[Connection], dt.datetime], Mapping[str, Figures]]
_contributors: dict[Kind, Contributor] = {}


def register(kind: Kind, contributor: Contributor) -> None:
    """Called from an app's ``ready``. The contributor gets connections and the start of the day."""
    _contributors[kind] = contributor


def figures_of(connections: Sequence[Connection], since: dt.datetime) -> dict[str, Figures]:
    """Return what is known of these connections since a moment, by plug-in."""
    found: dict[str, Figures] = {}
    for kind, contribute in _contributors.items():
        own = [connection for connection in connections if connection.kind == kind]
        if own:
            found.update(contribute(own, since))
    return found
