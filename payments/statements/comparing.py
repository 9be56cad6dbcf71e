"""Reading a statement and laying it beside our payments, as a worker does it; run twice, it ends the same."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from common.clock import midnight, today_in
from common.sheets import Table, open_table
from payments.models import Correction, Payment
from payments.refundable import DECIDED
from payments.statements.layouts import (
    Layout,
    Sample,
    fits,
    guess,
    sample_of,
    sample_to_json,
)
from payments.statements.matching import Found, Matched, Ours, Span, Standing, Verdict, match
from payments.statements.models import (
    Statement,
    StatementFile,
    StatementLayout,
    StatementLine,
)
from payments.statements.reading import Line, Sort, lines_of
from payments.statements.uploads import content_of
from payments.statements.values import key_of
from tenants.models import Company

State = Statement.State
AT_ONCE = 2000
SAMPLE_KEPT = 200  # rows
NEAR = dt.timedelta(days=1)  # wider than any time zone or late call
STANDINGS = {
    Payment.State.VALIDATED: Standing.ASKED,
    Payment.State.RETURNED: Standing.GIVEN_BACK,
    Payment.State.REVERSED: Standing.REVERSED,
}
BY_OPERATOR = Q(paid_from=Correction.PaidFrom.OPERATOR) | Q(
    paid_from="", pay_by=Correction.PayBy.OPERATOR
)
SENT_BACK = Exists(
    Correction.objects.filter(BY_OPERATOR, payment=OuterRef("pk"), state__in=DECIDED)
)
Progress = Callable[[int], None]


def look(company: Company, statement: Statement) -> None:
    """Find out whether the remembered columns fit; if not, propose some and ask a person.

    :raises NotASheet: the file cannot be read
    """
    table = open_table(content_of(statement))
    kept = StatementLayout.objects.filter(connection=statement.connection).first()
    layout = Layout.from_json(kept.content) if kept else None
    if layout and fits(layout, sample_of(table, layout=layout).head):
        statement.state = State.COMPARING
    else:
        sample = sample_of(table)
        latest = today_in(company.timezone, statement.uploaded_at)
        statement.guess = guess(sample, latest=latest).to_json()
        statement.state = State.ASKING
        kept_sample = sample_to_json(sample, SAMPLE_KEPT)
        StatementFile.objects.filter(statement=statement).update(sample=kept_sample)
    statement.save(update_fields=["state", "guess"])


def layout_of(statement: Statement) -> Layout:
    """Return how this operator's statements are read."""
    kept = StatementLayout.objects.get(connection=statement.connection_id)
    return Layout.from_json(kept.content)


def compare(company: Company, statement: Statement, progress: Progress) -> None:
    """Give every row, and every payment it should know, a verdict.

    :raises NotASheet: the file cannot be read to its end; nothing was changed
    """
    if statement.lines.exists():
        _compare_stored(company, statement)
        return
    lines = list(_read(company, statement, progress))
    matched = _match(company, statement, lines)
    rows = [_row(statement, lines, each) for each in matched.found]
    with transaction.atomic():
        Statement.objects.select_for_update(no_key=True).get(pk=statement.pk)
        statement.lines.all().delete()
        StatementLine.objects.bulk_create(rows, batch_size=AT_ONCE)
        _close(statement, matched, len(lines))


def _read(company: Company, statement: Statement, progress: Progress) -> Iterator[Line]:
    table: Table = open_table(content_of(statement))
    layout = layout_of(statement)
    sample: Sample = sample_of(table, layout=layout)
    lines = lines_of(table, sample.head, layout, currency=company.currency, zone=company.timezone)
    for count, line in enumerate(lines, start=1):
        if count % AT_ONCE == 0:
            progress(count)
        yield line


def _match(company: Company, statement: Statement, lines: Sequence[Line]) -> Matched:
    return match(
        lines,
        our_payments(statement, lines),
        stated=_stated(company, statement),
        read_at=statement.uploaded_at,
    )


def _stated(company: Company, statement: Statement) -> Span | None:
    first, last = statement.since_date, statement.until_date
    if first is None or last is None:
        return None
    after = midnight(last + dt.timedelta(days=1), company.timezone)
    return Span(midnight(first, company.timezone), after)


# --- our side -------------------------------------------------------------------------------------


def our_payments(statement: Statement, lines: Sequence[Line]) -> list[Ours]:
    """Return the payments of the time that lines speak of, and of any time those that lines name."""
    mine = Payment.objects.filter(connection_id=statement.connection_id)
    found = {ours.id: ours for ours in _of_time(mine, statement, lines)}
    known = {key_of(each) for ours in found.values() for each in (ours.reference, ours.receipt)}
    missing = sorted(
        {
            written
            for line in lines
            for written in (line.reference, line.receipt)
            if written and key_of(written) not in known
        }
    )
    for part in _parts(missing):
        named = {*part, *(each.upper() for each in part), *(each.lower() for each in part)}
        for rows in (mine.filter(reference__in=named), mine.filter(receipt__in=named)):
            found.update((ours.id, ours) for ours in _ours(rows))
    return list(found.values())


