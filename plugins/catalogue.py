"""The plug-ins that a company may choose from, in its own words and for what it sells."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from common.badges import Badge, Tone
from common.words import _
from plugins import registry
from plugins.contracts import DeviceKind, Kind, Manufacturer, Plugin
from plugins.logos import initials_of, logo_of
from tenants.models import Company

AT_ONCE = Badge(Tone.GOOD, _("Works at once"), is_bare=True)
PRETEND = Badge(Tone.QUIET, _("For trying out"), icon="flask", is_bare=True)
ACCOUNT = Badge(Tone.QUIET, _("Needs an account"), icon="plug", is_bare=True)

QUESTIONS = {
    Kind.PAYMENT: _("How do your customers pay?"),
    Kind.MANUFACTURER: _("Which devices do you sell for?"),
    Kind.SMS: _("Who carries your SMS?"),
    Kind.FEED: _("Who gets your figures?"),
}
WITHOUT = {
    Kind.PAYMENT: _("Without an operator no payment comes in."),
    Kind.MANUFACTURER: _("Without a manufacturer no token is made: payments stay as credit."),
    Kind.SMS: _("Without a gateway customers get no SMS: you read tokens to them."),
}
USED_FOR = {
    DeviceKind.METER: Company.UsageType.MINI_GRID,
    DeviceKind.SHS: Company.UsageType.SHS,
    DeviceKind.EBIKE: Company.UsageType.EBIKE,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One plug-in to choose."""

    slug: str
    label: str
    description: Any
    needs: str
    badge: Badge
    logo: str
    initials: str

    @property
    def is_at_once(self) -> bool:
        """Whether there is nothing to have or to enter."""
        return self.badge == AT_ONCE


@dataclass(frozen=True, slots=True)
class Shelf:
    """The plug-ins of one kind, under the question that they answer."""

    kind: str
    question: Any
    without: Any
    offers: list[Offer]


def shelves(usage_types: Collection[str]) -> list[Shelf]:
    """Return what fits a company that sells for these; none stands for everything."""
    found = []
    for kind, question in QUESTIONS.items():
        fitting = [cls for cls in registry.of_kind(kind) if _fits(cls, usage_types)]
        offers = sorted((_offer(cls) for cls in fitting), key=_pretend_last)
        if offers:
            found.append(Shelf(kind, question, WITHOUT.get(kind, ""), offers))
    return found


def fitting(slugs: Iterable[str], usage_types: Collection[str]) -> list[str]:
    """Return those of the chosen plug-ins that are installed and fit what the company sells for."""
    offered = {offer.slug for shelf in shelves(usage_types) for offer in shelf.offers}
    return [slug for slug in slugs if slug in offered]


def kinds_without(slugs: Collection[str], usage_types: Collection[str]) -> list[Any]:
    """Return what follows from each kind of which nothing is chosen, in sentences."""
    return [
        shelf.without
        for shelf in shelves(usage_types)
        if shelf.without and not any(offer.slug in slugs for offer in shelf.offers)
    ]


def _fits(cls: type[Plugin], usage_types: Collection[str]) -> bool:
    if not usage_types or not issubclass(cls, Manufacturer):
        return True
    return any(USED_FOR[kind] in usage_types for kind in cls.device_kinds)


def _offer(cls: type[Plugin]) -> Offer:
    return Offer(
        slug=cls.slug,
        label=cls.label,
        description=cls.description,
        needs=str(cls.needs) or _labels(cls),
        badge=_state(cls),
        logo=logo_of(cls.slug),
        initials=initials_of(cls.label),
    )


def _labels(cls: type[Plugin]) -> str:
    fields = cls.settings_form.base_fields.values()
    return ", ".join(str(field.label) for field in fields if field.required)


def _state(cls: type[Plugin]) -> Badge:
    if cls.is_pretend:
        return PRETEND
    return ACCOUNT if cls.settings_form.base_fields else AT_ONCE


def _pretend_last(offer: Offer) -> tuple[bool, bool, str]:
    return (offer.badge == PRETEND, offer.is_at_once, offer.label.lower())
