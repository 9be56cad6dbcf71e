"""What people may ask the list of payments."""

from typing import Any

from django import forms

from common.words import _
from payments.selectors import Group, Period
from plugins.models import Connection


class PaymentFilter(forms.Form):
    """Every field may be missing or nonsense: a list never refuses to be shown."""

    q = forms.CharField(label=_("Find"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *Group.choices]
    )
    via = forms.ChoiceField(label=_("Paid through"), required=False)
    period = forms.ChoiceField(label=_("Period"), required=False, choices=Period.choices)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: Any, *, connections: list[Connection]) -> None:
        super().__init__(data)
        choices = [(c.plugin, c.label) for c in connections]
        self.fields["via"].choices = [("", _("All")), *choices]  # type: ignore[attr-defined]
        for name in ("state", "via", "period"):
            self.fields[name].widget.attrs["class"] = "form-select"
        for name in ("since", "until"):
            self.fields[name].widget.attrs["class"] = "form-control"

    def asked(self) -> dict[str, Any]:
        """Return what was asked and could be read; the rest is as if it had not been asked."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        if not found.get("period"):
            dated = found.get("since") or found.get("until")
            # Whoever looks for one payment does not know its month.
            found["period"] = (
                Period.DATES if dated else Period.ALL if found.get("q") else Period.MONTH
            )
        return found
