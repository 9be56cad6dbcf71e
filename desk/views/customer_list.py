"""The list of customers: searched while typing, filtered, sorted, with chosen columns, as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, requires
from accounts.audit import audit
from common.paging import address_with, page_of
from common.words import _
from customers.models import Customer
from desk.customer_filter import (
    COOKIE,
    COOKIE_SECONDS,
    ChooseColumns,
    CustomerFilter,
    ShownColumn,
    columns_of,
)
from desk.customer_list import customer_rows, customers_asked
from desk.exports import CUSTOMER_COLUMNS, customer_lines
from desk.views.customers import asked_format, export_links
from desk.views.deciding import actor_of
from reports.exports import export
from tenants.scope import current_company


@require_safe
@requires("customers.view_customer")
def customer_list(request: HttpRequest) -> HttpResponse:
    """Customers, as a page or, while somebody types, as the part below its heading."""
    form = CustomerFilter(request.GET)
    asked = form.asked()
    company, back = current_company(), address_with(request.GET, after=None)
    page = page_of(customers_asked(company, asked, now=timezone.now()), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": customer_rows(page.rows),
        "columns": columns_of(request),
        "all_columns": ShownColumn,
        "chips": form.chips(),
        "params": request.GET,
        "back": back,
        "currency": company.currency,
        "exports": export_links(request, "customers.export_customer", "desk:customer-export"),
        "may_register": may(request.user, "customers.add_customer"),
        "is_new": not page.total and not Customer.objects.exists(),
        "find": {
            "url": reverse("desk:customer-list"),
            "label": _("Find in customers"),
            "q": asked.get("q", ""),
            "live": "#customers",
        },
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        response = render(request, "desk/_customer_list.html", context)
        response.headers["HX-Replace-Url"] = reverse("desk:customer-list") + back
        return response
    return render(request, "desk/customer_list.html", context)


@require_safe
@requires("customers.export_customer")
def customer_export(request: HttpRequest) -> HttpResponseBase:
    """The list as it is filtered, as a file."""
    kind = asked_format(request)
    form = CustomerFilter(request.GET)
    customers = customers_asked(current_company(), form.asked(), now=timezone.now())
    customers = customers.select_related(
        "village__mini_grid__cluster", "connection_type", "connection_group"
    )
    audit(actor=actor_of(request), action="customers.exported", format=kind)
    return export(customer_lines(customers), CUSTOMER_COLUMNS, "customers", kind)


@require_POST
@requires("customers.view_customer")
def customer_columns(request: HttpRequest) -> HttpResponse:
    """Remember in this browser which columns are shown, and lead back to the list as it was."""
    form = ChooseColumns(request.POST)
    address = reverse("desk:customer-list")
    if not form.is_valid():
        return redirect(address)
    asked = QueryDict(form.cleaned_data["back"].removeprefix("?")).urlencode()
    response = redirect(f"{address}?{asked}" if asked else address)
    response.set_cookie(
        COOKIE,
        form.chosen(),
        max_age=COOKIE_SECONDS,
        path=address,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response
