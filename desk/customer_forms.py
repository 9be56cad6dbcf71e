"""Forms about customers that other rooms have a part in: their device, whether they are known already."""

from typing import Any

from django import forms

from common.words import _
from customers.duplicates import Duplicate
from customers.forms import PersonalData
from desk.forms import OneTimeForm
from desk.registering import WantedDevice, makes_offered
from devices.models import Tariff
from locations.models import Village
from locations.selectors import village_choices


class DeviceFields(forms.Form):
    """Which device: a number in stock, or a new one with what it is."""

    serial = forms.CharField(
        label=_("Device number"),
        max_length=40,
        help_text=_("As printed on the meter or kit. One in stock is found by its number."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    make = forms.ChoiceField(
        label=_("What it is"), required=False, help_text=_("Only for a device that is new here.")
    )
    tariff = forms.ChoiceField(
        label=_("Tariff"), required=False, help_text=_("A device that is sold kWh needs one.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("make", [("", _("it is in stock")), *makes_offered()])
        tariffs = [(str(each.public_id), each.name) for each in Tariff.objects.order_by("name")]
        self._choose("tariff", [("", "–"), *tariffs])

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def of_device(self) -> list[forms.BoundField]:
        return [self[name] for name in ("serial", "make", "tariff") if name in self.fields]

    def clean_serial(self) -> str:
        return "".join(self.cleaned_data["serial"].split())

    def clean_tariff(self) -> Tariff | None:
        public_id = self.cleaned_data["tariff"]
        return Tariff.objects.get(public_id=public_id) if public_id else None

    def wanted(self) -> WantedDevice | None:
        """Return the device that was named, once the form is valid; None where none was."""
        said = self.cleaned_data
        if not said.get("serial"):
            return None
        return WantedDevice(said["serial"], said["make"], said["tariff"])


class RegisterCustomer(PersonalData, DeviceFields, OneTimeForm):
    """A new customer, with or without a device. ``seen`` names whom somebody looked at and said no to."""

    seen = forms.CharField(required=False, max_length=1_000, widget=forms.HiddenInput)
    OF_DEVICE = ("serial", "make", "tariff")
    PERSON = ("first_name", "last_name", "phone", "village", "street", *PersonalData.MORE)

    def __init__(self, *args: Any, may_give: bool, **kwargs: Any) -> None:
        """:param may_give: whether this user may give out devices"""
        super().__init__(*args, **kwargs)
        self.fields["serial"].required = False
        if not may_give:
            for name in self.OF_DEVICE:
                del self.fields[name]

    @property
    def main(self) -> list[forms.BoundField]:
        return [each for each in super().main if each.name not in self.OF_DEVICE]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("make") and not cleaned.get("serial"):
            self.add_error("serial", _("Type the number of the device, or say nothing of it."))
        return cleaned

    def person(self) -> dict[str, Any]:
        """Return what is said of the person, once the form is valid."""
        return {name: self.cleaned_data[name] for name in self.PERSON if name in self.fields}

    @property
    def name(self) -> str:
        said = self.cleaned_data
        return f"{said['first_name']} {said['last_name']}".strip()

    def unseen(self, found: list[Duplicate]) -> bool:
        """Return whether anybody is among these whom nobody looked at yet."""
        seen = set(self.cleaned_data["seen"].split(","))
        return any(str(each.customer.public_id) not in seen for each in found)


class GiveDevice(DeviceFields, OneTimeForm):
    """One more device for a customer, to stand in a village."""

    village = forms.ChoiceField(label=_("Where it stands"))
    field_order = ("serial", "make", "tariff", "village", "key")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("village", village_choices())

    def clean_village(self) -> Village:
        return Village.objects.get(public_id=self.cleaned_data["village"])
