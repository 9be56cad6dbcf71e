"""What people ask of SMS."""

from django import forms

from common.filters import ListFilter
from common.words import _
from messaging.selectors import Group


class MessageFilter(ListFilter):
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *Group.choices])


class ResendMessage(forms.Form):
    phone = forms.CharField(
        label=_("Another number"),
        help_text=_("Leave empty to send it to the same number again."),
        required=False,
        max_length=30,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )
