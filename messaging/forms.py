"""What people ask of SMS."""

from django import forms

from common.filters import ListFilter
from common.words import _
from messaging.selectors import Group


class MessageFilter(ListFilter):
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *Group.choices])
