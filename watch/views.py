"""Did it run? And how long things may wait."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import may, requires
from accounts.models import User
from common.clock import database_now
from tenants.jobs import job_named
from tenants.models import JobFailure
from tenants.scope import current_company
from watch import selectors, services
from watch.forms import ChangeLimits
from watch.job_lines import error_words, job_lines
from watch.measuring import limits


@require_safe
@requires("watch.view_running")
def running(request: HttpRequest) -> HttpResponse:
    context = {
        "running": selectors.running(current_company(), database_now()),
        "may_change": may(request.user, "watch.change_limits"),
        "may_connect": may(request.user, "plugins.view_connection"),
    }
    return render(request, "watch/running.html", context)


@require_safe
@requires("watch.view_running")
def job(request: HttpRequest, name: str) -> HttpResponse:
    if job_named(name) is None:
        raise Http404(name)
    lines = job_lines(current_company(), database_now())
    line = next(each for each in lines if each.job.name == name)
    failed = JobFailure.objects.filter(record=line.record).order_by("-pk") if line.record else []
    context = {"line": line, "failures": [(each, error_words(each.error)) for each in failed]}
    return render(request, "watch/job.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("watch.change_limits")
def change_limits(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = ChangeLimits(request.POST or None, allowed=limits())
    if request.method == "POST" and form.is_valid():
        services.change_limits(minutes=form.cleaned_data, actor=request.user)
        messages.success(request, say("Saved."))
        return redirect("watch:running")
    status = 422 if form.errors else 200
    return render(request, "watch/limits.html", {"form": form}, status=status)
