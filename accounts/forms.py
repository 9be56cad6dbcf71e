"""What a person may change about themselves."""

from typing import Any

from django import forms
from django.conf import settings

from common.words import _


class ChangeProfile(forms.Form):
    name = forms.CharField(
        max_length=100, label=_("Name"), help_text=_("As colleagues see it beside what you did.")
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("For your pages. Customers have their own."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("The company's")), *settings.LANGUAGES]


class ChooseLanguage(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    next = forms.CharField(required=False)
