"""Template tags and filters of the house, loaded in every template.

Money, times and numbers are written in the currency and time zone of the company whose schema
is open and in the language of the page. On the public host, without a company, the zone is UTC.
"""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db import connection
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common import formats
from common.badges import Badge, Tone
from common.phone import display_phone

register = template.Library()
DASH = "–"


def _of_company(name: str, default: str) -> str:
    return str(getattr(getattr(connection, "tenant", None), name, "") or default)


def _zone() -> str:
    return _of_company("timezone", "UTC")


def _currency() -> str:
    return _of_company("currency", "XXX")


def _language() -> str:
    return translation.get_language() or "en"


def _today() -> dt.date:
    return timezone.now().astimezone(ZoneInfo(_zone())).date()


def _local_day(value: dt.date | dt.datetime) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.astimezone(ZoneInfo(_zone())).date()
    return value


# --- signs ----------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a sign of ``static/icons.svg``; it is decoration, the word beside it is what is read."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#i-{}"/></svg>', static("icons.svg"), name
    )


@register.inclusion_tag("components/_badge.html", name="badge")
def badge_tag(badge: Badge | None) -> dict[str, Any]:
    """Show a state; nothing for None."""
    return {"badge": badge}


@register.inclusion_tag("components/_track.html", name="track")
def track_tag(tones: Any) -> dict[str, Any]:
    """Show the four short bars of a payment: money in, settled, token, SMS."""
    return {"tones": [str(Tone(tone)) for tone in tones]}


# --- money and quantities -------------------------------------------------------------------------


@register.filter
def money(amount: Decimal | None) -> str:
    """``TZS 10,000``"""
    return DASH if amount is None else formats.money(Decimal(amount), _currency(), _language())


@register.filter
def amount(value: Decimal | None) -> str:
    """``10,000``, for tables whose head has the code."""
    return DASH if value is None else formats.plain_amount(Decimal(value), _currency(), _language())


@register.filter
def price(value: Decimal | None) -> str:
    """``TZS 297.9718``: what one kWh or day costs, not rounded to the currency."""
    return DASH if value is None else formats.price(Decimal(value), _currency(), _language())


@register.filter
def kwh(quantity: Decimal | None) -> str:
    """``3.6 kWh``"""
    return DASH if quantity is None else formats.kwh(Decimal(quantity), _language())


@register.filter
def plain_kwh(quantity: Decimal | None) -> str:
    """``3.6``, for figures that write the unit beside."""
    return DASH if quantity is None else formats.plain_kwh(Decimal(quantity), _language())


@register.filter
def days(count: Decimal | int | None) -> str:
    """``9 days``"""
    return DASH if count is None else formats.days(count, _language())


@register.filter
def quantity(value: Decimal | None, unit: str) -> str:
    """``{{ order.quantity|quantity:order.unit }}``: ``3.6 kWh`` or ``9 days``."""
    return DASH if value is None else formats.quantity(Decimal(value), unit, _language())


@register.filter
def number(value: Decimal | int | None) -> str:
    """``4,318``"""
    return DASH if value is None else formats.number(value, _language())


@register.filter
def coordinate(value: Decimal | None) -> str:
    """Degrees with four decimals."""
    if value is None:
        return DASH
    return f"{value:.4f}".replace("-", formats.MINUS)


# --- people ---------------------------------------------------------------------------------------


@register.filter
def language(code: str) -> str:
    """The name of a language, in the language of the page: ``Swahili``."""
    name = formats.locale_of(code).get_language_name(_language())
    return str(name or code)


@register.filter
def phone(e164: str) -> str:
    """``+255 754 123 456``, kept on one line."""
    if not e164:
        return ""
    return format_html('<span class="text-nowrap">{}</span>', display_phone(e164))


@register.filter
def phone_link(e164: str) -> str:
    """The phone as a link that dials it."""
    if not e164:
        return ""
    return format_html('<a class="text-nowrap" href="tel:{}">{}</a>', e164, display_phone(e164))


# --- times ----------------------------------------------------------------------------------------


@register.filter
def clock(moment: dt.datetime | None) -> str:
    """``14:02``"""
    return DASH if moment is None else formats.clock(moment, _zone())


@register.filter
def clock_seconds(moment: dt.datetime | None) -> str:
    """``14:02:07``"""
    return DASH if moment is None else formats.clock_seconds(moment, _zone())


@register.filter
def stamp(moment: dt.datetime | None) -> str:
    """``<time datetime="…+03:00">14:02:07</time>``, for a trace."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(_zone()))
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), f"{local:%H:%M:%S}"
    )


@register.filter
def day(value: dt.date | dt.datetime | None) -> str:
    """``23 Nov``, with the year when it is not this one."""
    return DASH if value is None else formats.short_day(_local_day(value), _today(), _language())


@register.filter
def long_day(value: dt.date | dt.datetime | None) -> str:
    """``Monday 23 November 2026``"""
    return DASH if value is None else formats.long_day(_local_day(value), _language())


@register.filter
def full_day(value: dt.date | dt.datetime | None) -> str:
    """``1 January 2027``"""
    return DASH if value is None else formats.full_day(_local_day(value), _language())


@register.filter
def month(value: dt.date | dt.datetime | None) -> str:
    """``March 2025``"""
    return DASH if value is None else formats.month(_local_day(value), _language())


@register.filter
def when(moment: dt.datetime | None) -> str:
    """``today 14:02``, ``yesterday 19:30``, ``20 Nov 18:11``"""
    return DASH if moment is None else formats.when(moment, timezone.now(), _zone(), _language())


@register.filter
def span(length: dt.timedelta | None) -> str:
    """``17 s``, ``9 min``, ``1 h 35 min``, ``3 days``"""
    return DASH if length is None else formats.span(length)


@register.filter
def waiting(since: dt.datetime | None) -> str:
    """How long something has waited until now, as a span."""
    return DASH if since is None else formats.span(timezone.now() - since)


# --- forms ----------------------------------------------------------------------------------------

_LOOKS = {"checkbox": "form-check-input", "select": "form-select", "selectmultiple": "form-select"}


@register.filter
def control(field: BoundField) -> SafeString:
    """Draw a field's input in our look, tied to its help and its errors."""
    described = [f"{field.auto_id}_help"] if field.help_text else []
    classes = [
        _LOOKS.get(field.widget_type, "form-control"),
        field.field.widget.attrs.get("class", ""),
    ]
    # A placeholder is no label: it is gone as soon as somebody types.
    attributes: dict[str, Any] = {"placeholder": False}
    if field.errors:
        described.append(f"{field.auto_id}_error")
        classes.append("is-invalid")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs={**attributes, "class": " ".join(filter(None, classes))})


@register.simple_tag
def hidden_fields(params: Any, form: Any = None) -> SafeString:
    """Carry the address's other values, but not the page, through a form sent with GET."""
    own = {"after", *(field.html_name for field in form or ())}
    return format_html_join(
        "",
        '<input type="hidden" name="{}" value="{}">',
        ((name, value) for name, value in params.items() if value and name not in own),
    )
