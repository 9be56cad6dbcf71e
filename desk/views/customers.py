"""The list of customers and the page of one."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.access import may, requires
from accounts.audit import audit
from accounts.models import User
from common.paging import address_with, page_of
from common.words import _
from customers.forms import CustomerFilter
from customers.models import Customer
from desk import charts
from desk.customers import customer_page, customer_rows, customers_asked
from desk.exports import CUSTOMER_COLUMNS, customer_lines
from reports.exports import Format, export
from tenants.scope import current_company


@require_safe
@requires("customers.view_customer")
def customer_list(request: HttpRequest) -> HttpResponse:
    form = CustomerFilter(request.GET)
    asked = form.asked()
    company = current_company()
    page = page_of(customers_asked(company, asked), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": customer_rows(page.rows),
        "chips": form.chips(),
        "params": request.GET,
        "currency": company.currency,
        "exports": export_links(request, "customers.export_customer", "desk:customer-export"),
        "is_new": not page.total and not Customer.objects.exists(),
        "find": {
            "url": reverse("desk:customer-list"),
            "label": _("Find in customers"),
            "q": asked.get("q", ""),
        },
    }
    return render(request, "desk/customer_list.html", context)


def export_links(request: HttpRequest, permission: str, view: str) -> list[tuple[str, str]]:
    """Return the links that save a list as it is filtered now, for those who may."""
    if not may(request.user, permission):
        return []
    return [
        (kind.upper(), reverse(view) + address_with(request.GET, after=None, format=kind))
        for kind in Format
    ]


def list_address(view: str, **query: str) -> str:
    """Return the address of a list with something asked of it."""
    return f"{reverse(view)}?{urlencode(query)}"


@require_safe
@requires("customers.export_customer")
def customer_export(request: HttpRequest) -> HttpResponseBase:
    """The list as it is filtered, as a file."""
    kind = asked_format(request)
    user = request.user
    assert isinstance(user, User)
    form = CustomerFilter(request.GET)
    customers = customers_asked(current_company(), form.asked())
    audit(actor=user, action="customers.exported", format=kind)
    return export(customer_lines(customers), CUSTOMER_COLUMNS, "customers", kind)


def asked_format(request: HttpRequest) -> Format:
    """:raises Http404: a format we do not write"""
    try:
        return Format(request.GET.get("format", Format.CSV))
    except ValueError:
        raise Http404 from None


@require_safe
@requires("customers.view_customer")
def customer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(
        Customer.objects.select_related(
            "village__mini_grid", "connection_type", "connection_group"
        ),
        public_id=public_id,
    )
    company, now = current_company(), timezone.now()
    language = translation.get_language() or "en"
    page = customer_page(company, found, now=now, language=language)
    context = {
        "customer": found,
        "page": page,
        "currency": company.currency,
        "may_refund": may(request.user, "payments.refund_payment"),
        "may_spend": may(request.user, "payments.spend_credit"),
        "payments_url": list_address("payments:payment-list", q=found.phone, period="all"),
        "messages_url": list_address("messaging:message-list", q=found.phone),
        "chart": charts.bar_chart([kwh for _month, kwh in page.energy]) if page.energy else None,
    }
    return render(request, "desk/customer_detail.html", context)
