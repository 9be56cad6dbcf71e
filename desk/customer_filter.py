"""What people may ask the list of customers, and which columns they want to see of it."""

from django import forms
from django.db.models import TextChoices
from django.http import HttpRequest, QueryDict

from common.filters import ListFilter
from common.words import _
from customers.models import ConnectionType
from customers.selectors import Sort, Standing
from desk.customer_list import ACTIVE_DAYS, ListSort, Paid
from devices.models import Device
from locations.models import MiniGrid
from locations.selectors import village_choices

ALL = ("", _("All"))
ANY_DAY = {"type": "date"}
MOST_DAYS = 3_650


class CustomerFilter(ListFilter):
    """The first four stand in a row, the others below it, under "More filters"."""

    village = forms.ChoiceField(label=_("Village"))
    paid = forms.ChoiceField(label=_("Active"), choices=[ALL, *Paid.choices])
    owes = forms.ChoiceField(
        label=_("Owes"), choices=[ALL, ("yes", _("Owes something")), ("no", _("Owes nothing"))]
    )
    sort = forms.ChoiceField(label=_("Sort by"), choices=[*Sort.choices, *ListSort.choices])
    grid = forms.ChoiceField(label=_("Mini-grid"))
    cluster = forms.ChoiceField(label=_("Cluster"))
    device = forms.ChoiceField(label=_("Has a"), choices=[ALL, *Device.Kind.choices])
    kind = forms.ChoiceField(label=_("Kind of use"))
    since = forms.DateField(label=_("Registered from"), widget=forms.DateInput(ANY_DAY))
    until = forms.DateField(label=_("Registered to"), widget=forms.DateInput(ANY_DAY))
    paid_since = forms.DateField(label=_("Last payment from"), widget=forms.DateInput(ANY_DAY))
    paid_until = forms.DateField(label=_("Last payment to"), widget=forms.DateInput(ANY_DAY))
    days = forms.IntegerField(
        label=_("Active: paid within, days"),
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.NumberInput({"placeholder": ""}),
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Not archived")), *Standing.choices]
    )
    MAIN = ("village", "paid", "owes", "sort")

    def __init__(self, params: QueryDict) -> None:
        super().__init__(params)
        self._offer("village", village_choices())
        grids = list(MiniGrid.objects.select_related("cluster").order_by("name", "cluster__name"))
        clusters = {(str(each.cluster.public_id), each.cluster.name) for each in grids}
        self._offer_some("grid", [(str(each.public_id), each.name) for each in grids])
        self._offer_some("cluster", sorted(clusters, key=lambda each: each[1]))
        kinds = ConnectionType.objects.order_by("name")
        self._offer_some("kind", [(str(each.pk), each.name) for each in kinds], least=1)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = [ALL, *choices]  # type: ignore[attr-defined]

    def _offer_some(self, name: str, choices: list[tuple[str, str]], least: int = 2) -> None:
        """Offer a choice only where there is one."""
        if len(choices) < least:
            del self.fields[name]
        else:
            self._offer(name, choices)

    @property
    def main(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MAIN]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.MAIN]

    @property
    def is_more_open(self) -> bool:
        asked = self.asked()
        return any(field.name in asked for field in self.more)

    @property
    def active_days(self) -> int:
        """How many days back a payment makes somebody active, as the page says it."""
        days: int = self.asked().get("days") or ACTIVE_DAYS
        return days


class ShownColumn(TextChoices):
    """Columns beside the customer's name. The first four are shown until somebody chooses."""

    VILLAGE = "village", _("Village")
    DEVICES = "devices", _("Devices")
    OWES = "owes", _("Owes")
    LAST_PAID = "last_paid", _("Last payment")
    GRID = "grid", _("Mini-grid")
    CLUSTER = "cluster", _("Cluster")
    KIND = "kind", _("Kind of use")
    SINCE = "since", _("Customer since")
    LANGUAGE = "language", _("Language")


COOKIE = "customer_columns"
COOKIE_SECONDS = 366 * 24 * 3600
USUAL = tuple(ShownColumn)[:4]


class ChooseColumns(forms.Form):
    """Which columns this browser shows; none chosen is as at first."""

    columns = forms.MultipleChoiceField(choices=ShownColumn.choices, required=False)
    back = forms.CharField(required=False, max_length=2_000)

    def chosen(self) -> str:
        """Return the choice as the cookie keeps it."""
        return ".".join(self.cleaned_data["columns"])


def columns_of(request: HttpRequest) -> list[ShownColumn]:
    """Return the columns that this browser chose, in our order."""
    kept = request.COOKIES.get(COOKIE, "").split(".")
    return [each for each in ShownColumn if each in kept] or list(USUAL)
