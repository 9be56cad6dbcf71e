"""What admins choose about their company's money."""

from decimal import Decimal
from typing import Any

from django import forms

from common.errors import DomainError
from common.money import parse_amount
from common.words import _
from tenants.models import Company


class MoneySettings(forms.Form):
    """The choices that payments and refunds follow, filled in with what holds now."""

    approval_limit = forms.CharField(
        label=_("A second person approves refunds and reversals above"),
        help_text=_("An amount. 0: always. Empty: never."),
        max_length=30,
        required=False,
    )
    debt_order = forms.ChoiceField(
        label=_("A payment clears first"),
        choices=Company.DebtOrder.choices,
        widget=forms.RadioSelect,
    )
    debt_share_percent = forms.IntegerField(
        label=_("At most this part of a payment goes to old debts, in per cent"),
        help_text=_("The rest buys energy or days. 100: debts come first in full."),
        min_value=0,
        max_value=100,
    )
    unpaid_fee_limit = forms.IntegerField(
        label=_("No more access fees fall due after so many unpaid ones"),
        help_text=_("So that absence never becomes a wall. Usual is 3."),
        min_value=0,
        max_value=100,
    )

    free_kwh_limit = forms.DecimalField(
        label=_("A token without payment is for at most so many kWh"),
        help_text=_("0: none is given for meters."),
        min_value=0,
        max_value=1000,
        decimal_places=1,
        max_digits=6,
    )
    free_days_limit = forms.IntegerField(
        label=_("A code without payment is for at most so many days"),
        help_text=_("0: none is given for kits."),
        min_value=0,
        max_value=1000,
    )
    free_tokens_per_day = forms.IntegerField(
        label=_("At most so many tokens and codes without payment on one day"),
        help_text=_("All devices of the company together, unlocking and clearing too."),
        min_value=0,
        max_value=1000,
    )

    def __init__(self, data: Any, *, company: Company) -> None:
        self.currency = company.currency
        initial = {name: getattr(company, name) for name in self.base_fields}
        limit = company.approval_limit
        initial["approval_limit"] = "" if limit is None else f"{limit.normalize():f}"
        initial["free_kwh_limit"] = f"{company.free_kwh_limit.normalize():f}"
        super().__init__(data, initial=initial)
        self.fields["approval_limit"].widget.attrs["inputmode"] = "decimal"

    def clean_approval_limit(self) -> Decimal | None:
        text = self.cleaned_data["approval_limit"]
        if not text:
            return None
        try:
            return parse_amount(text, self.currency)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None
