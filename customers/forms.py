"""What people write down about a customer."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings

from common.phone import NotAPhone, display_phone, parse_phone
from common.words import _
from customers.models import ConnectionGroup, ConnectionSubType, ConnectionType, Customer
from locations.models import Village
from locations.selectors import village_choices

NOT_SAID = ("", _("not said"))
OLDEST_YEARS = 120


class PersonalData(forms.Form):
    """Who somebody is and where they live. Choices are those of the open company."""

    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=100,
        required=False,
        help_text=_("One of the two names is needed. A shop or school has its name here."),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        help_text=_("Tokens and receipts go to it by SMS."),
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )
    village = forms.ChoiceField(label=_("Village"))
    street = forms.CharField(
        label=_("Street or place"),
        max_length=200,
        required=False,
        help_text=_("What helps to find the house."),
    )
    language = forms.ChoiceField(label=_("Language of SMS"), required=False)
    connection_type = forms.ChoiceField(label=_("Kind of use"), required=False)
    connection_sub_type = forms.ChoiceField(label=_("Finer kind of use"), required=False)
    connection_group = forms.ChoiceField(label=_("Group"), required=False)
    title = forms.CharField(label=_("Title"), max_length=20, required=False)
    gender = forms.ChoiceField(
        label=_("Gender"), required=False, choices=[NOT_SAID, *Customer.Gender.choices]
    )
    birth_date = forms.DateField(
        label=_("Day of birth"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    education = forms.CharField(label=_("Education"), max_length=100, required=False)
    MORE = ("language", "connection_type", "connection_sub_type", "connection_group", "title", "gender",
            "birth_date", "education")  # fmt: skip

    def __init__(self, *args: Any, country: str, today: dt.date, **kwargs: Any) -> None:
        """:param country: of the company, for phones written without a country code"""
        super().__init__(*args, **kwargs)
        self.country, self.today = country, today
        villages = village_choices()
        self._offer("village", villages if len(villages) == 1 else [("", "–"), *villages])
        self._offer("language", [("", _("that of the company")), *settings.LANGUAGES])
        types = list(ConnectionType.objects.order_by("name"))
        sub_types = ConnectionSubType.objects.select_related("connection_type")
        groups = ConnectionGroup.objects.order_by("name")
        self._offer_some("connection_type", [(str(each.pk), each.name) for each in types])
        self._offer_some("connection_sub_type", [
            (str(each.pk), f"{each.connection_type}: {each.name}")
            for each in sub_types.order_by("connection_type__name", "name")
        ])  # fmt: skip
        self._offer_some("connection_group", [(str(each.pk), each.name) for each in groups])

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _offer_some(self, name: str, choices: list[Any]) -> None:
        """Offer a choice only where the company has any."""
        if choices:
            self._offer(name, [NOT_SAID, *choices])
        else:
            del self.fields[name]

    @property
    def main(self) -> list[forms.BoundField]:
        return [each for each in self.visible_fields() if each.name not in self.MORE]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MORE if name in self.fields]

    @property
    def is_more_open(self) -> bool:
        return any(field.errors or field.value() for field in self.more)

    def clean_phone(self) -> str:
        try:
            return parse_phone(self.cleaned_data["phone"], self.country)
        except NotAPhone as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean_village(self) -> Village:
        return Village.objects.select_related("mini_grid").get(
            public_id=self.cleaned_data["village"]
        )

    def clean_connection_type(self) -> ConnectionType | None:
        return ConnectionType.objects.filter(pk=self.cleaned_data["connection_type"] or 0).first()

    def clean_connection_sub_type(self) -> ConnectionSubType | None:
        pk = self.cleaned_data["connection_sub_type"] or 0
        return ConnectionSubType.objects.filter(pk=pk).first()

    def clean_connection_group(self) -> ConnectionGroup | None:
        return ConnectionGroup.objects.filter(pk=self.cleaned_data["connection_group"] or 0).first()

    def clean_birth_date(self) -> dt.date | None:
        born: dt.date | None = self.cleaned_data["birth_date"]
        if (born and not 0 <= self.today.year - born.year <= OLDEST_YEARS) or (
            born and born > self.today
        ):
            raise forms.ValidationError(_("Nobody alive was born on this day."))
        return born

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("first_name", "last_name", "street", "title", "education"):
            if name in cleaned:
                cleaned[name] = " ".join(cleaned[name].split())
        if not (cleaned.get("first_name") or cleaned.get("last_name")):
            self.add_error("last_name", _("Give the customer a first name or a last name."))
        return cleaned


class EditPersonalData(PersonalData):
    """What is known already; only what somebody changed on the page is written.

    Each field carries what it showed, so that two people who change different things both get theirs.
    """

    reason = forms.CharField(
        label=_("Why another phone"),
        help_text=_("Needed only when the phone changes. Kept for whoever looks later."),
        max_length=300,
        required=False,
    )

    def __init__(
        self, *args: Any, customer: Customer, may_change_phone: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial=_shown(customer), **kwargs)
        if not may_change_phone:
            del self.fields["phone"], self.fields["reason"]
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "reason"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "phone" in self.changed_data and cleaned.get("phone") and not cleaned.get("reason"):
            self.add_error("reason", _("Say why SMS go to another number from now on."))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Return what somebody changed, without the phone."""
        names = set(self.changed_data) - {"phone", "reason"}
        return {name: self.cleaned_data[name] for name in self.fields if name in names}

    def new_phone(self) -> str:
        """Return the other number, or nothing."""
        return self.cleaned_data["phone"] if "phone" in self.changed_data else ""


def _shown(customer: Customer) -> dict[str, Any]:
    return {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": display_phone(customer.phone),
        "village": str(customer.village.public_id),
        "street": customer.street,
        "language": customer.language,
        "connection_type": str(customer.connection_type_id or ""),
        "connection_sub_type": str(customer.connection_sub_type_id or ""),
        "connection_group": str(customer.connection_group_id or ""),
        "title": customer.title,
        "gender": customer.gender,
        "birth_date": customer.birth_date,
        "education": customer.education,
    }
