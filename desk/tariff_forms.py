"""Forms of tariffs: prices with their components and hours, and a purchase to try them on."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone

from common.clock import midnight, today_in
from common.words import _
from desk.tariff_samples import Sample
from devices.models import PriceBand, Tariff, TariffVersion
from devices.prices import MOST_BANDS, Prices
from devices.pricing import Band

EMPTY_ROWS = 2
MOST_COMPONENTS = 12


class NumberField(forms.DecimalField):
    """A number as people type it: digits, at most one point, four decimals."""

    widget = forms.TextInput

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        options = {"max_digits": 14, "decimal_places": 4, "min_value": Decimal(0), **kwargs}
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "decimal"

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class Component(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    price = NumberField(label=_("Price per kWh"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("name")) != (cleaned.get("price") is not None) and not self.errors:
            raise forms.ValidationError(_("A price component needs a name and a price."))
        return cleaned


class Hours(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60, required=False)
    begins = forms.TimeField(label=_("From"), required=False, widget=TimeInput)
    ends = forms.TimeField(label=_("Until"), required=False, widget=TimeInput)
    days = forms.ChoiceField(label=_("Days"), choices=PriceBand.Days.choices, required=False)
    percent = NumberField(label=_("% of the price"), required=False, decimal_places=2)
    price = NumberField(label=_("or price per kWh"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors or not self.is_filled(cleaned):
            return cleaned
        if not cleaned.get("name") or cleaned.get("begins") is None or cleaned.get("ends") is None:
            raise forms.ValidationError(_("Hours need a name, a beginning and an end."))
        if (cleaned.get("percent") is None) == (cleaned.get("price") is None):
            raise forms.ValidationError(_("Hours need either per cent or a price of their own."))
        return cleaned

    @staticmethod
    def is_filled(values: Mapping[str, Any]) -> bool:
        names = ("name", "begins", "ends", "percent", "price")
        return any(values.get(name) not in (None, "") for name in names)

    def band(self) -> Band | None:
        """Return what was typed; None for an empty row."""
        got = self.cleaned_data
        if not self.is_filled(got):
            return None
        days = got["days"] or PriceBand.Days.ALL
        return Band(got["name"], got["begins"], got["ends"], days, got["percent"], got["price"])


Components = formset_factory(Component, extra=EMPTY_ROWS, max_num=MOST_COMPONENTS)
BandRows = formset_factory(Hours, extra=EMPTY_ROWS, max_num=MOST_BANDS)


class PricesForm(forms.Form):
    """One version of a tariff. ``prices()`` returns it; ``begins()`` when it starts to hold."""

    price_per_kwh = NumberField(
        label=_("Price per kWh"), required=False, help_text=_("Of meters. VAT is included.")
    )
    price_per_day = NumberField(
        label=_("Price per day"),
        required=False,
        help_text=_("Of kits that are rented: money buys whole days."),
    )
    vat_percent = NumberField(
        label=_("VAT included in all prices, in per cent"),
        required=False,
        decimal_places=2,
        max_value=Decimal(100),
    )
    minimum_purchase = NumberField(
        label=_("Least payment"),
        required=False,
        help_text=_("Compared with what is paid, not with what debts leave of it."),
    )
    access_fee = NumberField(
        label=_("Access fee"),
        required=False,
        help_text=_("Falls due again and again, whether energy is bought or not."),
    )
    access_fee_days = forms.IntegerField(
        label=_("for so many days"),
        required=False,
        min_value=1,
        max_value=3660,
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    allowance_kwh = NumberField(
        label=_("First kWh of each month"),
        required=False,
        help_text=_("Sold at a lower price, once in a calendar month."),
    )
    allowance_price = NumberField(label=_("at this price per kWh"), required=False)
    allowance_per = forms.ChoiceField(
        label=_("for"), required=False, choices=TariffVersion.AllowancePer.choices
    )
    starts_on = forms.DateField(
        label=_("These prices hold from"),
        required=False,
        widget=DateInput,
        help_text=_("From midnight of that day. Empty: at once."),
    )

    def __init__(self, data: Any, *, zone: str, prices: Prices | None = None) -> None:
        self.zone, self.is_told = zone, False
        super().__init__(data, initial=_initial(prices) if prices else {})
        rows = [
            {"name": name, "price": price}
            for name, price in (prices.components.items() if prices else ())
        ]
        self.components: BaseFormSet[Component] = Components(
            data, prefix="components", initial=rows
        )
        bands = [_row(band) for band in (prices.bands if prices else ())]
        self.bands: BaseFormSet[Hours] = BandRows(data, prefix="hours", initial=bands)

    def is_valid(self) -> bool:
        whole = [super().is_valid(), self.components.is_valid(), self.bands.is_valid()]
        if self.is_bound and not self.is_told:
            self.is_told = True
            self._tell(self.components, _("Price components"))
            self._tell(self.bands, _("Hours"))
        return all(whole)

    def _tell(self, rows: "BaseFormSet[Any]", what: Any) -> None:
        """Say above the form what is wrong with its rows."""
        for number, row in enumerate(rows.forms, start=1):
            for text in (text for texts in row.errors.values() for text in texts):
                facts = {"what": what, "number": number, "text": text}
                self.add_error(None, _("%(what)s, row %(number)s: %(text)s") % facts)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day = cleaned.get("starts_on")
        if day and day <= today_in(self.zone, timezone.now()):
            self.add_error("starts_on", _("Choose a day after today, or leave it empty."))
        return cleaned

    def prices(self) -> Prices:
        """Return what was typed, not yet checked by ``check_prices``."""
        got = self.cleaned_data
        components = [form.cleaned_data for form in self.components]
        bands = [form.band() for form in self.bands]
        return Prices(
            price_per_kwh=got["price_per_kwh"],
            price_per_day=got["price_per_day"],
            access_fee=got["access_fee"] or Decimal(0),
            access_fee_days=got["access_fee_days"] or 0,
            minimum_purchase=got["minimum_purchase"] or Decimal(0),
            vat_percent=got["vat_percent"] or Decimal(0),
            components={row["name"]: row["price"] for row in components if row.get("name")},
            bands=[band for band in bands if band is not None],
            allowance_kwh=got["allowance_kwh"] or Decimal(0),
            allowance_price=got["allowance_price"],
            allowance_per=got["allowance_per"] or TariffVersion.AllowancePer.DEVICE,
        )

    def begins(self, now: dt.datetime) -> dt.datetime:
        """Return from when the prices hold: midnight of the company's day, or now."""
        day: dt.date | None = self.cleaned_data["starts_on"]
        return midnight(day, self.zone) if day else now


