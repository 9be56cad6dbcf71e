"""How templates write money, quantities, people and times."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.utils import translation

from common.badges import Badge, Tone

NBSP = "\u00a0"
NOW = dt.datetime(2026, 11, 23, 11, 2, 7, tzinfo=dt.UTC)  # 14:02:07 in Dar es Salaam


def shown(text, **context):
    return Template(text).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("10000.0000"), f"TZS{NBSP}10,000"),
        (Decimal("8.23"), f"TZS{NBSP}8.23"),
        (Decimal("8.2000"), f"TZS{NBSP}8.20"),
        (Decimal("1250000000"), f"TZS{NBSP}1,250,000,000"),
        (Decimal("-3500"), f"TZS{NBSP}\u22123,500"),
        (None, "–"),
    ],
)
def test_money_has_its_code_and_decimals_only_where_there_are_some(jua, amount, text):
    assert shown("{{ a|money }}", a=amount) == text


def test_an_amount_alone_is_for_tables_whose_head_has_the_code(jua):
    assert shown("{{ a|amount }}", a=Decimal("1284500")) == "1,284,500"


def test_a_currency_that_is_used_with_decimals_always_shows_them(jua):
    jua.currency = "USD"
    assert shown("{{ a|money }}", a=Decimal("10")) == f"USD{NBSP}10.00"


def test_figures_follow_the_language_of_the_page(jua):
    with translation.override("fr"):
        text = shown("{{ a|amount }} {{ q|kwh }}", a=Decimal("10000"), q=Decimal("3.6"))
    assert text == f"10\u202f000 3,6{NBSP}kWh"


@pytest.mark.parametrize(
    ("quantity", "unit", "text"),
    [
        (Decimal("3.6000"), "kwh", f"3.6{NBSP}kWh"),
        (Decimal("12"), "kwh", f"12.0{NBSP}kWh"),
        (Decimal("0.75"), "kwh", f"0.75{NBSP}kWh"),
        (Decimal("9.0000"), "day", f"9{NBSP}days"),
        (Decimal("1"), "day", f"1{NBSP}day"),
    ],
)
def test_a_quantity_has_its_unit_and_is_never_rounded(jua, quantity, unit, text):
    assert shown("{{ q|quantity:u }}", q=quantity, u=unit) == text


def test_a_phone_stands_in_groups_on_one_line(jua):
    assert shown("{{ p|phone }}", p="+255754123456") == (
        '<span class="text-nowrap">+255 754 123 456</span>'
    )
    assert 'href="tel:+255754123456"' in shown("{{ p|phone_link }}", p="+255754123456")


def test_a_phone_that_is_none_is_escaped(jua):
    assert "<b>" not in shown("{{ p|phone }}", p="<b>")


@time_machine.travel(NOW, tick=False)
def test_times_are_those_of_the_company(jua):
    assert shown("{{ t|clock }} {{ t|clock_seconds }}", t=NOW) == "14:02 14:02:07"
    assert shown("{{ t|stamp }}", t=NOW) == (
        '<time datetime="2026-11-23T14:02:07+03:00">14:02:07</time>'
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "today 14:02"),
        (NOW - dt.timedelta(days=1), "yesterday 14:02"),
        # 23:30 in London is the next day in Dar es Salaam.
        (dt.datetime(2026, 11, 21, 23, 30, tzinfo=dt.UTC), "yesterday 02:30"),
        (dt.datetime(2026, 11, 20, 15, 11, tzinfo=dt.UTC), f"20{NBSP}Nov 18:11"),
        (dt.datetime(2025, 3, 2, 9, 0, tzinfo=dt.UTC), f"2{NBSP}Mar{NBSP}2025 12:00"),
        (None, "–"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_lists_say_when_in_words_near_today(jua, moment, text):
    assert shown("{{ t|when }}", t=moment) == text


@time_machine.travel(NOW, tick=False)
def test_days_are_written_never_only_in_digits(jua):
    day = dt.date(2026, 11, 23)
    assert shown("{{ d|day }}|{{ d|long_day }}|{{ d|full_day }}|{{ d|month }}", d=day) == (
        f"23{NBSP}Nov|Monday 23 November 2026|23 November 2026|November 2026"
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (dt.timedelta(seconds=17), f"17{NBSP}s"),
        (dt.timedelta(minutes=9, seconds=59), f"9{NBSP}min"),
        (dt.timedelta(hours=1, minutes=35), f"1{NBSP}h 35{NBSP}min"),
        (dt.timedelta(hours=2), f"2{NBSP}h"),
        (dt.timedelta(days=3, hours=5), f"3{NBSP}days"),
        (dt.timedelta(seconds=-4), f"0{NBSP}s"),
    ],
)
def test_spans_have_at_most_two_units(length, text):
    assert shown("{{ s|span }}", s=length) == text


@time_machine.travel(NOW, tick=False)
def test_waiting_counts_until_now():
    assert shown("{{ t|waiting }}", t=NOW - dt.timedelta(minutes=25)) == f"25{NBSP}min"


def test_without_a_company_times_are_utc(public):
    assert shown("{{ t|clock }}", t=NOW) == "11:02"


def test_a_coordinate_has_four_decimals_and_a_true_minus():
    assert shown("{{ c|coordinate }}", c=Decimal("-1.841200")) == "\u22121.8412"


def test_a_language_is_named_in_the_language_of_the_page(jua):
    assert shown("{{ l|language }}", l="sw") == "Swahili"


def test_a_sign_is_decoration():
    text = shown('{% icon "check" %}')
    assert 'aria-hidden="true"' in text
    assert "icons.svg#i-check" in text


def test_a_badge_says_its_state_in_words_with_a_sign():
    text = shown("{% badge b %}", b=Badge(Tone.DOUBT, "Token in doubt"))
    assert 'class="state doubt"' in text
    assert "#i-ask" in text
    assert "Token in doubt" in text
    assert shown("{% badge b %}", b=None).strip() == ""


def test_a_badge_of_what_is_done_is_bare():
    assert 'class="state good bare"' in shown(
        "{% badge b %}", b=Badge(Tone.GOOD, "x", is_bare=True)
    )


def test_a_track_has_four_bars_and_is_hidden_from_screen_readers():
    text = shown("{% track t %}", t=(Tone.GOOD, Tone.GOOD, Tone.BUSY, Tone.NONE))
    assert text.count("<i") == 4
    assert '<i class="busy"></i><i></i>' in text
    assert 'aria-hidden="true"' in text


class Meter(forms.Form):
    serial = forms.CharField(
        help_text="11 digits", widget=forms.TextInput({"placeholder": "a number"})
    )


def test_a_field_is_tied_to_its_help_and_its_errors():
    form = Meter({"serial": ""})
    text = shown('{% include "components/_form.html" %}', form=form)
    assert 'aria-describedby="id_serial_help id_serial_error"' in text
    assert 'aria-invalid="true"' in text
    assert 'id="id_serial_error"' in text
    assert 'href="#id_serial"' in text
    assert "placeholder" not in text


def test_filters_carry_the_rest_of_the_address_but_not_the_page():
    class Filter(forms.Form):
        state = forms.CharField()

    params = {"state": "x", "after": "50", "q": '"><b>'}
    text = shown("{% hidden_fields p f %}", p=params, f=Filter())
    assert "after" not in text
    assert "state" not in text
    assert "<b>" not in text
    assert 'name="q"' in text
