"""One account: its lines of a period, and who has a balance on it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import requires
from common.moment import one_moment
from common.paging import MAX_OFFSET, ROWS, Page, address_with
from common.words import _
from ledger.models import KINDS, Account
from reports.books.addresses import ledger_address
from reports.books.closing import doubtful_orders
from reports.books.files import (
    BALANCE_COLUMNS,
    LEDGER_COLUMNS,
    balance_lines,
)
from reports.books.lines import Asked, ledger_page, oldest_first, subject_named
from reports.books.periods import Span
from reports.books.subjects import SUBJECTS, key_of, names_of, subjects_matching
from reports.books.sums import SubjectBalances, subject_balances
from reports.exports import export
from reports.forms import BalancesFilter, LedgerFilter
from reports.views.parts import (
    asked_account,
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
def ledger(request: HttpRequest, name: str) -> HttpResponse:
    """The lines of an account, newest first, with the balance after each."""
    account = asked_account(name)
    form = LedgerFilter(request.GET, **company_time())
    asked = form.lines_of(account)
    page = ledger_page(asked, before=_number(request.GET.get("before", "")))
    context = {
        "form": form,
        "params": request.GET,
        "chips": _chips(request, form, asked),
        "account": account,
        "kind": KINDS[account],
        "span": form.span,
        "asked": asked,
        "page": page,
        "currency": current_company().currency,
        "periods": usual_periods(request, form.span),
        "exports": export_links(request, "reports:account-export", account),
        "has_subjects": account in SUBJECTS,
        "balances_url": reverse("reports:account-balances", args=[account]),
        "older_url": address_with(request.GET, before=page.older) if page.older else "",
        "newest_url": address_with(request.GET, before=None) if request.GET.get("before") else "",
    }
    return render(request, "reports/account_ledger.html", context)


def _chips(request: HttpRequest, form: LedgerFilter, asked: Asked) -> list[tuple[str, str]]:
    """Return what narrows the lines down, each with the address without it."""
    chips = [
        (text, address_with(QueryDict(url.lstrip("?")), before=None)) for text, url in form.chips()
    ]
    if asked.subject is not None:
        label = subject_named(asked).label or asked.subject
        chips.insert(0, (str(label), address_with(request.GET, subject=None, before=None)))
    return chips


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@require_safe
@requires("ledger.export_posting")
def ledger_export(request: HttpRequest, name: str) -> HttpResponseBase:
    account = asked_account(name)
    asked = LedgerFilter(request.GET, **company_time()).lines_of(account)
    kind = exported_as(request, f"ledger of {account}", **span_facts(asked.span))
    return export(oldest_first(asked), LEDGER_COLUMNS, file_name(account, asked.span), kind)


# --- who has a balance -----------------------------------------------------------------------------------


@require_safe
@requires("ledger.view_posting")
@one_moment()
def balances(request: HttpRequest, name: str) -> HttpResponse:
    """Who has a balance on an account at the end of a day, and how much."""
    account = asked_account(name)
    form = BalancesFilter(request.GET, **company_time())
    offset = min(_number(request.GET.get("after", "")) or 0, MAX_OFFSET)
    found = _found(account, form, limit=ROWS, offset=offset)
    keys = [key_of(account, subject) for subject, _amount in found.rows]
    names = names_of(keys)
    rows = [
        (names[key], amount, _lines_address(account, form.span, subject))
        for key, (subject, amount) in zip(keys, found.rows, strict=True)
    ]
    context = {
        "form": form,
        "params": request.GET,
        "chips": _balance_chips(request, form),
        "account": account,
        "kind": KINDS[account],
        "span": form.span,
        "rows": rows,
        "standing": found.standing,
        "page": _page(request, found, offset),
        "currency": current_company().currency,
        "exports": export_links(request, "reports:account-balances-export", account),
        "ledger_url": ledger_address(account, form.span),
        "find": {
            "url": request.path,
            "label": _("Find in these balances"),
            "q": form.asked().get("q", ""),
        },
    }
    return render(request, "reports/account_balances.html", context)


def _found(account: Account, form: BalancesFilter, **page: Any) -> SubjectBalances:
    asked = form.asked()
    only = subjects_matching(account, asked["q"]) if "q" in asked else None
    if _is_doubt(account, form):
        only = sorted(
            set(doubtful_orders()).intersection(only if only is not None else doubtful_orders())
        )
    smallest_first = asked.get("sort") == "smallest"
    return subject_balances(account, form.span, only=only, smallest_first=smallest_first, **page)


def _is_doubt(account: Account, form: BalancesFilter) -> bool:
    return account == Account.ORDERED and form.params.get("doubt") == "1"


def _balance_chips(request: HttpRequest, form: BalancesFilter) -> list[tuple[str, str]]:
    chips = form.chips()
    if form.params.get("doubt") == "1":
        chips.append((str(_("In doubt now")), address_with(request.GET, doubt=None, after=None)))
    return chips


def _lines_address(account: Account, span: Span, subject: int | None) -> str:
    narrow = {} if subject is None else {"subject": subject}
    return ledger_address(account, span, **narrow)


def _page(request: HttpRequest, found: SubjectBalances, offset: int) -> Page[Any]:
    end, total = offset + len(found.rows), found.standing.count
    return Page(
        rows=[],
        total=total,
        first=offset + 1 if found.rows else 0,
        last=end,
        next_url=address_with(request.GET, after=end) if end < total else "",
        previous_url=address_with(request.GET, after=max(0, offset - ROWS) or None)
        if offset
        else "",
    )


@require_safe
@requires("ledger.export_posting")
def balances_export(request: HttpRequest, name: str) -> HttpResponseBase:
    account = asked_account(name)
    form = BalancesFilter(request.GET, **company_time())
    kind = exported_as(request, f"balances of {account}", **span_facts(form.span))
    with one_moment():
        lines = balance_lines(account, form.span, _found(account, form).rows)
    return export(lines, BALANCE_COLUMNS, file_name(f"{account}-balances", form.span), kind)
