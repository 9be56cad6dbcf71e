"""One box for everything: names, phones, device numbers, receipts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import requires


@require_safe
@requires("desk.view_home")
def search(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/search.html", {"q": request.GET.get("q", "")})
