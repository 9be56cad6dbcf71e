"""The trial balance."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import requires
from common.moment import one_moment
from ledger.models import Account
from reports.books.addresses import ledger_address
from reports.books.files import TRIAL_COLUMNS, trial_lines
from reports.books.periods import Span
from reports.books.sums import trial_balance_of
from reports.exports import export
from reports.forms import Period
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
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Every account over a period, by kind; each figure leads to its lines."""
    form = Period(request.GET, **company_time())
    found = trial_balance_of(form.span)
    groups = [
        (group, [(row, figure_addresses(row.account, form.span)) for row in group.rows])
        for group in found.groups
    ]
    context = {
        "form": form,
        "params": request.GET,
        "span": form.span,
        "trial": found,
        "groups": groups,
        "currency": current_company().currency,
        "periods": usual_periods(request, form.span),
        "exports": export_links(request, "reports:trial-balance-export"),
    }
    return render(request, "reports/trial_balance.html", context)


def figure_addresses(account: Account, span: Span, **narrow: Any) -> dict[str, str]:
    """Return where the four figures of an account lead."""
    return {
        "account": ledger_address(account, span, **narrow),
        "opening": ledger_address(account, span.before(), **narrow) if span.first else "",
        "debits": ledger_address(account, span, **narrow, side="debit"),
        "credits": ledger_address(account, span, **narrow, side="credit"),
        "closing": ledger_address(account, span.until(), **narrow),
    }


@require_safe
@requires("ledger.export_posting")
def trial_balance_export(request: HttpRequest) -> HttpResponseBase:
    span = Period(request.GET, **company_time()).span
    kind = exported_as(request, "trial balance", **span_facts(span))
    with one_moment():
        lines = trial_lines(trial_balance_of(span))
    return export(lines, TRIAL_COLUMNS, file_name("trial-balance", span), kind)
