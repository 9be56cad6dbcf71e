"""What people may ask the list of customers."""

from django import forms
from django.http import QueryDict

from common.filters import ListFilter
from common.words import _
from customers.models import ConnectionType
from customers.selectors import Sort, Standing
from locations.selectors import village_choices


class CustomerFilter(ListFilter):
    village = forms.ChoiceField(label=_("Village"))
    kind = forms.ChoiceField(label=_("Kind of use"))
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Not archived")), *Standing.choices]
    )
    sort = forms.ChoiceField(label=_("Sort by"), choices=Sort.choices)

    def __init__(self, params: QueryDict) -> None:
        super().__init__(params)
        self.fields["village"].choices = [("", _("All")), *village_choices()]  # type: ignore[attr-defined]
        kinds = [(str(each.pk), each.name) for each in ConnectionType.objects.order_by("name")]
        self.fields["kind"].choices = [("", _("All")), *kinds]  # type: ignore[attr-defined]
        if not kinds:
            del self.fields["kind"]
