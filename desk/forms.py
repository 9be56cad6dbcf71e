"""What people decide on the pages of this room. Every deciding form carries a one-time key."""

import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import TextChoices

from appliances.models import Plan
from common.errors import DomainError
from common.money import AmountTooFine, NotAnAmount, parse_amount
from common.words import _
from desk.refunding import Offer
from devices.models import Device
from payments.models import Correction, Payment
from plugins import registry
from plugins.errors import Rejected
from plugins.models import Connection
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
        help_text=_("Kept for whoever looks later."),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )


class SettleDoubt(ReasonForm):
    """The second step: what was summed up, with a reason."""

    answer = forms.ChoiceField(choices=Answer.choices, widget=forms.HiddenInput)
    token = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    field_order = ("answer", "token", "key", "reason")


class AssignPayment(ReasonForm):
    """``to`` names a device or, for money that is kept as credit, a customer: ``device:…``, ``customer:…``."""

    to = forms.RegexField(
        r"\A(device|customer):[0-9a-f-]{36}\Z",
        error_messages={
            "required": _("Choose the device or the customer that this money was meant for.")
        },
    )
    field_order = ("to", "reason", "key")

    def chosen(self) -> tuple[str, str]:
        """Return the kind and the public id of what was chosen."""
        kind, _colon, public_id = self.cleaned_data["to"].partition(":")
        return kind, public_id

    def clean_to(self) -> str:
        to: str = self.cleaned_data["to"]
        try:
            uuid.UUID(to.partition(":")[2])
        except ValueError:
            raise forms.ValidationError(_("This choice cannot be read. Choose again.")) from None
        return to


class DismissPayments(ReasonForm):
    """Which returned payments somebody has seen; all of them are ticked at first."""

    payments = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Tick at least one payment."),
            "invalid_choice": _("One of these was taken off the inbox meanwhile. Look again."),
        },
    )
    field_order = ("payments", "reason", "key")

    def __init__(self, *args: Any, payments: Iterable[Payment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = list(payments)
        choices = [(str(each.public_id), str(each)) for each in self.offered]
        self.fields["payments"].choices = choices  # type: ignore[attr-defined]
        self.initial.setdefault("payments", [value for value, _label in choices])

    def chosen(self) -> list[Payment]:
        """Return the payments that were ticked."""
        ticked = set(self.cleaned_data["payments"])
        return [each for each in self.offered if str(each.public_id) in ticked]


class SpendCredit(ReasonForm):
    """Which device or plan gets how much of a customer's credit."""

    to = forms.ChoiceField(error_messages={"required": _("Choose a device or a plan.")})
    amount = forms.CharField(
        label=_("Amount"), max_length=20, widget=forms.TextInput({"inputmode": "decimal"})
    )
    field_order = ("to", "amount", "reason", "key")

    def __init__(
        self,
        *args: Any,
        devices: Sequence[Device],
        plans: Sequence[Plan],
        currency: str,
        held: Decimal,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.targets: dict[str, Device | Plan] = {
            **{f"device:{each.public_id}": each for each in devices},
            **{f"plan:{each.public_id}": each for each in plans},
        }
        self.currency = currency
        choices = [(value, str(each)) for value, each in self.targets.items()]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.initial.setdefault("to", choices[0][0])
        self.initial.setdefault("amount", f"{held.normalize():f}")

    def clean_amount(self) -> Decimal:
        try:
            return parse_amount(self.cleaned_data["amount"].replace(",", ""), self.currency)
        except (NotAnAmount, AmountTooFine) as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def chosen(self) -> Device | Plan:
        return self.targets[self.cleaned_data["to"]]


class ResendMessage(forms.Form):
    """To the same or another number. The key may be missing: a trace sends again with one button."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)
    phone = forms.CharField(
        label=_("Another number"),
        help_text=_("Leave empty to send it to the same number again."),
        required=False,
        max_length=30,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )
    is_new_phone = forms.BooleanField(
        label=_("This is the customer's number from now on"), required=False
    )
    gateway = forms.ChoiceField(
        label=_("By"), required=False, help_text=_("The other one when the first does not deliver.")
    )

    def __init__(
        self, *args: Any, gateways: Sequence[Connection], may_correct: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.gateways = {each.plugin: each for each in gateways}
        if len(gateways) < 2:
            del self.fields["gateway"]
        else:
            choices = [(each.plugin, each.label) for each in gateways]
            field = self.fields["gateway"]
            field.choices = [("", _("The gateway in use")), *choices]  # type: ignore[attr-defined]
            field.widget.attrs["class"] = "form-select"
        if not may_correct:
            del self.fields["is_new_phone"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("is_new_phone") and not cleaned.get("phone"):
            self.add_error("phone", _("Type the number that is the customer's from now on."))
        return cleaned

    def chosen(self) -> Connection | None:
        """Return the gateway that was chosen; None for the one in use."""
        return self.gateways.get(self.cleaned_data.get("gateway", ""))


class DismissMessage(OneTimeForm):
    """Why an undelivered SMS is left: it was read out by phone, or something else that is said."""

    class How(TextChoices):
        READ_OUT = "read_out", _("I read it out by phone")
        LEAVE = "leave", _("Leave it")

    how = forms.ChoiceField(choices=How.choices, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why it is left"),
        help_text=_("Needed when you leave it; not when you read it out."),
        required=False,
        max_length=300,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("reason"):
            if cleaned.get("how") == self.How.READ_OUT:
                cleaned["reason"] = str(_("Read out by phone"))
            else:
                self.add_error("reason", _("Say why nobody needs this SMS any more."))
        return cleaned


class CloseConflict(OneTimeForm):
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
