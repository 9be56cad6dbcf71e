"""How many things need a person, how much money waits with them, and since when."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Min, Sum

from desk.inbox import inbox_count
from payments.selectors import Group, Period, payment_list
from tenants.models import Company


@dataclass(frozen=True, slots=True)
class Waiting:
    count: int
    money: Decimal
    since: dt.datetime | None


def waiting(company: Company, *, now: dt.datetime, count: int | None = None) -> Waiting:
    """Return what stands in the inbox; ``count`` where the caller has it already."""
    asked = {"state": Group.NEEDS, "period": Period.ALL}
    stuck = payment_list(company=company, now=now, asked=asked).order_by()
    found = stuck.aggregate(money=Sum("amount"), since=Min("shown_at"))
    total = inbox_count() if count is None else count
    return Waiting(total, found["money"] or Decimal(0), found["since"])
