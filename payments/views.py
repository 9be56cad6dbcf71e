"""The list of payments."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import may, requires
from common.clock import today_in
from common.paging import address_with
from common.words import _
from payments import selectors
from payments.forms import PaymentFilter
from tenants.models import Company
from tenants.scope import current_company


@require_GET
@requires("payments.view_payment")
def payment_list(request: HttpRequest) -> HttpResponse:
    """Payments, newest first; a number that is exactly one payment's opens it at once."""
    form = PaymentFilter(request.GET, connections=selectors.payment_connections())
    asked = form.asked()
    hit = selectors.exact_hit(asked.get("q", ""))
    if hit:
        return redirect("desk:payment", hit.public_id)
    company, now = current_company(), timezone.now()
    payments = selectors.payment_list(company=company, now=now, asked=asked)
    before = selectors.Cursor.read(request.GET.get("before", ""))
    page = selectors.payment_page(payments, zone=company.timezone, before=before)
    today = today_in(company.timezone, now)
    context = {
        "form": form,
        "asked": asked,
        "page": page,
        "today": today,
        "span": selectors.span_of(asked["period"], today, asked.get("since"), asked.get("until")),
        "find": {
            "url": reverse("payments:payment-list"),
            "label": _("Find in payments"),
            "q": asked.get("q", ""),
        },
        **_addresses(request, company, form, asked, page),
    }
    return render(request, "payments/payment_list.html", context)


def _addresses(
    request: HttpRequest,
    company: Company,
    form: PaymentFilter,
    asked: dict[str, Any],
    page: selectors.PaymentPage,
) -> dict[str, Any]:
    """Return the links of the list: older, newest, all months, one filter less, exports."""
    params = request.GET
    exports = []
    if may(request.user, "payments.export_payment"):
        for kind in ("csv", "xlsx"):
            query = address_with(params, before=None, format=kind)
            exports.append((kind.upper(), reverse("desk:payment-export") + query))
    return {
        "currency": company.currency,
        "older_url": address_with(params, before=page.older) if page.older else "",
        "newest_url": address_with(params, before=None) if params.get("before") else "",
        "all_months_url": address_with(params, before=None, period=selectors.Period.ALL),
        "chips": _chips(request, form, asked),
        "exports": exports,
        "may_reconcile": may(request.user, "payments.reconcile"),
        "is_new": not page.count and not selectors.has_payments(),
    }


def _chips(
    request: HttpRequest, form: PaymentFilter, asked: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return each filter that is set, in words, with the address without it."""
    chips = []
    for name in ("q", "state", "via"):
        if asked.get(name):
            field = form.fields[name]
            choices = dict(getattr(field, "choices", ()))
            word = choices.get(asked[name], f"“{asked[name]}”")
            url = address_with(request.GET, before=None, **{name: None})
            chips.append((f"{field.label}: {word}", url))
    return chips
