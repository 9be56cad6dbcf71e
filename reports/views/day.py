"""The closing report of a day, and the tokens behind it."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires
from common.clock import today_in
from common.moment import one_moment
from common.paging import page_of
from reports.books.closing import closing_of
from reports.books.periods import ONE_DAY, is_a_day
from reports.books.tokens import issued_orders
from reports.forms import Day, Period
from reports.views.parts import company_time, usual_periods
from tenants.scope import current_company


@require_safe
@requires("ledger.view_posting")
@one_moment()
def day_report(request: HttpRequest) -> HttpResponse:
    """What came in on a day, where it went, and what stands open at its end; today without a day."""
    company, now = current_company(), timezone.now()
    today = today_in(company.timezone, now)
    day = _asked_day(request) or today
    context = {
        "form": Day({"day": day}),
        "day": day,
        "today": today,
        "report": closing_of(day, company.timezone),
        "currency": company.currency,
        "now": now,
        "before_url": _address(day - ONE_DAY),
        "after_url": _address(day + ONE_DAY) if day < today else "",
    }
    return render(request, "reports/day_report.html", context)


def _asked_day(request: HttpRequest) -> dt.date | None:
    form = Day(request.GET)
    day: dt.date | None = form.cleaned_data["day"] if form.is_valid() else None
    return day if is_a_day(day) else None


def _address(day: dt.date) -> str:
    return f"{reverse('reports:day')}?day={day.isoformat()}"


@require_safe
@requires("ledger.view_posting")
@one_moment()
def token_list(request: HttpRequest) -> HttpResponse:
    """Tokens that were ordered in a period and issued since, newest first."""
    form = Period(request.GET, **company_time())
    page = page_of(issued_orders(form.span).select_related("device__customer"), request.GET)
    context = {
        "form": form,
        "params": request.GET,
        "span": form.span,
        "page": page,
        "currency": current_company().currency,
        "periods": usual_periods(request, form.span),
    }
    return render(request, "reports/token_list.html", context)
