"""How many customers and devices are where: counted once for all villages, in two queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet

from customers.models import Customer
from devices.models import Device
from locations.models import Village


@dataclass(slots=True)
class Counts:
    """What is in one place. Archived customers and devices are not counted."""

    villages: int = 0
    customers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)  # of devices

    @property
    def devices(self) -> int:
        return sum(self.kinds.values())

    def add(self, other: "Counts") -> None:
        self.villages += other.villages
        self.customers += other.customers
        self.kinds += other.kinds


def counts_by_village(villages: "QuerySet[Village] | None" = None) -> dict[int, Counts]:
    """Return the counts of these villages, or of all; a village without anything is absent."""
    customers = Customer.objects.filter(archived_at=None).order_by()
    devices = Device.objects.filter(archived_at=None).order_by()
    if villages is not None:
        customers = customers.filter(village__in=villages)
        devices = devices.filter(village__in=villages)
    found: defaultdict[int, Counts] = defaultdict(Counts)
    for village, count in customers.values_list("village_id").annotate(Count("pk")):
        found[village].customers = count
    for village, kind, count in devices.values_list("village_id", "kind").annotate(Count("pk")):
        found[village].kinds[kind] = count
    return found


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum."""
    everything = Counts()
    for each in counts:
        everything.add(each)
    return everything
