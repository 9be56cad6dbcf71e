"""What people write down about a customer beside the personal data."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from common.phone import NotAPhone, parse_phone
from common.words import _
from customers.documents import MAX_BYTES
from customers.records import Answer, Consent, Question
from locations.models import Village
from locations.selectors import village_choices


class EditAddress(forms.Form):
    note = forms.CharField(
        label=_("Whose or what"),
        max_length=100,
        required=False,
        help_text=_("For example shop, or her brother Juma."),
    )
    village = forms.ChoiceField(label=_("Village"))
    street = forms.CharField(label=_("Street or place"), max_length=200, required=False)
    phone = forms.CharField(
        label=_("Phone there"),
        max_length=30,
        required=False,
        help_text=_("To call, not for SMS: those go to the customer's own phone."),
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        self.fields["village"].choices = village_choices()  # type: ignore[attr-defined]

    def clean_village(self) -> Village:
        return Village.objects.get(public_id=self.cleaned_data["village"])

    def clean_phone(self) -> str:
        text = self.cleaned_data["phone"]
        try:
            return parse_phone(text, self.country) if text else ""
        except NotAPhone as refusal:
            raise forms.ValidationError(str(refusal)) from None


class UploadDocument(forms.Form):
    kind = forms.CharField(
        label=_("What it is"),
        max_length=60,
        help_text=_("For example contract, identity card, picture of the house."),
    )
    file = forms.FileField(
        label=_("File"),
        max_length=250,
        help_text=_("PDF, JPEG, PNG or WebP, at most 5 MB."),
        widget=forms.FileInput({"accept": ".pdf,.jpg,.jpeg,.png,.webp"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _(
                    "The file is larger than 5 MB. Scan it with fewer dots, or take a smaller picture."
                )
            )
        return file


class AnswerQuestions(forms.Form):
    """One field for each question, named after its number."""

    def __init__(
        self, *args: Any, asked: Sequence[tuple[Question, Answer | None]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for question, answer in asked:
            self.fields[f"q{question.pk}"] = forms.CharField(
                label=question.text,
                max_length=1000,
                required=False,
                initial=answer.text if answer else "",
                show_hidden_initial=True,
                widget=forms.Textarea({"rows": 2}),
            )

    def changed(self) -> dict[int, str]:
        """Return the answers that somebody changed on the page, by question."""
        return {int(name[1:]): self.cleaned_data[name].strip() for name in self.changed_data}


class _OnADay(forms.Form):
    """Something that happened on a day that is over or today."""

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["day"].initial = today

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        if day > self.today:
            raise forms.ValidationError(_("This day is not here yet."))
        return day


DAY = forms.DateInput({"type": "date"}, "%Y-%m-%d")


class RecordConsent(_OnADay):
    purpose = forms.ChoiceField(
        label=_("What the customer agreed to"),
        choices=Consent.Purpose.choices,
        widget=forms.RadioSelect,
    )
    day = forms.DateField(label=_("When"), widget=DAY)
    how = forms.ChoiceField(label=_("How"), choices=Consent.How.choices)
    note = forms.CharField(
        label=_("Where the proof is"),
        max_length=200,
        required=False,
        help_text=_("For example the number of the form, or the document here."),
    )


class WithdrawConsent(_OnADay):
    day = forms.DateField(label=_("When it was withdrawn"), widget=DAY)
    how = forms.ChoiceField(label=_("How"), choices=Consent.How.choices)


class WordQuestion(forms.Form):
    text = forms.CharField(label=_("Question"), max_length=255)

    def clean_text(self) -> str:
        return " ".join(self.cleaned_data["text"].split())
