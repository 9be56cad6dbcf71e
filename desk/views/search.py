"""One box for everything: names, phones, device numbers, receipts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.models import User
from common.filters import clean_query
from desk import finding
from desk.customer_filter import USUAL
from tenants.scope import current_company


@require_safe
@requires("desk.view_home")
def search(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    text = clean_query(request.GET.get("q", ""))
    company = current_company()
    if text and (url := finding.exact_url(company, user, text)):
        return redirect(url)
    hits = finding.hits(company, user, text) if text else None
    return render(request, "desk/search.html", {"q": text, "hits": hits, "columns": USUAL})