def _of_time(mine: Any, statement: Statement, lines: Sequence[Line]) -> Iterator[Ours]:
    moments = [line.at for line in lines if line.at]
    days = [day for day in (statement.since_date, statement.until_date) if day]
    moments += [dt.datetime.combine(day, dt.time.min, dt.UTC) for day in days]
    if not moments:
        return iter(())
    first, last = min(moments) - NEAR, max(moments) + 2 * NEAR
    in_time = Q(paid_at__range=(first, last)) | Q(paid_at=None, booked_at__range=(first, last))
    return _ours(mine.filter(in_time, booked_at__gte=first))


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[at : at + AT_ONCE] for at in range(0, len(values), AT_ONCE))


def _ours(rows: Any) -> Iterator[Ours]:
    columns = (
        "pk",
        "reference",
        "receipt",
        "amount",
        "state",
        "paid_at",
        "booked_at",
        "created_at",
        SENT_BACK,
    )
    for (
        pk, reference, receipt, amount, state, paid_at, booked_at, created_at, is_sent_back,
    ) in rows.values_list(*columns).iterator(chunk_size=AT_ONCE):  # fmt: skip
        standing = STANDINGS.get(state, Standing.COUNTED)
        if state == Payment.State.REFUNDED and is_sent_back:
            standing = Standing.REFUNDED
        if standing is Standing.GIVEN_BACK and booked_at is None:
            standing = Standing.ASKED  # asked, and nobody paid in time
        at = paid_at or booked_at or created_at
        yield Ours(pk, reference, receipt, Decimal(amount), at, standing)


# --- what is kept ---------------------------------------------------------------------------------


def _row(statement: Statement, lines: Sequence[Line], found: Found) -> StatementLine:
    row = StatementLine(statement=statement, verdict=found.verdict, payment_id=found.payment)
    row.ours = found.ours if found.payment else None
    if found.line is None:
        return row
    line = lines[found.line]
    row.number, row.reference, row.receipt = line.number, line.reference, line.receipt
    row.amount, row.at, row.account = line.amount, line.at, line.account
    row.payer_phone, row.payer_name = line.phone, line.name
    row.kind, row.problem = line.kind, line.problem
    return row


def _close(statement: Statement, matched: Matched, row_count: int) -> None:
    statement.state, statement.compared_at = State.COMPARED, timezone.now()
    statement.starts_at = matched.span.first if matched.span else None
    statement.ends_at = matched.span.last if matched.span else None
    statement.has_times, statement.shift_minutes = matched.has_times, matched.shift_minutes
    statement.outside_count, statement.row_count = len(matched.outside), row_count
    statement.save()


# --- again, with what was read --------------------------------------------------------------------


def _compare_stored(company: Company, statement: Statement) -> None:
    with transaction.atomic():
        Statement.objects.select_for_update(no_key=True).get(pk=statement.pk)
        rows = list(statement.lines.filter(number__isnull=False).order_by("number"))
        lines = [_line(row, has_time=statement.has_times) for row in rows]
        matched = _match(company, statement, lines)
        changed = [row for found in matched.found if (row := _changed(rows, found))]
        StatementLine.objects.bulk_update(changed, ["verdict", "payment", "ours"], batch_size=500)
        _replace_missing(statement, [each for each in matched.found if each.line is None])
        _close(statement, matched, len(rows))


def _line(row: StatementLine, *, has_time: bool) -> Line:
    sort = {Verdict.OTHER: Sort.OTHER, Verdict.UNREADABLE: Sort.UNREADABLE}.get(
        Verdict(row.verdict), Sort.PAYMENT if (row.amount or 0) > 0 else Sort.TAKEN_BACK
    )
    return Line(
        number=row.number or 0,
        sort=sort,
        reference=row.reference,
        receipt=row.receipt,
        amount=row.amount,
        at=row.at,
        has_time=has_time and row.at is not None,
    )


def _changed(rows: Sequence[StatementLine], found: Found) -> StatementLine | None:
    """Return the row with its new verdict; None where nothing changed."""
    if found.line is None:
        return None
    row = rows[found.line]
    ours = found.ours if found.payment else None
    if (row.verdict, row.payment_id, row.ours) == (found.verdict, found.payment, ours):
        return None
    row.verdict, row.payment_id, row.ours = found.verdict, found.payment, ours
    return row


def _replace_missing(statement: Statement, found: Sequence[Found]) -> None:
    """Payments without a row: keep the rows that stand, with their flags; drop what is missing no more."""
    by_payment = {each.payment: each for each in found if each.payment is not None}
    here = statement.lines.filter(number__isnull=True)
    gone = here.exclude(payment_id__in=by_payment)
    gone.filter(flagged_at__isnull=True).delete()
    gone.update(verdict=Verdict.OTHER)
    here.filter(payment_id__in=by_payment).update(verdict=Verdict.HERE)
    known = set(here.values_list("payment_id", flat=True))
    new = [_row(statement, (), each) for pk, each in by_payment.items() if pk not in known]
    StatementLine.objects.bulk_create(new, batch_size=AT_ONCE)
