"""The audit log as a filtered list, and its entries as lines to show."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from accounts.models import AuditEntry, User
from common.clock import midnight
from common.filters import ListFilter
from common.words import _
from desk.auditing.targets import Target, called, targets_of
from desk.auditing.words import ACTIONS, AREAS, Fact, action_words, facts_in_words
from tenants.models import Company

SYSTEM = "system"


class AuditFilter(ListFilter):
    """Who, in which area, what, and when."""

    person = forms.ChoiceField(label=_("Who"))
    area = forms.ChoiceField(label=_("Area"))
    what = forms.ChoiceField(label=_("What"))
    since = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("To"), widget=forms.DateInput({"type": "date"}))

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        people = User.objects.order_by("name", "pk")
        named = [(str(user.public_id), str(user)) for user in people]
        self._choose("person", [*named, (SYSTEM, _("The system and commands"))])
        self._choose("area", [(name, label) for name, (label, _things) in AREAS.items()])
        actions = sorted((str(words), name) for name, words in ACTIONS.items())
        self._choose("what", [(name, words) for words, name in actions])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *choices]


def entries(asked: dict[str, Any], company: Company) -> "QuerySet[AuditEntry]":
    """Return what an ``AuditFilter`` asks for, newest first."""
    found = AuditEntry.objects.select_related("actor")
    if person := asked.get("person"):
        by = Q(actor=None) if person == SYSTEM else Q(actor__public_id=person)
        found = found.filter(by | Q(target=person))
    if area := asked.get("area"):
        found = found.filter(_in_area(area))
    if what := asked.get("what"):
        found = found.filter(action=what)
    if since := asked.get("since"):
        found = found.filter(at__gte=midnight(since, company.timezone))
    if until := asked.get("until"):
        found = found.filter(at__lt=midnight(until + dt.timedelta(days=1), company.timezone))
    if text := asked.get("q"):
        targets = called(text, country=company.country)
        found = found.filter(Q(target__in=targets) | Q(target__icontains=text))
    return found.order_by("-at", "-pk")


def _in_area(area: str) -> Q:
    _label, things = AREAS[area]
    condition = Q()
    for thing in things:
        condition |= Q(action__startswith=f"{thing}.")
    return condition


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    entry: AuditEntry
    what: str
    target: Target | None
    facts: list[Fact]

    @property
    def facts_text(self) -> str:
        return "; ".join(fact.text for fact in self.facts)


def lines(found: Iterable[AuditEntry]) -> list[Line]:
    """Return entries as lines; a handful of queries for all of them together."""
    rows = list(found)
    targets = targets_of(rows)
    return [
        Line(
            entry=entry,
            what=action_words(entry.action),
            target=targets.get((entry.action.partition(".")[0], entry.target)),
            facts=facts_in_words(entry.facts),
        )
        for entry in rows
    ]
