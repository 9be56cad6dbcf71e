"""The first page after the log-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires


@require_safe
@requires("desk.view_home")
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/home.html", {"now": timezone.now()})
