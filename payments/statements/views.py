"""Statements: upload, columns, the lists of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from accounts.models import User
from common.clock import today_in
from common.errors import DomainError
from common.paging import page_of
from common.sheets import NotASheet
from payments.selectors import payment_connections
from payments.statements import selectors, uploads
from payments.statements.forms import ChooseColumns, OneTime, UploadStatement
from payments.statements.layouts import Layout, Sample, sample_from_json, styled
from payments.statements.models import Statement, StatementLine
from payments.statements.reading import read_rows
from tenants.scope import current_company

PREVIEW_ROWS = 8
State = Statement.State
Verdict = StatementLine.Verdict


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def statement_or_404(public_id: UUID) -> Statement:
    return get_object_or_404(Statement.objects.select_related("connection"), public_id=public_id)


@require_GET
@requires("payments.reconcile")
def statement_list(request: HttpRequest) -> HttpResponse:
    """Until when each operator's statements were compared, and all of them, newest first."""
    page = page_of(selectors.statement_list(), request.GET)
    context = {
        "operators": selectors.operators(),
        "page": page,
        "rows": [(each, selectors.badge_of(each)) for each in page.rows],
    }
    return render(request, "payments/statement_list.html", context)


@require_http_methods(["GET", "POST"])
@requires("payments.reconcile")
def statement_upload(request: HttpRequest) -> HttpResponse:
    """Take a file; the same file again leads to the statement that stands."""
    connections = payment_connections()
    initial = {"connection": request.GET.get("operator", "")}
    form = UploadStatement(
        request.POST or None, request.FILES or None, connections=connections, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            statement, is_new = uploads.upload_statement(
                connection=said["connection"],
                name=said["file"].name,
                content=said["file"].read(),
                since=said["since"],
                until=said["until"],
                actor=actor_of(request),
            )
        except NotASheet as refusal:
            form.add_error("file", str(refusal))
        else:
            if not is_new:
                messages.info(request, _("This very file was uploaded before. Here it is."))
            return redirect("payments:statement", statement.public_id)
    context = {"form": form, "connections": connections}
    return render(
        request, "payments/statement_upload.html", context, status=422 if form.errors else 200
    )


@require_GET
@requires("payments.reconcile")
def statement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Where a statement stands: being read, its columns asked for, or its lists."""
    row = statement_or_404(public_id)
    if request.htmx and row.is_busy:  # type: ignore[attr-defined]
        return render(request, "payments/_statement_progress.html", _progress(row))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Refresh": "true"})
    if row.state == State.ASKING:
        return redirect("payments:statement-columns", row.public_id)
    return show(request, row)


def show(request: HttpRequest, row: Statement, *, refusal: str = "") -> HttpResponse:
    """Show a statement; with a refusal as 422."""
    context = {"statement": row, "refusal": refusal, **_progress(row)}
    if row.state in {State.COMPARED, State.COMPARING}:
        context |= _lists(request, row)
    return render(request, "payments/statement.html", context, status=422 if refusal else 200)


def _progress(row: Statement) -> dict[str, Any]:
    wanted = row.lines.filter(wanted_by__isnull=False).count() if row.is_recording else 0
    return {"statement": row, "wanted": wanted}


def _lists(request: HttpRequest, row: Statement) -> dict[str, Any]:
    summary = selectors.summary_of(row)
    shown = request.GET.get("list", "")
    if shown not in Verdict.values:
        shown = next((each.verdict for each in summary.lists), Verdict.BOTH)
    exports = [
        (
            kind.upper(),
            f"{reverse('desk:statement-export', args=[row.public_id])}?list={shown}&format={kind}",
        )
        for kind in ("csv", "xlsx")
    ]
    return {
        "summary": summary,
        "listed": summary.of(shown),
        "page": page_of(selectors.lines_of_list(row, shown), request.GET),
        "key": OneTime()["key"],
        "exports": exports,
        "can_be_flagged": shown in selectors.DIFFERENCES,
        "currency": current_company().currency,
    }


# --- columns --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires("payments.reconcile")
def statement_columns(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Confirm which column is which. "Look at the rows" shows what a choice makes of them and keeps nothing."""
    row = statement_or_404(public_id)
    kept = selectors.sample_kept(row)
    if not kept or row.is_busy:
        return redirect("payments:statement", row.public_id)
    sample = sample_from_json(kept)
    layout = Layout.from_json(row.guess)
    if request.method != "POST":
        return _columns(request, row, ChooseColumns(sample=sample, layout=layout), layout)
    form = _form(request, sample, layout)
    if not form.is_valid():
        return _columns(request, row, form, layout)
    chosen = _with_rows(form, sample, row)
    if request.POST.get("act") != "compare" or not form.is_settled():
        return _columns(request, row, ChooseColumns(sample=sample, layout=chosen), chosen)
    try:
        uploads.confirm_layout(statement_id=row.pk, layout=chosen, actor=actor_of(request))
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _columns(request, row, form, chosen)
    return redirect("payments:statement", row.public_id)


def _form(request: HttpRequest, sample: Sample, layout: Layout) -> ChooseColumns:
    """Return the form with boxes for the columns that they were shown for."""
    shown = {
        name: request.POST.get(f"{field}_of", "")
        for name, field in (("kind", "kinds"), ("status", "statuses"))
    }
    columns = {**layout.to_json()["columns"], **{k: v for k, v in shown.items() if v}}
    for name, heading in shown.items():
        if not heading:
            columns.pop(name, None)
    known = Layout.from_json({**layout.to_json(), "columns": columns})
    return ChooseColumns(request.POST, sample=sample, layout=known)


def _with_rows(form: ChooseColumns, sample: Sample, row: Statement) -> Layout:
    """Return what was chosen; for columns that are new, with the rows that count as their words say."""
    chosen = form.chosen()
    if form.is_settled():
        return chosen
    latest = today_in(current_company().timezone, row.uploaded_at)
    guessed = styled(chosen, sample, latest=latest).to_json()
    return Layout.from_json({**guessed, "order": chosen.order, "style": chosen.style})


def _columns(
    request: HttpRequest, row: Statement, form: ChooseColumns, layout: Layout
) -> HttpResponse:
    company, sample = current_company(), form.sample
    preview = read_rows(
        sample.rows[:PREVIEW_ROWS],
        sample.head,
        layout,
        currency=company.currency,
        zone=company.timezone,
    )
    context = {
        "statement": row,
        "form": form,
        "preview": list(preview),
        "currency": company.currency,
    }
    status = 422 if form.errors else 200
    return render(request, "payments/statement_columns.html", context, status=status)


# --- what is done with a whole statement ----------------------------------------------------------


@require_POST
@requires("payments.reconcile")
def statement_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Compare again with the payments as they stand now."""
    row = statement_or_404(public_id)
    try:
        uploads.compare_again(statement_id=row.pk, actor=actor_of(request))
    except DomainError as refusal:
        return show(request, row, refusal=str(refusal))
    return redirect("payments:statement", row.public_id)


@require_http_methods(["GET", "POST"])
@requires("payments.reconcile")
def statement_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget a statement that was uploaded by mistake; asked once."""
    row = statement_or_404(public_id)
    refusal = ""
    if request.method == "POST":
        try:
            uploads.remove_statement(statement_id=row.pk, actor=actor_of(request))
        except DomainError as error:
            refusal = str(error)
        else:
            messages.success(request, _("Removed. No payment was touched."))
            return redirect("payments:statement-list")
    context = {
        "statement": row,
        "refusal": refusal,
        "facts": [
            (_("Operator"), row.connection.label),
            (_("Rows"), row.row_count),
            (_("Then"), _("the comparison is gone; payments stay as they are.")),
        ],
    }
    status = 422 if refusal else 200
    return render(request, "payments/statement_remove.html", context, status=status)
