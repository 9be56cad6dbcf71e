"""What people decide on the pages of this room. Every deciding form carries a one-time key."""

import uuid
from typing import Any

from django import forms
from django.db.models import TextChoices

from common.words import _
from plugins import registry
from plugins.errors import Rejected
from vending.models import TokenOrder


class Answer(TextChoices):
    """What a person says about an order of which we do not know whether it was bought."""

    FOUND = "found", _("The purchase is there")
    ANEW = "anew", _("There is no purchase: order it again")
    BACK = "back", _("There is no purchase: keep the money as credit")


class DecideDoubt(forms.Form):
    """The first step: nothing happens yet."""

    answer = forms.ChoiceField(choices=Answer.choices)
    token = forms.CharField(required=False, max_length=60, label=_("Token"))

    def __init__(self, *args: Any, order: TokenOrder | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == Answer.FOUND:
            cleaned["token"] = self._readable(cleaned.get("token", ""))
        return cleaned

    def _readable(self, token: str) -> str:
        if not token:
            self.add_error("token", _("Type the token that the portal shows."))
            return ""
        if self.order is None:
            return token
        try:
            return registry.manufacturer(self.order.device.manufacturer).check_token(token)
        except Rejected as refusal:
            self.add_error("token", refusal.reason)
        except registry.UnknownPlugin:
            pass
        return token


class OneTimeForm(forms.Form):
    """A form whose second sending changes nothing."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ReasonForm(OneTimeForm):
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("Stands on the payment for whoever looks later."),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )


class SettleDoubt(ReasonForm):
    """The second step: what was summed up, with a reason."""

    answer = forms.ChoiceField(choices=Answer.choices, widget=forms.HiddenInput)
    token = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    field_order = ("answer", "token", "key", "reason")


class AssignPayment(ReasonForm):
    device = forms.UUIDField(
        error_messages={"required": _("Choose the device that this money was meant for.")}
    )
    field_order = ("device", "reason", "key")


class CloseConflict(forms.Form):
    note = forms.CharField(
        label=_("What you found out"),
        help_text=_("Stands on the payment for whoever looks later."),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )
