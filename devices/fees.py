"""Access fees falling due: daily, once per device and period, in the company's time zone.

Every device is a short transaction of its own that locks the customer, then the device. ``fees_until`` is the
end of the last period that was decided on, whether it became a fee or the company's limit of unpaid fees kept
it from becoming one. So two workers at once, a repeat, and a catch-up after days of silence give the same rows.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import OperationalError, transaction

from common.clock import database_now, midnight, next_midnight, today_in
from common.errors import MpmError
from common.money import vat_within
from common.words import _
from customers.models import Customer
from devices.models import AccessFee, Device, TariffVersion
from devices.periods import (
    FeePaid,
    FeeTerms,
    KnownFee,
    PeriodEnd,
    fees_to_make,
    period_ends,
    terms_from,
)
from ledger.models import Account, Entry, Event
from ledger.services import Movement, credit, debit, post
from tenants.jobs import A_DAY, Job
from tenants.models import Company

logger = logging.getLogger(__name__)

JOB = Job(
    "access_fees",
    _("Access fees"),
    _("Makes the access fees of the day due, at midnight."),
    every=A_DAY,
)


class FeesIncomplete(MpmError):
    """Some devices could not be looked at; the sweeper comes again."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What tells, without a lock, whether a device may have a period that ended."""

    pk: int
    tariff_id: int
    began: dt.datetime
    fees_until: dt.date | None
    archived_at: dt.datetime | None
    customer_archived_at: dt.datetime | None
    fee_terms_from: dt.date | None


def accrue(company: Company, until: dt.date) -> int:
    """Make all access fees due up to and with this day; return how many are new.

    Call it outside a transaction, with the company's schema open.

    :raises FeesIncomplete: some devices were locked for too long; all others are done
    """
    terms = _terms_by_tariff(company.timezone)
    made = failed = 0
    for candidate in _candidates():
        if not _ends(candidate, terms.get(candidate.tariff_id, ()), company.timezone, until):
            continue
        try:
            made += accrue_device(company=company, device_id=candidate.pk, until=until)
        except OperationalError as error:
            failed += 1
            logger.warning(
                "fees.device_skipped",
                extra={"device_id": candidate.pk, "error": type(error).__name__},
            )
    logger.info("fees.accrued", extra={"count": made, "failed": failed, "until": until.isoformat()})
    if failed:
        raise FeesIncomplete(failed)
    return made


def accrue_today(company: Company) -> None:
    """Make what is due today in the company's time zone. For the sweeper."""
    accrue(company, today_in(company.timezone, database_now()))


def next_look(company: Company) -> dt.datetime:
    """Return when fees fall due next: the company's next midnight. For the sweeper."""
    return next_midnight(company.timezone, database_now())


@transaction.atomic
def accrue_device(*, company: Company, device_id: int, until: dt.date) -> int:
    """Make one device's fees due up to and with this day; return how many are new."""
    device = _lock(device_id)
    if device is None or device.tariff_id is None:
        return 0
    terms = _terms(TariffVersion.objects.filter(tariff_id=device.tariff_id), company.timezone)
    ends = _ends(_candidate_of(device), terms, company.timezone, until)
    if not ends:
        return 0
    made = fees_to_make(
        ends,
        fees=_known_fees(device),
        payments=_paid_since(device, ends[0].day, company.timezone),
        limit=company.unpaid_fee_limit,
    )
    _book(company, device, made)
    device.fees_until = ends[-1].day
    device.save(update_fields=["fees_until"])
    return len(made)


def _lock(device_id: int) -> Device | None:
    """Lock customer, then device; None when it has no customer, or another than a moment ago."""
    customer_id = Device.objects.values_list("customer_id", flat=True).get(pk=device_id)
    if customer_id is None:
        return None
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    device = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device_id)
    if device.customer_id != customer_id:
        return None
    device.customer = customer
    return device


def _book(company: Company, device: Device, made: Iterable[PeriodEnd]) -> None:
    fees = AccessFee.objects.bulk_create(
        AccessFee(
            device=device,
            due_date=end.day,
            amount=end.terms.fee,
            vat=vat_within(end.terms.fee, end.terms.vat_percent, company.currency),
        )
        for end in made
    )
    for fee in fees:
        post(_movement(fee), occurred_at=midnight(fee.due_date, company.timezone))