class TariffName(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)


class SampleForm(forms.Form):
    """A purchase to try prices on; nonsense is as if it had not been asked."""

    amount = NumberField(label=_("Somebody pays"), required=False)
    at = forms.DateTimeField(
        label=_("at"),
        required=False,
        widget=MomentInput,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )
    used = NumberField(label=_("kWh of the allowance used this month"), required=False)

    def __init__(self, data: Any, *, zone: str, now: dt.datetime) -> None:
        self.fallback = Sample(Decimal(5000), _local(now, zone), Decimal(0))
        initial = {"amount": self.fallback.amount, "at": self.fallback.local, "used": Decimal(0)}
        super().__init__(data, initial=initial, prefix="sample")

    def sample(self) -> Sample:
        """Return what was asked, with what was not asked as it usually is."""
        self.is_valid()
        got = getattr(self, "cleaned_data", {})
        at: dt.datetime | None = got.get("at")
        amount: Decimal | None = got.get("amount")
        return Sample(
            amount=self.fallback.amount if amount is None else amount,
            local=at.replace(tzinfo=None) if at else self.fallback.local,
            used=got.get("used") or Decimal(0),
        )


class ChooseTariff(forms.Form):
    """Which tariff devices are moved to."""

    to = forms.ChoiceField(label=_("Move to"))

    def __init__(self, data: Any = None, *, others: list[Tariff]) -> None:
        super().__init__(data)
        choices = [(str(each.public_id), each.name) for each in others]
        self.fields["to"].choices = [("", _("Choose a tariff")), *choices]  # type: ignore[attr-defined]


def _initial(prices: Prices) -> dict[str, Any]:
    names = (
        "price_per_kwh", "price_per_day", "vat_percent", "minimum_purchase", "access_fee",
        "access_fee_days", "allowance_kwh", "allowance_price", "allowance_per",
    )  # fmt: skip
    return {name: getattr(prices, name) or "" for name in names}


def _row(band: Band) -> dict[str, Any]:
    return {
        "name": band.name,
        "begins": band.begins,
        "ends": band.ends,
        "days": band.days,
        "percent": band.percent,
        "price": band.price,
    }


def _local(now: dt.datetime, zone: str) -> dt.datetime:
    from zoneinfo import ZoneInfo

    return now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)
