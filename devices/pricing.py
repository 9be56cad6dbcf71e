"""What a kWh costs, as a pure function."""

from collections.abc import Iterable
from decimal import Decimal


def price_of(base: Decimal | None, components: Iterable[Decimal] = ()) -> Decimal | None:
    """Return the price per kWh: the base and everything on top of it; None where no energy is sold."""
    return None if base is None else sum(components, base)
