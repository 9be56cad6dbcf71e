"""The tariffs that lines name: found, or made with their prices. They are few and remembered."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from accounts.models import User
from common.words import _
from devices.models import Tariff, TariffVersion
from devices.prices import Prices
from devices.tariff_changes import create_tariff
from devices.tariffs import tariff_version_at
from onboarding.cells import PRICE_COLUMNS, NamedPrices, Problem, Row
from onboarding.noting import How, Kind, Notes

TWO_PRICES = _(
    "“%(tariff)s” has %(had)s here already. One tariff has one price: write that, or name another tariff."
)
NO_TARIFF = _("There is no such tariff. Add it first, or write the name of one that is there.")
ARCHIVED_TARIFF = _("The tariff is archived. Write the name of another one.")


class Tariffs:
    """The tariffs of one run."""

    def __init__(
        self,
        tell: Callable[[Problem], None],
        notes: Notes,
        now: dt.datetime,
        actor: User | None,
        columns: tuple[str, ...] = PRICE_COLUMNS,
    ) -> None:
        self._tell, self._notes, self._now, self._actor = tell, notes, now, actor
        self._columns = columns
        self._known: dict[str, tuple[Tariff, Prices]] = {}

    def forget(self) -> None:
        self._known = {}

    def named(self, row: Row, name: str) -> Tariff | None:
        """Return a tariff that is here already, or None after telling that it is not."""
        tariff = self._known[name][0] if name in self._known else None
        tariff = tariff or Tariff.objects.filter(name=name).first()
        if tariff is None or tariff.is_archived:
            sentence = NO_TARIFF if tariff is None else ARCHIVED_TARIFF
            self._tell(Problem(row.line, "tariff", name, str(sentence)))
            return None
        self._known.setdefault(name, (tariff, Prices()))
        return tariff

    def stated(self, row: Row, stated: NamedPrices) -> Tariff | None:
        """Return the tariff of this name, or None after telling that it has other prices."""
        if stated.name not in self._known:
            self._known[stated.name] = self._stored(row, stated) or self._new(row, stated)
        tariff, known = self._known[stated.name]
        differing = [
            column
            for column in self._columns
            if getattr(known, column) != getattr(stated.prices, column)
        ]
        for column in differing:
            had, says = getattr(known, column), getattr(stated.prices, column)
            facts = {"tariff": stated.name, "had": word(had) or "—"}
            self._tell(Problem(row.line, column, word(says), str(TWO_PRICES) % facts))
        return None if differing else tariff

    def _stored(self, row: Row, stated: NamedPrices) -> tuple[Tariff, Prices] | None:
        tariff = Tariff.objects.filter(name=stated.name).first()
        version = tariff_version_at(tariff.pk, self._now) if tariff else None
        if tariff is None or version is None:
            return None
        self._notes.count(Kind.TARIFFS, tariff, row.line, How.UNCHANGED)
        return tariff, _prices_of(version)

    def _new(self, row: Row, stated: NamedPrices) -> tuple[Tariff, Prices]:
        tariff = create_tariff(
            name=stated.name, prices=stated.prices, valid_from=self._now, actor=self._actor
        )
        self._notes.made(row.line, tariff)
        self._notes.count(Kind.TARIFFS, tariff, row.line, How.CREATED)
        return tariff, stated.prices


def _prices_of(version: TariffVersion) -> Prices:
    """Return of a version what a file states."""
    return Prices(
        price_per_kwh=version.price_per_kwh,
        access_fee=version.access_fee,
        access_fee_days=version.access_fee_days,
        minimum_purchase=version.minimum_purchase,
        vat_percent=version.vat_percent,
    )


def word(value: Decimal | int | None) -> str:
    """Return a number as somebody writes it, nothing for None."""
    return "" if value is None else f"{Decimal(value).normalize():f}"
