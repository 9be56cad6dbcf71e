"""Users as owners and admins manage them, and whoever accepts an invitation."""

from typing import Any

from django import forms

from accounts.models import User
from accounts.services import may_grant
from common.filters import ListFilter
from common.words import _

Role = User.Role
STATES = [("", _("All")), ("on", _("Active")), ("off", _("Switched off"))]
# What each role is for, beside its name where somebody chooses.
FOR_WHOM = {
    Role.USER: _("User: looks after customers, devices and the inbox"),
    Role.FINANCIAL_MANAGER: _("Financial manager: decides about money and reads the books"),
    Role.ADMIN: _("Admin: also prices, plug-ins, users and settings"),
    Role.OWNER: _("Owner: everything, also other owners and the protected pages"),
}


class UserFilter(ListFilter):
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("All")), *Role.choices])
    state = forms.ChoiceField(label=_("State"), choices=STATES)


class RoleForm(forms.Form):
    """A role, out of those that whoever asks may give."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role, text) for role, text in FOR_WHOM.items() if may_grant(actor, role)]


class Invite(RoleForm):
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("The link goes there, and they log in with it."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    field_order = ("email", "role")


class Accept(forms.Form):
    """What an invited person tells about themselves."""

    name = forms.CharField(
        max_length=100,
        label=_("Your name"),
        help_text=_("As colleagues see it beside what you did."),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 10 characters; not your name or e-mail."),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Password once more"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password") != cleaned.get("password_again"):
            self.add_error("password_again", _("This is not the same as above."))
        return cleaned