def _movement(fee: AccessFee) -> Movement:
    return Movement(
        event=Event.FEE_DUE,
        source="access_fee",
        source_id=fee.pk,
        lines=[
            debit(Account.FEE_RECEIVABLE, fee.amount, fee.device_id),
            credit(Account.FEE_REVENUE, fee.amount - fee.vat),
            credit(Account.VAT_PAYABLE, fee.vat),
        ],
    )


def _known_fees(device: Device) -> list[KnownFee]:
    fees = AccessFee.objects.filter(device=device).order_by("due_date")
    return [KnownFee(each.due_date, each.amount, each.paid) for each in fees]


def _paid_since(device: Device, day: dt.date, zone: str) -> list[FeePaid]:
    """Return what cleared fees of this device since a day began."""
    entries = Entry.objects.filter(
        account=Account.FEE_RECEIVABLE,
        subject_id=device.pk,
        amount__lt=0,
        posting__occurred_at__gte=midnight(day, zone),
    )
    rows = entries.values_list("posting__occurred_at", "amount")
    return [FeePaid(today_in(zone, at), Decimal(-amount)) for at, amount in rows]


def _candidates() -> Iterable[_Candidate]:
    devices = Device.objects.filter(customer__isnull=False, tariff__isnull=False).order_by("pk")
    rows = devices.values_list(
        "pk",
        "tariff_id",
        "assigned_at",
        "fees_until",
        "archived_at",
        "customer__archived_at",
        "fee_terms_from",
    )
    for row in list(rows):
        yield _Candidate(*row)  # type: ignore[arg-type]  # the filter leaves no None


def _candidate_of(device: Device) -> _Candidate:
    assert device.customer is not None
    assert device.assigned_at is not None
    assert device.tariff_id is not None
    return _Candidate(
        device.pk,
        device.tariff_id,
        device.assigned_at,
        device.fees_until,
        device.archived_at,
        device.customer.archived_at,
        device.fee_terms_from,
    )


def _ends(
    candidate: _Candidate, terms: Sequence[FeeTerms], zone: str, until: dt.date
) -> list[PeriodEnd]:
    """Return the ends of periods that are not decided on yet, none after the device was archived."""
    stops = [at for at in (candidate.archived_at, candidate.customer_archived_at) if at is not None]
    last = min([until, *(today_in(zone, at) for at in stops)])
    began = candidate.fees_until or today_in(zone, candidate.began)
    own = terms_from(candidate.fee_terms_from, terms)
    return list(period_ends(began=began, until=last, terms=own))


def _terms_by_tariff(zone: str) -> dict[int, list[FeeTerms]]:
    by_tariff: dict[int, list[TariffVersion]] = {}
    for version in TariffVersion.objects.order_by("tariff_id", "valid_from"):
        by_tariff.setdefault(version.tariff_id, []).append(version)
    return {tariff_id: _terms(found, zone) for tariff_id, found in by_tariff.items()}


def _terms(found: Iterable[TariffVersion], zone: str) -> list[FeeTerms]:
    """Return what is asked from which day on: of versions that begin on one day, the last counts."""
    by_day: dict[dt.date, FeeTerms] = {}
    for version in sorted(found, key=lambda each: each.valid_from):
        day = today_in(zone, version.valid_from)
        if midnight(day, zone) < version.valid_from:
            day += dt.timedelta(days=1)
        by_day[day] = FeeTerms(
            day, version.access_fee, version.access_fee_days, version.vat_percent
        )
    return [by_day[day] for day in sorted(by_day)]


@transaction.atomic
def begin_anew(*, company: Company, device_id: int, today: dt.date) -> None:
    """Let the periods of a device begin on this day, for a customer who was archived and comes back.

    Call it while the customer is archived still: what fell due until then is made, for the time since nothing.
    """
    accrue_device(company=company, device_id=device_id, until=today)
    Device.objects.filter(pk=device_id).update(fees_until=today)
