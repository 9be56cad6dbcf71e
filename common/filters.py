"""Filters of a list: kept in the address, never a reason to refuse the page."""

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language

from common import formats
from common.paging import address_with

MAX_CHARS = 100


def clean_query(text: str) -> str:
    """Return what somebody typed to search for, without what a database cannot compare."""
    return text.replace("\x00", "").strip()[:MAX_CHARS]


class ListFilter(forms.Form):
    """Selects above a list. What is missing or nonsense is as if it had not been asked.

    Subclasses name in ``sorting`` the field that orders the list: it is no filter to take off.
    """

    sorting = "sort"

    def __init__(self, params: QueryDict) -> None:
        super().__init__(params)
        for field in self.fields.values():
            field.required = False
        self.params = params

    def asked(self) -> dict[str, Any]:
        """Return the values that were asked and could be read, and the search text as ``q``."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        text = clean_query(self.params.get("q", ""))
        return {**found, "q": text} if text else found

    def chips(self) -> list[tuple[str, str]]:
        """Return each filter that is set as text, with the address without it."""
        asked = self.asked()
        chips = []
        if "q" in asked:
            chips.append((f"“{asked['q']}”", self._without("q")))
        for name, field in self.fields.items():
            if name in asked and name != self.sorting:
                words = dict(getattr(field, "choices", ()))
                word = words.get(self.cleaned_data[name]) or _said(self.cleaned_data[name])
                chips.append((f"{field.label}: {word}", self._without(name)))
        return chips

    def _without(self, name: str) -> str:
        return address_with(self.params, **{name: None, "after": None})


def _said(value: Any) -> Any:
    """Return a value as people write it: a day with its month in letters."""
    if isinstance(value, dt.date):
        return formats.full_day(value, get_language() or "en")
    return value
