"""What people may ask the pages of the books; what is nonsense is as if it had not been asked."""

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict

from common.filters import ListFilter
from common.words import _
from ledger.models import Account, Event
from reports.books.lines import Asked, Happened, Side
from reports.books.periods import Span, asked_span, is_a_day

EVENTS = [("", _("Everything")), *Happened.choices, *Event.choices]


def date_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


class Period(ListFilter):
    """From and to, both included; this month where neither is given."""

    since = date_field(_("From"))
    until = date_field(_("To"))

    def __init__(self, params: QueryDict, *, zone: str, now: dt.datetime) -> None:
        super().__init__(params)
        self.is_valid()
        days = [self.cleaned_data.get(name) for name in ("since", "until")]
        since, until = (day if is_a_day(day) else None for day in days)
        self.span: Span = asked_span(since, until, zone=zone, now=now)
        # The fields show what is shown, also where nothing or nonsense was asked.
        self.data = params.copy()
        self.data["since"] = self.span.first.isoformat() if self.span.first else ""
        self.data["until"] = self.span.last.isoformat()

    def asked(self) -> dict[str, Any]:
        found = super().asked()
        return {name: value for name, value in found.items() if name not in ("since", "until")}


class LedgerFilter(Period):
    """Which lines of an account."""

    event = forms.ChoiceField(label=_("What happened"), choices=EVENTS)
    side = forms.ChoiceField(label=_("Side"), choices=[("", _("Both")), *Side.choices])

    def lines_of(self, account: Account) -> Asked:
        """Return what was asked of this account; the subject stands in the address only."""
        asked = self.asked()
        subject = self.params.get("subject", "")
        return Asked(
            account=account,
            span=self.span,
            subject=int(subject) if _is_id(subject) else None,
            event=asked.get("event", ""),
            side=asked.get("side", ""),
        )


class JournalFilter(Period):
    """Which postings."""

    event = forms.ChoiceField(label=_("What happened"), choices=EVENTS)
    late = forms.ChoiceField(
        label=_("Recorded"), choices=[("", _("At any time")), ("1", _("After its day was over"))]
    )


class BalancesFilter(ListFilter):
    """Who has a balance at the end of a day, and in which order."""

    until = date_field(_("At the end of"))
    sort = forms.ChoiceField(
        label=_("Order"), choices=[("", _("Largest first")), ("smallest", _("Smallest first"))]
    )

    def __init__(self, params: QueryDict, *, zone: str, now: dt.datetime) -> None:
        super().__init__(params)
        self.is_valid()
        until = self.cleaned_data.get("until")
        self.span = asked_span(None, until if is_a_day(until) else None, zone=zone, now=now).until()
        self.data = params.copy()
        self.data["until"] = self.span.last.isoformat()

    def asked(self) -> dict[str, Any]:
        found = super().asked()
        return {name: value for name, value in found.items() if name != "until"}


class Day(forms.Form):
    """The day of a closing report."""

    day = date_field(_("Day"))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
