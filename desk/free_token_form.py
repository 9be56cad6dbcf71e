"""What a person fills in to give a token without payment."""

from decimal import Decimal
from typing import Any

from django import forms

from common.words import _
from desk.forms import ReasonForm
from payments.services import Allowed
from plugins.contracts import Unit
from vending.models import TokenOrder

FREE_TASKS = {
    TokenOrder.Task.CREDIT: _("Energy or days"),
    TokenOrder.Task.UNLOCK: _("The code that frees it for good"),
    TokenOrder.Task.CLEAR: _("The code that sets its credit to nothing"),
}


class FreeTokenForm(ReasonForm):
    """What is given without payment, and why. ``allowed``: what the maker and the company's limits leave."""

    task = forms.ChoiceField(label=_("What to give"), widget=forms.RadioSelect)
    quantity = forms.DecimalField(label=_("How much"), required=False, max_digits=12)
    why = forms.ChoiceField(label=_("Reason"), choices=TokenOrder.WhyFree.choices)
    field_order = ("task", "quantity", "why", "reason", "key")

    def __init__(self, data: Any, *, allowed: Allowed | None) -> None:
        super().__init__(data)
        self.fields["reason"].label = _("What happened")
        task = self.fields["task"]
        assert isinstance(task, forms.ChoiceField)
        if allowed is None:
            return
        task.choices = [(each.value, FREE_TASKS[each]) for each in allowed.tasks]
        task.initial = TokenOrder.Task.CREDIT
        unit = _("days") if allowed.unit == Unit.DAY else "kWh"
        self.fields["quantity"].help_text = _(
            "In %(unit)s, at most %(most)s, in steps of %(step)s. Only needed for energy or days."
        ) % {
            "unit": unit,
            "most": f"{allowed.most.normalize():f}",
            "step": f"{allowed.step.normalize():f}",
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        is_missing = given.get("quantity") is None and "quantity" not in self.errors
        if given.get("task") == TokenOrder.Task.CREDIT and is_missing:
            self.add_error("quantity", _("Write how much to give."))
        given["quantity"] = given.get("quantity") or Decimal(0)
        return given
