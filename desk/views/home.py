"""The first page after the log-in: is everything all right, and how much?"""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import may, requires
from desk import charts, setup, today
from desk.running import running_lines
from desk.waiting import waiting
from tenants.models import Company
from tenants.scope import current_company


@require_safe
@requires("desk.view_home")
def home(request: HttpRequest) -> HttpResponse:
    company, now = current_company(), timezone.now()
    steps = setup.steps()
    is_new = not steps[-1].is_done
    context = {
        "now": now,
        "currency": company.currency,
        "waiting": waiting(company, now=now),
        "running": running_lines(),
        "steps": [] if setup.is_done(steps) else steps,
        "steps_done": sum(step.is_done for step in steps),
        "may_connect": may(request.user, "plugins.view_connection"),
        "may_see_running": may(request.user, "watch.view_running"),
        "is_new": is_new,
        **({} if is_new else _figures(company, now)),
    }
    return render(request, "desk/home.html", context)


def _figures(company: Company, now: dt.datetime) -> dict[str, Any]:
    found = today.figures(company, now=now)
    days = found.days
    sparks = {
        "total": charts.spark([day.total for day in days]),
        "count": charts.spark([day.count for day in days]),
        "kwh": charts.spark([day.kwh for day in days]),
        "seconds": charts.spark([day.median_seconds for day in days]),
    }
    last = days[-1]
    return {
        "figures": found,
        "sparks": sparks,
        "chart": charts.bar_chart([day.total for day in days]),
        "median": _span(last.median_seconds),
        "slowest": _span(last.slowest_seconds),
        "labels": [days[0].date, days[len(days) // 2].date],
    }


def _span(seconds: float | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=seconds)
