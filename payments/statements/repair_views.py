"""What is done with the rows of a statement: recorded, flagged, closed, asked about."""

from collections.abc import Callable
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from common.errors import DomainError
from payments import services
from payments.statements import repairs, selectors
from payments.statements.forms import CloseLine, FlagLine, OneTime, RecordLine
from payments.statements.models import StatementLine
from payments.statements.repairs import FLAGGABLE
from payments.statements.views import actor_of, show, statement_or_404
from payments.statements.work import can_be_asked

Verdict = StatementLine.Verdict


def _line_or_404(public_id: UUID, pk: int) -> StatementLine:
    lines = StatementLine.objects.select_related(
        "statement__connection", "payment__customer", "payment__device", "payment__connection"
    )
    return get_object_or_404(lines, pk=pk, statement__public_id=public_id)


@require_GET
@requires("payments.reconcile")
def statement_line(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """One row with its evidence, and what can be done about it."""
    return _show_line(request, _line_or_404(public_id, pk))


def _show_line(
    request: HttpRequest,
    line: StatementLine,
    *,
    flag: FlagLine | None = None,
    close: CloseLine | None = None,
    refusal: str = "",
) -> HttpResponse:
    context = {
        "line": line,
        "statement": line.statement,
        "payment": line.payment,
        "form": flag or close,
        "flag_form": flag or FlagLine(),
        "close_form": close or CloseLine(),
        "key": uuid4(),
        "hint": selectors.HINTS[Verdict(line.verdict)],
        "is_flaggable": line.verdict in FLAGGABLE,
        "can_be_asked": line.payment_id is not None and can_be_asked(line.statement),
        "refusal": refusal,
    }
    status = 422 if flag or close or refusal else 200
    return render(request, "payments/statement_line.html", context, status=status)


def _back(line: StatementLine, verdict: str) -> HttpResponse:
    """Go back to the list that the row stood in."""
    address = reverse("payments:statement", args=[line.statement.public_id])
    return redirect(f"{address}?list={verdict}")


# --- recording ------------------------------------------------------------------------------------


@require_POST
@requires("payments.reconcile")
def line_record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Record the payment of one row; the button carries which."""
    form = RecordLine(request.POST)
    if not form.is_valid():
        refusal = _("This form is not whole. Try again from here.")
        return show(request, statement_or_404(public_id), refusal=refusal)
    line = _line_or_404(public_id, form.cleaned_data["line"])
    try:
        done = repairs.record_line(
            line_id=line.pk, actor=actor_of(request), key=form.cleaned_data["key"]
        )
    except services.KeyUsed as used:
        messages.info(request, str(used))
        return _back(line, Verdict.OPERATOR)
    except DomainError as refusal:
        return show(request, line.statement, refusal=str(refusal))
    messages.success(request, _told(done))
    return _back(line, Verdict.OPERATOR)


def _told(line: StatementLine) -> str:
    facts = {"reference": line.reference}
    if line.recorded_at is None:
        return _("%(reference)s was reported meanwhile, so nothing was recorded.") % facts
    if line.payment is not None and line.payment.device_id is None:
        return (
            _("%(reference)s is recorded. Nobody knows yet whose it is: it waits in the inbox.")
            % facts
        )
    return _("%(reference)s is recorded. It is being settled now.") % facts


@require_http_methods(["GET", "POST"])
@requires("payments.reconcile")
def statement_record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Record every payment that only the operator has; asked once, done by a worker."""
    row = statement_or_404(public_id)
    refusal = ""
    if request.method == "POST":
        form = OneTime(request.POST)
        try:
            if not form.is_valid():
                raise services.KeyUsed
            repairs.record_all(
                statement_id=row.pk, actor=actor_of(request), key=form.cleaned_data["key"]
            )
        except services.KeyUsed as used:
            messages.info(request, str(used))
            return redirect("payments:statement", row.public_id)
        except DomainError as error:
            refusal = str(error)
        else:
            return redirect("payments:statement", row.public_id)
    summary = selectors.summary_of(row)
    listed = summary.of(Verdict.OPERATOR)
    context = {
        "statement": row,
        "summary": summary,
        "listed": listed,
        "refusal": refusal,
        "key": uuid4(),
    }
    status = 422 if refusal else 200
    return render(request, "payments/statement_record.html", context, status=status)


# --- flags ----------------------------------------------------------------------------------------


@require_POST
@requires("payments.reconcile")
def line_flag(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    line = _line_or_404(public_id, pk)
    form = FlagLine(request.POST)
    if not form.is_valid():
        return _show_line(request, line, flag=form)
    reason = form.cleaned_data["reason"]
    return _act(
        request,
        line,
        lambda: repairs.flag_line(line_id=line.pk, reason=reason, actor=actor_of(request)),
        _("Flagged. It stands in the inbox until somebody closes it."),
    )


@require_POST
@requires("payments.reconcile")
def line_unflag(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    line = _line_or_404(public_id, pk)
    return _act(
        request,
        line,
        lambda: repairs.unflag_line(line_id=line.pk, actor=actor_of(request)),
        _("The flag is taken off."),
    )


@require_POST
@requires("payments.reconcile")
def line_close(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    line = _line_or_404(public_id, pk)
    form = CloseLine(request.POST)
    if not form.is_valid():
        return _show_line(request, line, close=form)
    note = form.cleaned_data["note"]
    return _act(
        request,
        line,
        lambda: repairs.close_line(line_id=line.pk, note=note, actor=actor_of(request)),
        _("Closed. No payment was touched."),
    )


@require_POST
@requires("payments.reconcile")
def line_ask(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Have a worker ask the operator about the payment of this row."""
    line = _line_or_404(public_id, pk)
    return _act(
        request,
        line,
        lambda: repairs.ask_operator(line_id=line.pk),
        _("The operator is being asked. The answer appears here."),
    )


def _act(
    request: HttpRequest, line: StatementLine, act: Callable[[], object], done: str
) -> HttpResponse:
    """Act on a row and show it; a refusal stands there with 422."""
    try:
        act()
    except DomainError as refusal:
        return _show_line(request, line, refusal=str(refusal))
    messages.success(request, done)
    return redirect("payments:statement-line", line.statement.public_id, line.pk)


@require_http_methods(["GET", "POST"])
@requires("payments.reconcile")
def statement_flag(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Flag every row of one list, with one reason."""
    row = statement_or_404(public_id)
    verdict = request.GET.get("list", "")
    if verdict not in FLAGGABLE:
        return redirect("payments:statement", row.public_id)
    form = FlagLine(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            count = repairs.flag_all(
                statement_id=row.pk,
                verdict=verdict,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            words = ngettext(
                "One row is flagged and stands in the inbox.",
                "%(count)s rows are flagged and stand in the inbox.",
                count,
            )
            messages.success(request, words % {"count": count})
            address = reverse("payments:statement", args=[row.public_id])
            return redirect(f"{address}?list={verdict}")
    context = {
        "statement": row,
        "form": form,
        "listed": selectors.summary_of(row).of(verdict),
    }
    status = 422 if form.errors else 200
    return render(request, "payments/statement_flag.html", context, status=status)
