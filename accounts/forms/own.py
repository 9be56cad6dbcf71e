"""What a person may change about themselves."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordKeyForm,
)
from django import forms
from django.conf import settings

from common.words import _


class LogIn(LoginForm):  # type: ignore[misc]
    """allauth's form; the way to a new password stands on the page, not at the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class Reauthenticate(ReauthenticateForm):  # type: ignore[misc]
    """allauth's form; whoever forgot the password logs out first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ChangePassword(ChangePasswordForm):  # type: ignore[misc]
    """allauth's form in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self.fields, oldpassword=_("Password until now"))
        self.fields["oldpassword"].help_text = ""


class ChooseNewPassword(ResetPasswordKeyForm):  # type: ignore[misc]
    """allauth's form in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self.fields)


def _word(fields: dict[str, forms.Field], **labels: Any) -> None:
    named = {"password1": _("New password"), "password2": _("New password once more"), **labels}
    for name, label in named.items():
        fields[name].label = label


class ChangeProfile(forms.Form):
    name = forms.CharField(
        max_length=100, label=_("Name"), help_text=_("As colleagues see it beside what you did.")
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("For your pages. Customers have their own."),
    )
    wants_alerts = forms.BooleanField(
        label=_("Write to me when something waits too long"),
        required=False,
        help_text=_("By e-mail: when it begins, once a day, and when it is over."),
    )

    def __init__(self, *args: Any, gets_alerts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not gets_alerts:
            del self.fields["wants_alerts"]
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("The company's")), *settings.LANGUAGES]


class ChooseLanguage(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    next = forms.CharField(required=False)
