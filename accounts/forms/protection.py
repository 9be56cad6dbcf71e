"""The company's second password: giving it, choosing it, and what it protects."""

from typing import Any

from django import forms

from accounts.models import Protection
from accounts.protection import PAGE_GROUPS, offered_groups
from common.words import _

LONGEST_MINUTES = 480


def password_field(label: Any, help_text: Any = "", *, is_new: bool = False) -> forms.CharField:
    complete = "new-password" if is_new else "off"
    widget = forms.PasswordInput({"autocomplete": complete}, render_value=False)
    return forms.CharField(
        label=label, help_text=help_text, max_length=200, strip=False, widget=widget
    )


class GivePassword(forms.Form):
    """The prompt. ``next`` is the address that was asked for, ``group`` what it belongs to."""

    password = password_field(_("The company's password for protected pages"))
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    group = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    sent = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_group(self) -> str:
        group = str(self.cleaned_data["group"])
        return group if group in PAGE_GROUPS else ""


class _TwiceTyped(forms.Form):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password", "") != cleaned.get("password_again", ""):
            self.add_error("password_again", _("This is not the same as above."))
        return cleaned


class ResetPassword(_TwiceTyped):
    """A new password, by a mailed link."""

    password = password_field(_("New password for protected pages"), is_new=True)
    password_again = password_field(_("New password once more"), is_new=True)


class ChangeProtection(_TwiceTyped):
    """What is protected, for how long, and the password: the first one, or another one with the old."""

    groups = forms.MultipleChoiceField(required=False, label=_("Ask for the password before"))
    minutes = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_MINUTES,
        label=_("Minutes it stays open"),
        help_text=_("Counted from when the password was typed, in one browser."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    password = password_field("", is_new=True)
    password_again = password_field("", is_new=True)
    old_password = password_field(
        _("The password for protected pages until now"),
        _("Nothing here is changed without it."),
    )

    def __init__(self, *args: Any, protection: Protection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_old = protection is not None
        groups = self.fields["groups"]
        assert isinstance(groups, forms.MultipleChoiceField)
        groups.choices = [(group.name, group.label) for group in offered_groups()]
        if protection is None:
            del self.fields["old_password"]
        self._word_new()

    def _word_new(self) -> None:
        password, again = self.fields["password"], self.fields["password_again"]
        password.required = again.required = not self.has_old
        password.label = _("Another password") if self.has_old else _("Password")
        password.help_text = (
            _("Leave empty to keep it.")
            if self.has_old
            else _("At least 10 characters, and not one that somebody logs in with.")
        )
        again.label = _("The same once more")

    @property
    def picks(self) -> list[tuple[str, Any, Any, bool]]:
        """Return each group as name, label, text and whether it is ticked."""
        ticked = self["groups"].value() or []
        return [
            (each.name, each.label, each.text, each.name in ticked) for each in offered_groups()
        ]
