"""What people enter about statements."""

import datetime as dt
import uuid
from typing import Any

from django import forms

from common.sheets import MAX_BYTES
from common.words import _
from payments.statements.layouts import Field, Layout, Sample, kinds_of
from payments.statements.values import YEARS, DateOrder, DecimalStyle
from plugins.models import Connection

LABELS = {
    Field.REFERENCE: _("Reference"),
    Field.RECEIPT: _("Receipt, where it is another number"),
    Field.AMOUNT: _("Amount, or what came in"),
    Field.DEBIT: _("What went out"),
    Field.DATE: _("Date"),
    Field.TIME: _("Time, where it has a column of its own"),
    Field.ACCOUNT: _("Device or account"),
    Field.PHONE: _("Payer's phone"),
    Field.NAME: _("Payer's name"),
    Field.KIND: _("Kind of row"),
    Field.STATUS: _("Status of row"),
}
NEEDED = (Field.REFERENCE, Field.AMOUNT, Field.DATE)
ORDERS = [
    (DateOrder.DMY, _("Day, month, year: 31.12.2026")),
    (DateOrder.MDY, _("Month, day, year: 12/31/2026")),
    (DateOrder.YMD, _("Year, month, day: 2026-12-31")),
]
STYLES = [
    (DecimalStyle.POINT, _("A point: 1,234.50")),
    (DecimalStyle.COMMA, _("A comma: 1.234,50 or 1 234,50")),
]


class UploadStatement(forms.Form):
    connection = forms.ChoiceField(label=_("Operator"))
    file = forms.FileField(
        label=_("Statement"),
        help_text=_("CSV or Excel (.xlsx), at most 10 MB, as the operator's portal gives it."),
    )
    since = forms.DateField(
        label=_("Covers from"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label=_("Covers to"),
        help_text=_("Left empty, it covers what lies between its first and its last row."),
        required=False,
        widget=forms.DateInput({"type": "date"}),
    )

    def __init__(self, *args: Any, connections: list[Connection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = {each.plugin: each for each in connections}
        choices = [(each.plugin, each.label) for each in connections]
        self.fields["connection"].choices = choices  # type: ignore[attr-defined]

    def clean_connection(self) -> Connection:
        return self.connections[self.cleaned_data["connection"]]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Upload it in parts."))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if bool(since) != bool(until):
            self.add_error("until", _("Give both days, or none."))
        elif since and until and not dt.timedelta(0) <= until - since <= dt.timedelta(days=400):
            self.add_error("until", _("The last day is not after the first, or over a year later."))
        elif since and since.year not in YEARS:
            self.add_error("since", _("The year cannot be right."))
        return cleaned


class ChooseColumns(forms.Form):
    """Which column is which, and which rows count. Choices are what this file holds."""

    order = forms.ChoiceField(label=_("Dates are written"), choices=ORDERS)
    style = forms.ChoiceField(label=_("Decimals are parted by"), choices=STYLES)

    def __init__(self, *args: Any, sample: Sample, layout: Layout, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sample, self.layout = sample, layout
        headings = [(heading, heading) for heading in sample.head.headings]
        for name in Field:
            is_needed = name in NEEDED
            first = "" if is_needed else _("– none –")
            self.fields[name] = forms.ChoiceField(
                label=LABELS[name],
                choices=[("", first), *headings],
                required=is_needed,
                initial=layout.columns.get(name, ""),
            )
        self.fields["order"].initial = layout.order
        self.fields["style"].initial = layout.style
        self._add_rows("kinds", Field.KIND, _("Kinds that are payments"), layout.kinds)
        self._add_rows("statuses", Field.STATUS, _("Statuses that are payments"), layout.statuses)
        self.order_fields([*Field, "order", "style", "kinds", "statuses"])

    def _add_rows(self, name: str, column: Field, label: Any, counting: frozenset[str]) -> None:
        heading = self.layout.columns.get(column, "")
        found = kinds_of(self.sample, self.layout, column) if heading else []
        if found:
            self.fields[name] = forms.MultipleChoiceField(
                label=label,
                choices=[(each, each or _("(empty)")) for each in found],
                widget=forms.CheckboxSelectMultiple,
                initial=[each for each in found if each in counting],
                required=False,
            )
            # For which column these boxes were shown: of another one they say nothing.
            self.fields[f"{name}_of"] = forms.CharField(
                widget=forms.HiddenInput, initial=heading, required=False
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = [cleaned.get(name) for name in Field if cleaned.get(name)]
        doubles = {heading for heading in chosen if chosen.count(heading) > 1}
        if doubles - {cleaned.get(Field.RECEIPT)}:
            message = _("“%(heading)s” is chosen twice.") % {
                "heading": sorted(map(str, doubles))[0]
            }
            self.add_error(None, message)
        return cleaned

    def chosen(self) -> Layout:
        """Return the layout of a valid form; rows of a column that is new have nothing chosen yet."""
        columns = {name: self.cleaned_data[name] for name in Field if self.cleaned_data.get(name)}
        kinds, other_kinds = self._rows("kinds", columns.get(Field.KIND))
        statuses, other_statuses = self._rows("statuses", columns.get(Field.STATUS))
        return Layout(
            columns=columns,
            kinds=kinds,
            other_kinds=other_kinds,
            statuses=statuses,
            other_statuses=other_statuses,
            order=DateOrder(self.cleaned_data["order"]),
            style=DecimalStyle(self.cleaned_data["style"]),
        )

    def is_settled(self) -> bool:
        """Whether the rows that count were chosen among those of the columns that are chosen now."""
        return all(
            self.cleaned_data.get(f"{name}_of", "") == (self.cleaned_data.get(column) or "")
            for name, column in (("kinds", Field.KIND), ("statuses", Field.STATUS))
            if self._has_rows(column)
        )

    def _has_rows(self, column: Field) -> bool:
        heading = self.cleaned_data.get(column)
        layout = Layout({column: heading} if heading else {})
        return bool(heading and kinds_of(self.sample, layout, column))

    def _rows(self, name: str, heading: str | None) -> tuple[frozenset[str], frozenset[str]]:
        field = self.fields.get(name)
        if field is None or self.cleaned_data.get(f"{name}_of") != heading:
            return frozenset(), frozenset()
        counting = frozenset(self.cleaned_data[name])
        known = {value for value, _label in field.choices}  # type: ignore[attr-defined]
        return counting, frozenset(known - counting)


class OneTime(forms.Form):
    """A form whose second sending changes nothing."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class RecordLine(OneTime):
    line = forms.IntegerField(min_value=1, max_value=2**62)


class FlagLine(forms.Form):
    reason = forms.CharField(
        label=_("What to look into"),
        help_text=_("Stands in the inbox for whoever takes it up."),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )


class CloseLine(forms.Form):
    note = forms.CharField(
        label=_("What you found out"),
        help_text=_("Stands on the row for whoever looks later."),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )
