"""Who may be the person that is about to be registered: the same phone, or a similar name nearby."""

from dataclasses import dataclass

from django.db.models import Q

from common.words import _
from customers.models import Customer
from customers.records import Address
from customers.similar import alike
from locations.models import Village

MOST_LOOKED_AT = 20_000
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A customer who may be meant, and what says so."""

    customer: Customer
    has_phone: bool

    @property
    def why(self) -> str:
        if self.has_phone:
            return str(_("has this phone"))
        return str(_("has a similar name"))


def possible_duplicates(*, name: str, phone: str, village: Village) -> list[Duplicate]:
    """Return customers who may be this person, those with the phone first, at most ``MOST_SHOWN``.

    Phones are compared everywhere, names within the mini-grid; archived customers count too.

    :param phone: E.164
    """
    known = Customer.objects.select_related("village").order_by("pk")
    elsewhere = Address.objects.filter(phone=phone).values("customer")
    has_phone = Q(phone=phone) | Q(pk__in=elsewhere)
    same = [Duplicate(each, True) for each in known.filter(has_phone)[:MOST_SHOWN]]
    left = MOST_SHOWN - len(same)
    if left < 1:
        return same
    found = _of_similar_name(name, village)
    ids = [pk for pk in found if pk not in {each.customer.pk for each in same}][:left]
    return [*same, *(Duplicate(each, False) for each in known.filter(pk__in=ids))]


def _of_similar_name(name: str, village: Village) -> list[int]:
    nearby = Customer.objects.filter(village__mini_grid=village.mini_grid_id)
    begins = Q(pk=-1)
    for word in name.split():
        for field in ("first_name", "last_name"):
            begins |= Q(**{f"{field}__istartswith": word[:2]})
            begins |= Q(**{f"{field}__icontains": f" {word[:2]}"})
    rows = nearby.filter(begins).order_by("-pk").values_list("pk", "first_name", "last_name")
    return [pk for pk, first, last in rows[:MOST_LOOKED_AT] if alike(name, f"{first} {last}")]
