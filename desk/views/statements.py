"""Columns of the file that a list of a statement can be saved as."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.access import requires
from accounts.audit import audit
from accounts.models import User
from common.words import _
from payments.statements.models import Statement, StatementLine
from payments.statements.selectors import lines_of_list
from reports.exports import Column, export

AT_ONCE = 500


def _of_payment(line: StatementLine, name: str) -> Any:
    return getattr(line.payment, name) if line.payment else None


COLUMNS: list[Column[StatementLine]] = [
    Column(_("List"), lambda line: line.get_verdict_display()),
    Column(_("Row"), lambda line: line.number),
    Column(_("Reference"), lambda line: line.reference or _of_payment(line, "reference")),
    Column(_("Receipt"), lambda line: line.receipt or _of_payment(line, "receipt")),
    Column(_("At the operator"), lambda line: line.amount),
    Column(_("Here"), lambda line: line.ours),
    Column(_("Time at the operator"), lambda line: line.at),
    Column(_("Booked here"), lambda line: _of_payment(line, "booked_at")),
    Column(_("Device typed"), lambda line: line.account or _of_payment(line, "account")),
    Column(_("Payer's phone"), lambda line: line.payer_phone or _of_payment(line, "payer_phone")),
    Column(_("Payer's name"), lambda line: line.payer_name or _of_payment(line, "payer_name")),
    Column(_("Kind of row"), lambda line: line.kind),
    Column(_("State here"), lambda line: line.payment and line.payment.get_state_display()),
    Column(_("Problem"), lambda line: line.problem),
    Column(_("Flagged"), lambda line: line.flag_reason),
    Column(_("Note"), lambda line: line.note),
]


@require_GET
@requires("payments.reconcile")
def statement_export(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """One list of a statement, all its rows, as CSV or XLSX."""
    statement = get_object_or_404(Statement, public_id=public_id)
    verdict = request.GET.get("list", "")
    if verdict not in StatementLine.Verdict.values:
        raise Http404
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    user = request.user
    assert isinstance(user, User)
    audit(actor=user, action="statement.exported", target=str(public_id), list=verdict, format=kind)
    lines = lines_of_list(statement, verdict).iterator(chunk_size=AT_ONCE)
    return export(lines, COLUMNS, "statement", kind)
