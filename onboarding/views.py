"""Pages of the public host, and a company's own settings."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from onboarding.forms import MoneySettings
from onboarding.services import change_company
from tenants.models import Company
from tenants.scope import current_company
from tenants.selectors import public_address


def landing(request: HttpRequest) -> HttpResponse:
    context = {
        "may_sign_up": settings.SIGN_UP_IS_OPEN,
        "host": public_address().partition("://")[2],
    }
    return render(request, "onboarding/landing.html", context)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


@require_http_methods(["GET", "POST"])
@requires("tenants.change_company")
def money_settings(request: HttpRequest) -> HttpResponse:
    """What payments and refunds follow: read fresh, so that nobody saves what another changed."""
    company = Company.objects.get(pk=current_company().pk)
    form = MoneySettings(request.POST if request.method == "POST" else None, company=company)
    if request.method == "POST" and form.is_valid():
        user = request.user
        assert isinstance(user, User)
        try:
            changed = change_company(company=company, actor=user, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            said = _("Saved. The next payment or refund follows it.")
            messages.success(request, said if changed else _("Nothing was changed."))
            return redirect("onboarding:money-settings")
    context = {"form": form, "currency": company.currency}
    status = 422 if form.errors else 200
    return render(request, "onboarding/money_settings.html", context, status=status)
