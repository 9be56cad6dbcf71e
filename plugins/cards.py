"""The plug-ins of a company as cards, by what they are for."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from common.badges import Badge, Tone
from common.words import _
from plugins import registry
from plugins.badges import ATTENTION, connection_badge
from plugins.contracts import Kind, Plugin
from plugins.figures import Figures, figures_of
from plugins.models import Connection

NOT_IN_USE = Badge(Tone.QUIET, _("Not in use"), icon="pause", is_bare=True)
SECTIONS = {
    Kind.PAYMENT: _("Money in"),
    Kind.MANUFACTURER: _("Devices"),
    Kind.SMS: _("SMS"),
    Kind.FEED: _("Data feeds"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One plug-in: name, state, one sentence, and the word of its one link."""

    slug: str
    label: str
    badge: Badge
    sentence: Any
    link: Any
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class Section:
    heading: Any
    cards: list[Card]


def sections(text: str, since: dt.datetime) -> list[Section]:
    """Return all plug-ins that are installed or connected and match a text, those in use first."""
    connections = {c.plugin: c for c in Connection.objects.all()}
    figures = figures_of(list(connections.values()), since)
    found = []
    for kind, heading in SECTIONS.items():
        cards = [
            _card(cls, connections.get(cls.slug), figures.get(cls.slug))
            for cls in registry.of_kind(kind)
            if _matches(cls, text)
        ]
        cards.sort(key=lambda card: (card.is_quiet, card.label.lower()))
        if cards:
            found.append(Section(heading, cards))
    return found


def _matches(cls: type[Plugin], text: str) -> bool:
    words = f"{cls.label} {cls.slug} {cls.description}".lower()
    return all(word in words for word in text.lower().split())


def _card(cls: type[Plugin], connection: Connection | None, figures: Figures | None) -> Card:
    if connection is None:
        return Card(cls.slug, cls.label, NOT_IN_USE, cls.description, _("Set up"), True)
    badge = connection_badge(connection)
    if not connection.is_set_up:
        return Card(cls.slug, cls.label, badge, cls.description, _("Set up"), False)
    if not connection.is_on:
        return Card(cls.slug, cls.label, badge, cls.description, _("Switch on"), True)
    trouble = connection.paused_reason or (
        connection.check_message if connection.check_state == Connection.CheckState.FAILED else ""
    )
    if not trouble and figures and figures.trouble:
        return Card(cls.slug, cls.label, ATTENTION, figures.trouble, _("Settings"), False)
    sentence = trouble or (figures.sentence if figures else cls.description)
    return Card(cls.slug, cls.label, badge, sentence, _("Settings"), False)
