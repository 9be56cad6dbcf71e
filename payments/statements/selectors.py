"""Reading statements: what was uploaded, the lists of one, and how its sums tie."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from common.badges import Badge, Tone
from common.words import _
from payments.statements.models import Statement, StatementFile, StatementLine
from payments.statements.repairs import open_flags
from plugins.models import Connection

Verdict = StatementLine.Verdict
ZERO = Decimal(0)
# What a person should look at, in the order of the page; the rest follows.
DIFFERENCES = (
    Verdict.OPERATOR,
    Verdict.HERE,
    Verdict.DIFFERS,
    Verdict.REVERSED,
    Verdict.STANDS,
    Verdict.TWICE,
    Verdict.UNREADABLE,
)
AGREED = (Verdict.BOTH, Verdict.UNDONE, Verdict.OTHER)
LISTS = (*DIFFERENCES, *AGREED)
BADGES = {
    Statement.State.WAITING: Badge(Tone.BUSY, Statement.State.WAITING.label),
    Statement.State.ASKING: Badge(Tone.WARN, Statement.State.ASKING.label),
    Statement.State.COMPARING: Badge(Tone.BUSY, Statement.State.COMPARING.label),
    Statement.State.COMPARED: Badge(Tone.GOOD, Statement.State.COMPARED.label, is_bare=True),
    Statement.State.REFUSED: Badge(Tone.BAD, Statement.State.REFUSED.label),
}
DIFFERENT = Badge(Tone.WARN, _("Differs"))
AGREES = Badge(Tone.GOOD, _("Agrees"), is_bare=True)

HINTS = {
    Verdict.BOTH: _("The operator and we have the same amount."),
    Verdict.OPERATOR: _(
        "The operator has this money and nobody told us. Record it: it is counted as if the operator had reported"
        " it, and a report that comes late is recognised."
    ),
    Verdict.HERE: _(
        "We counted this money and the statement does not have it. Ask the operator; flag it until you know."
    ),
    Verdict.DIFFERS: _(
        "Both have the payment, with another amount. Ask the operator which one is true."
    ),
    Verdict.REVERSED: _(
        "The operator took this money back and we still count it. Open the payment and reverse it, or flag it."
    ),
    Verdict.STANDS: _(
        "We told the operator no, or gave this money back, and the operator still has it. Ask for it to be paid"
        " back; we do not count it."
    ),
    Verdict.TWICE: _(
        "The reference stands more than once in the statement. It is counted once here."
    ),
    Verdict.UNREADABLE: _("These rows could not be read, so nothing is concluded from them."),
    Verdict.UNDONE: _("Paid and taken back at the operator, and not counted here either."),
    Verdict.OTHER: _("Rows that are no payments of customers: fees, payouts, sums, other kinds."),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of a statement: how many rows, and their sums at the operator and here."""

    verdict: str
    label: Any
    count: int = 0
    theirs: Decimal = ZERO
    ours: Decimal = ZERO
    flagged: int = 0
    unflagged: int = 0  # never flagged

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours

    @property
    def hint(self) -> Any:
        """What the list means, and what to do about it."""
        return HINTS[Verdict(self.verdict)]

    @property
    def is_different(self) -> bool:
        return self.verdict in DIFFERENCES


@dataclass(frozen=True, slots=True)
class Summary:
    """All lists that hold anything. The operator's sum is ours and the differences."""

    lists: list[Listed]

    @property
    def theirs(self) -> Decimal:
        return sum((each.theirs for each in self.lists), ZERO)

    @property
    def ours(self) -> Decimal:
        return sum((each.ours for each in self.lists), ZERO)

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours

    @property
    def differences(self) -> int:
        return sum(each.count for each in self.lists if each.verdict in DIFFERENCES)

    @property
    def counted(self) -> int:
        """Rows that are, or may be, payments."""
        return sum(each.count for each in self.lists if each.verdict != Verdict.OTHER)

    @property
    def looks_foreign(self) -> bool:
        """Whether hardly any row is known here: perhaps it is another operator's, or another company's."""
        known = self.of(Verdict.BOTH).count
        return self.of(Verdict.OPERATOR).count > max(5, known)

    def of(self, verdict: str) -> Listed:
        found = (each for each in self.lists if each.verdict == verdict)
        return next(found, Listed(verdict, Verdict(verdict).label))


def summary_of(statement: Statement) -> Summary:
    """Return the lists of a statement with their sums, in one query."""
    rows = statement.lines.order_by().values("verdict")
    rows = rows.annotate(
        count=Count("pk"),
        theirs=Sum("amount"),
        ours=Sum("ours"),
        flagged=Count("pk", filter=open_flags()),
        unflagged=Count("pk", filter=Q(flagged_at=None)),
    )
    found = {row["verdict"]: row for row in rows}
    return Summary([_listed(verdict, found[verdict]) for verdict in LISTS if verdict in found])


def _listed(verdict: Verdict, row: Mapping[str, Any]) -> Listed:
    is_money = verdict != Verdict.OTHER  # the operator's fees and sums are none
    return Listed(
        verdict,
        verdict.label,
        count=row["count"],
        theirs=(row["theirs"] or ZERO) if is_money else ZERO,
        ours=(row["ours"] or ZERO) if is_money else ZERO,
        flagged=row["flagged"],
        unflagged=row["unflagged"],
    )


def lines_of_list(statement: Statement, verdict: str) -> "QuerySet[StatementLine]":
    """Return the rows of one list in the order of the file; payments without a row by their time."""
    lines = statement.lines.filter(verdict=verdict)
    return lines.select_related("payment__customer", "payment__device").order_by(
        "number", "payment__booked_at", "pk"
    )


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, and until when its statements were compared; None: never."""

    connection: Connection
    until: dt.datetime | None
    compared_at: dt.datetime | None


def operators() -> list[Operator]:
    """Return the company's operators by name, with their last reconciliation."""
    connections = Connection.objects.filter(kind="payment").annotate(
        until=Max("statements__ends_at", filter=Q(statements__state=Statement.State.COMPARED)),
        compared=Max("statements__compared_at"),
    )
    found = [Operator(each, each.until, each.compared) for each in connections]
    return sorted(found, key=lambda each: each.connection.label)


def statement_list() -> "QuerySet[Any]":
    """Return all statements, newest first, each with ``different``: how many rows differ."""
    different = Count("lines", filter=Q(lines__verdict__in=DIFFERENCES))
    newest = Statement.objects.select_related("connection").defer("guess")
    return newest.annotate(different=different).order_by("-uploaded_at", "-pk")


def badge_of(statement: Any) -> Badge:
    """Return where a statement of the list stands."""
    if statement.state != Statement.State.COMPARED:
        return BADGES[Statement.State(statement.state)]
    return DIFFERENT if statement.different else AGREES


def sample_kept(statement: Statement) -> dict[str, Any]:
    """Return the beginning of the file, as it was kept for choosing columns; empty when it is gone."""
    file = StatementFile.objects.filter(statement=statement).only("sample").first()
    found: dict[str, Any] = file.sample if file else {}
    return found


def flagged_lines() -> "QuerySet[StatementLine]":
    """Return the rows that wait for somebody to look into them."""
    return StatementLine.objects.filter(open_flags())
