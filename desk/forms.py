"""What people decide on the pages of this room. Every deciding form carries a one-time key."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import TextChoices

from common.errors import DomainError
from common.money import parse_amount
from common.words import _
from desk.refunding import Offer
from payments.models import Correction
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


class AskRefund(ReasonForm):
    """How much goes back, from where, and by whom. ``offers`` are the places that have money."""

    source = forms.ChoiceField(label=_("From where"), widget=forms.RadioSelect)
    amount = forms.CharField(label=_("Amount"), max_length=30)
    pay_by = forms.ChoiceField(
        label=_("How it goes back"), choices=Correction.PayBy.choices, widget=forms.RadioSelect
    )
    field_order = ("source", "amount", "pay_by", "reason", "key")

    def __init__(
        self, *args: Any, offers: Sequence[Offer], currency: str, operator: str = "", **kwargs: Any
    ) -> None:
        """:param operator: the name of the operator that can send it back by a call, or empty"""
        super().__init__(*args, **kwargs)
        self.offers, self.currency = {offer.key: offer for offer in offers}, currency
        source, pay_by, amount = self.fields["source"], self.fields["pay_by"], self.fields["amount"]
        source.choices = [(offer.key, offer.label) for offer in offers]  # type: ignore[attr-defined]
        if len(offers) == 1:
            source.widget, source.initial = forms.HiddenInput(), offers[0].key
            amount.initial = f"{offers[0].most.normalize():f}"
            if offers[0].source.is_whole:
                amount.widget = forms.HiddenInput()
        amount.widget.attrs["inputmode"] = "decimal"
        if operator:
            by_operator = _("%(operator)s sends it back automatically") % {"operator": operator}
            pay_by.choices = [  # type: ignore[attr-defined]
                (Correction.PayBy.OPERATOR, by_operator),
                (Correction.PayBy.HAND, _("By hand: somebody sends it and notes the reference")),
            ]
            pay_by.initial = Correction.PayBy.OPERATOR
        else:
            pay_by.widget, pay_by.initial = forms.HiddenInput(), Correction.PayBy.HAND

    def clean_amount(self) -> Decimal:
        try:
            return parse_amount(self.cleaned_data["amount"], self.currency)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None

    @property
    def offer(self) -> Offer:
        """The chosen place, once the form is valid."""
        return self.offers[self.cleaned_data["source"]]


class AskReversal(ReasonForm):
    as_loss = forms.TypedChoiceField(
        label=_("What was spent of it"),
        choices=[
            ("loss", _("is our loss")),
            ("owed", _("is owed by the customer from now on")),
        ],
        coerce=lambda value: value == "loss",
        widget=forms.RadioSelect,
        initial="loss",
    )
    field_order = ("as_loss", "reason", "key")


class DecideCorrection(OneTimeForm):
    answer = forms.ChoiceField(choices=[("approve", _("Approve")), ("decline", _("Decline"))])
    note = forms.CharField(
        label=_("Why not, if you decline"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == "decline" and not cleaned.get("note"):
            self.add_error("note", _("Say why you decline."))
        return cleaned


class PayOut(OneTimeForm):
    """A person gave the money back: from which account, and under which number."""

    paid_from = forms.ChoiceField(label=_("It went from"), widget=forms.RadioSelect)
    reference = forms.CharField(
        label=_("Reference"),
        help_text=_("The number of the transfer. For cash, that of the receipt, if there is one."),
        max_length=64,
        required=False,
    )
    field_order = ("paid_from", "reference", "key")

    def __init__(self, *args: Any, operator: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = _("our account with %(operator)s") % {"operator": operator}
        choices = [(Correction.PaidFrom.OPERATOR, account)] if operator else []
        choices.append((Correction.PaidFrom.CASH, str(_("the cash desk"))))
        choices.append((Correction.PaidFrom.BANK, str(_("the bank account"))))
        self.fields["paid_from"].choices = choices  # type: ignore[attr-defined]


class SettlePayout(ReasonForm):
    """What the operator's portal says about a refund in doubt."""

    went = forms.TypedChoiceField(
        label=_("What does the operator's portal show?"),
        choices=[
            ("yes", _("It went back to the payer")),
            ("no", _("It did not go: it is to be paid out again")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reference = forms.CharField(label=_("Reference, if it went"), max_length=64, required=False)
    field_order = ("went", "reference", "reason", "key")
