"""Find my company: the same answer for everybody, in the same time."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from common import limits
from onboarding.signup import doors, finding
from onboarding.signup.doors import HOUR
from onboarding.signup.forms import FindCompany

MOST_OF_SENDER = 20
MOST_TO_EMAIL = 3


@require_http_methods(["GET", "POST"])
def find_company(request: HttpRequest) -> HttpResponse:
    """Ask for a mail with the addresses of one's companies."""
    form = FindCompany(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not doors.is_allowed(request, "find", most=MOST_OF_SENDER):
            return doors.too_many(request)
        email = form.cleaned_data["email"]
        # Said to nobody: who asks too often for somebody else's e-mail learns nothing.
        if limits.is_allowed("signup.find_for", email, most=MOST_TO_EMAIL, seconds=HOUR):
            finding.ask(email=email)
        return redirect("find-company-sent")
    status = 422 if form.errors else 200
    return render(request, "onboarding/find_company.html", {"form": form}, status=status)


@require_GET
def find_company_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "onboarding/find_company_sent.html")
