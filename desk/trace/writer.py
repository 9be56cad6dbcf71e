"""How a trace writes figures: in the company's currency and zone, in the reader's language."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from common import formats
from common.phone import display_phone
from customers.models import Customer
from payments.words import reason_of
from plugins import registry
from plugins.contracts import Reason
from tenants.models import Company
from vending.models import TokenOrder


@dataclass(frozen=True, slots=True)
class Writer:
    company: Company
    now: dt.datetime

    @property
    def language(self) -> str:
        return translation.get_language() or "en"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.company.timezone)

    def money(self, amount: Decimal) -> str:
        return formats.money(amount, self.company.currency, self.language)

    def written_amount(self, text: str) -> str:
        """Return an amount as an operator wrote it, in our way of writing where it is one."""
        if text.isascii() and text.replace(".", "", 1).isdigit():
            return self.money(Decimal(text))
        return text

    def quantity(self, order: TokenOrder) -> str:
        """Return what was ordered, as it stands in sentences."""
        if order.task == TokenOrder.Task.UNLOCK:
            return _("the unlock code")
        if order.task == TokenOrder.Task.CLEAR:
            return _("the clearing code")
        return formats.quantity(order.quantity, order.unit, self.language)

    def clock(self, moment: dt.datetime) -> str:
        return formats.clock(moment, self.company.timezone)

    def clock_seconds(self, moment: dt.datetime) -> str:
        return formats.clock_seconds(moment, self.company.timezone)

    def when(self, moment: dt.datetime) -> str:
        return formats.when(moment, self.now, self.company.timezone, self.language)

    def day(self, day: dt.date) -> str:
        today = self.now.astimezone(self.zone).date()
        return formats.short_day(day, today, self.language)

    def span(self, length: dt.timedelta) -> str:
        return formats.span(length)

    def person(self, customer: Customer) -> str:
        return customer.name or self.phone(customer.phone)

    def phone(self, phone: str) -> str:
        return display_phone(phone).replace(" ", formats.NBSP)


def maker_name(slug: str) -> str:
    """Return the manufacturer's name, also when its adapter is no longer installed."""
    try:
        return registry.get(slug).label
    except registry.UnknownPlugin:
        return slug


def display_token(order: TokenOrder) -> str:
    """Return the token in the maker's grouping."""
    try:
        return registry.manufacturer(order.device.manufacturer).display_token(order.token)
    except registry.UnknownPlugin:
        return order.token


def sentence(text: str) -> str:
    """Return a text of somebody else with a full stop, so that another sentence may follow."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…”" else f"{text}."


def explain(reason: str) -> str:
    """Return our word to an operator as a sentence for staff; other texts come back as sentences."""
    sentences = {
        Reason.UNKNOWN_DEVICE: _("No device has this number."),
        Reason.NO_CUSTOMER: _("The device belongs to no customer."),
        Reason.ARCHIVED_CUSTOMER: _("The customer of this device is archived."),
        Reason.BAD_AMOUNT: _("The amount cannot be read, or is finer than the currency."),
        Reason.BELOW_MINIMUM: _("The amount is below the minimum purchase."),
        Reason.PLUGIN_OFF: _("The plug-in is switched off."),
        Reason.CONFLICT: _("The reference stands already, with another amount or device."),
        Reason.UNKNOWN_REFERENCE: _("We do not know this reference."),
    }
    return sentences.get(reason_of(reason)) or sentence(reason)
