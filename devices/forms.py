"""What people may ask the list of devices."""

from django import forms
from django.http import QueryDict

from common.filters import ListFilter
from common.words import _
from devices.models import Device
from devices.selectors import Sort, Standing, manufacturer_label, manufacturers_in_use
from locations.selectors import village_choices


class DeviceFilter(ListFilter):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All")), *Device.Kind.choices])
    manufacturer = forms.ChoiceField(label=_("Manufacturer"))
    village = forms.ChoiceField(label=_("Village"))
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Not archived")), *Standing.choices]
    )
    sort = forms.ChoiceField(label=_("Sort by"), choices=Sort.choices)

    def __init__(self, params: QueryDict) -> None:
        super().__init__(params)
        makers = [(slug, manufacturer_label(slug)) for slug in manufacturers_in_use()]
        self.fields["manufacturer"].choices = [("", _("All")), *makers]  # type: ignore[attr-defined]
        self.fields["village"].choices = [("", _("All")), *village_choices()]  # type: ignore[attr-defined]
