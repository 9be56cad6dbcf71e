"""How long each kind of thing may wait."""

from typing import Any

from django import forms

from common.words import _
from watch.kinds import BOOKS, KINDS
from watch.measuring import Limits

LONGEST = 30 * 24 * 60


class ChangeLimits(forms.Form):
    """Minutes for every kind; 0 has nobody told."""

    def __init__(self, *args: Any, allowed: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS.values():
            limit = allowed[kind.name]
            minutes = int(limit.total_seconds()) // 60 if limit else 0
            help_text = _("In minutes; usually %(minutes)s.") % {"minutes": kind.minutes}
            self.fields[kind.name] = forms.IntegerField(
                label=kind.label,
                min_value=0,
                max_value=LONGEST,
                initial=minutes,
                help_text=_("1 tells at once, 0 never.") if kind == BOOKS else help_text,
                widget=forms.NumberInput({"inputmode": "numeric"}),
            )
