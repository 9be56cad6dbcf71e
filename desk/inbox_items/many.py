"""Steps for many things of the inbox at once, where taking each alone would be a day's work."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from desk.inbox_items.item import Item
from desk.trace.writer import maker_name

LEAST = 2


@dataclass(frozen=True, slots=True)
class Many:
    """One button above the list. ``is_post`` does it at once, else a page asks first."""

    label: str
    url: str
    permission: str
    is_post: bool = False


def many_at_once(items: Sequence[Item]) -> Iterator[Many]:
    """Return the steps for kinds of which at least two are shown."""
    groups = Counter(item.group for item in items if item.group)
    for group, count in groups.items():
        if count < LEAST:
            continue
        if group == "returned":
            label = _("Take %(count)s returned payments off…") % {"count": count}
            yield Many(label, reverse("desk:payments-dismiss"), "payments.decide_payment")
        else:
            facts = {"count": count, "maker": maker_name(group)}
            label = _("Try all %(count)s of %(maker)s again now") % facts
            url = reverse("desk:orders-retry", args=[group])
            yield Many(label, url, "vending.retry_order", is_post=True)
