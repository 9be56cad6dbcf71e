"""Postings: all of a period, and one of them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.access import requires
from common.clock import today_in
from common.moment import one_moment
from common.paging import page_of
from ledger.models import Posting, SealedPosting
from reports.books.addresses import ledger_address
from reports.books.files import JOURNAL_COLUMNS
from reports.books.journal import (
    is_late,
    journal_lines,
    journal_rows,
    posting_lines,
    postings,
    related,
)
from reports.books.periods import month_to
from reports.exports import export
from reports.forms import JournalFilter
from reports.views.parts import (
    company_time,
    export_links,
    exported_as,
    file_name,
    span_facts,
    usual_periods,
)
from tenants.scope import current_company


@require_safe
@requires("ledger.view_posting")
@one_moment()
def journal(request: HttpRequest) -> HttpResponse:
    """The postings of a period, newest first."""
    form = JournalFilter(request.GET, **company_time())
    asked = form.asked()
    found = postings(form.span, event=asked.get("event", ""), late="late" in asked)
    page = page_of(found, request.GET)
    context = {
        "form": form,
        "params": request.GET,
        "chips": form.chips(),
        "span": form.span,
        "page": page,
        "rows": journal_rows(page.rows, form.span.zone),
        "currency": current_company().currency,
        "periods": usual_periods(request, form.span),
        "exports": export_links(request, "reports:journal-export"),
    }
    return render(request, "reports/journal.html", context)


@require_safe
@requires("ledger.export_posting")
def journal_export(request: HttpRequest) -> HttpResponseBase:
    """Every line of every posting of the period."""
    form = JournalFilter(request.GET, **company_time())
    asked = form.asked()
    kind = exported_as(request, "journal", **span_facts(form.span))
    lines = journal_lines(form.span, event=asked.get("event", ""), late="late" in asked)
    return export(lines, JOURNAL_COLUMNS, file_name("journal", form.span), kind)


@require_safe
@requires("ledger.view_posting")
@one_moment()
def posting(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One posting: its lines, who wrote it, what caused it, and what else the same thing caused."""
    found = get_object_or_404(Posting, public_id=public_id)
    company = current_company()
    lines = posting_lines(found)
    span = month_to(today_in(company.timezone, found.occurred_at), company.timezone)
    context = {
        "posting": found,
        "rows": [(line, ledger_address(line.account, span)) for line in lines],
        "cause": lines[0].cause,
        "total": sum((line.debit or 0) for line in lines),
        "sealed": SealedPosting.objects.filter(posting=found).first(),
        "is_late": is_late(found, company.timezone),
        "others": journal_rows(list(related(found)[:100]), company.timezone),
        "currency": company.currency,
    }
    return render(request, "reports/posting_detail.html", context)
