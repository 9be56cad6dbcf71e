"""Settings > Plug-ins: who brings money in, whose devices get tokens, who carries SMS."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as say
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import may, requires
from accounts.models import User
from common.badges import Badge
from common.clock import midnight, today_in
from common.filters import clean_query
from common.formats import full_day
from common.paging import page_of
from common.words import _
from plugins import registry, services
from plugins.badges import ATTENTION, WORKING, connection_badge
from plugins.cards import NOT_IN_USE, sections
from plugins.contracts import Kind, PaymentProvider, Plugin, SmsGateway
from plugins.figures import Figures, figures_of
from plugins.forms import PluginSettingsForm
from plugins.models import Connection, Exchange
from plugins.selectors import connection_of, webhook_addresses
from tenants.scope import current_company

CHECK_TAKES = dt.timedelta(
    minutes=2
)  # longer than any adapter's deadline: then the page stops asking
CONSEQUENCES = {
    Kind.PAYMENT: _(
        "The operator is told “not available”: it takes no money, or gives it back. What was"
        " received before goes on."
    ),
    Kind.MANUFACTURER: _(
        "No token is ordered there. Payments for its devices are still taken; their tokens wait"
        " until you switch it on again."
    ),
    Kind.SMS: _(
        "No SMS goes out through it. Another gateway that is on takes over; without one, SMS wait."
    ),
    Kind.FEED: _("No rows are handed out."),
}


@require_GET
@requires("plugins.view_connection")
def connection_list(request: HttpRequest) -> HttpResponse:
    """All plug-ins that are installed, by kind."""
    text = clean_query(request.GET.get("q", ""))
    context = {
        "sections": sections(text, _start_of_day()),
        "q": text,
        "find": {
            "url": reverse("plugins:connection-list"),
            "label": _("Find in plug-ins"),
            "q": text,
        },
    }
    return render(request, "plugins/connection_list.html", context)


def _start_of_day() -> dt.datetime:
    zone = current_company().timezone
    return midnight(today_in(zone, timezone.now()), zone)


def _adapter_or_404(slug: str) -> type[Plugin]:
    try:
        return registry.get(slug)
    except registry.UnknownPlugin:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
@requires("plugins.view_connection")
def connection(request: HttpRequest, slug: str) -> HttpResponse:
    """The settings of one plug-in, its addresses and its day; POST saves."""
    adapter = _adapter_or_404(slug)
    row = connection_of(slug)
    if request.method == "POST":
        if not may(request.user, "plugins.change_connection"):
            raise PermissionDenied("plugins.change_connection")
        return _save(request, adapter)
    form = adapter.settings_form(initial=row.settings if row else None, stored_secrets=_stored(row))
    return _page(request, adapter, row, form)


def _save(request: HttpRequest, adapter: type[Plugin]) -> HttpResponse:
    """Save what was entered, and have it checked unless only saving was asked for."""
    slug = adapter.slug
    data = {name: request.POST.get(name, "") for name in request.POST}
    try:
        row = services.connect_plugin(slug=slug, data=data, actor=_actor(request))
    except services.SettingsRefused:
        before = connection_of(slug)
        form = adapter.settings_form(request.POST, stored_secrets=_stored(before))
        form.is_valid()
        return _page(request, adapter, before, form)
    if request.POST.get("check") == "no":
        messages.success(request, say("Saved. The connection was not checked."))
    else:
        services.ask_check(connection_id=row.pk)
        messages.success(request, say("Saved. The connection is being checked."))
    return redirect("plugins:connection", slug)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _stored(row: Connection | None) -> frozenset[str]:
    return (
        frozenset(name for name, value in (row.secrets or {}).items() if value)
        if row
        else frozenset()
    )


def _page(
    request: HttpRequest, adapter: type[Plugin], row: Connection | None, form: PluginSettingsForm
) -> HttpResponse:
    _dress(form, row)
    today = figures_of([row], _start_of_day()).get(adapter.slug) if row else None
    context = {
        "adapter": adapter,
        "slug": adapter.slug,
        "label": adapter.label,
        "description": adapter.description,
        "connection": row,
        "badge": _badge(row, today),
        "form": form,
        "may_change": may(request.user, "plugins.change_connection"),
        "addresses": _addresses(adapter, row),
        "today": today,
        "check_is_late": _is_late(row),
        **_last_exchanges(row),
    }
    status = 422 if form.errors else 200
    return render(request, "plugins/connection.html", context, status=status)


def _badge(row: Connection | None, today: Figures | None) -> Badge:
    if row is None:
        return NOT_IN_USE
    badge = connection_badge(row)
    return ATTENTION if badge == WORKING and today and today.trouble else badge


def _dress(form: PluginSettingsForm, row: Connection | None) -> None:
    """Say of each stored secret since when and by whom, and that leaving it empty keeps it."""
    form.use_required_attribute = False
    marks = row.secret_marks if row else {}
    for name in form.secret_names() & form.stored_secrets:
        field = form.fields[name]
        field.required = True  # it is stored: "(optional)" would say something else
        said = _mark_words(marks.get(name) or {})
        field.help_text = f"{field.help_text} {said}".strip()


def _mark_words(mark: dict[str, str]) -> str:
    if not mark.get("at"):
        return say("Stored. Nobody can read it again. Leave empty to keep it.")
    language = translation.get_language() or "en"
    facts = {
        "day": full_day(dt.datetime.fromisoformat(mark["at"]).date(), language),
        "name": mark.get("by") or say("a command"),
    }
    return (
        say("Stored on %(day)s by %(name)s. Nobody can read it again. Leave empty to keep it.")
        % facts
    )


def _addresses(adapter: type[Plugin], row: Connection | None) -> list[tuple[str, Any, str]]:
    """Return key, label and address of each webhook; none before the plug-in is set up."""
    if row is None or not issubclass(adapter, PaymentProvider | SmsGateway):
        return []
    labels = {action.name: action.label for action in adapter.actions}
    found = webhook_addresses(current_company(), row)
    return [(f"address-{name}", labels[name], address) for name, address in found.items()]


def _last_exchanges(row: Connection | None) -> dict[str, Any]:
    """Return the last call that worked and the last that did not."""
    if row is None:
        return {}
    calls = row.exchanges.order_by("-at")
    return {
        "last_good": calls.filter(error="", status__lt=400).first(),
        "last_bad": calls.exclude(error="", status__lt=400).first(),
    }


def _is_late(row: Connection | None) -> bool:
    if row is None or row.check_state != Connection.CheckState.ASKED or not row.check_asked_at:
        return False
    return timezone.now() - row.check_asked_at > CHECK_TAKES


def _connection_or_404(slug: str) -> Connection:
    _adapter_or_404(slug)
    return get_object_or_404(Connection, plugin=slug)


@require_http_methods(["GET", "POST"])
@requires("plugins.view_connection")
def connection_check(request: HttpRequest, slug: str) -> HttpResponse:
    """How the check stands, for the page that asks every two seconds; POST asks for a new one."""
    row = _connection_or_404(slug)
    if request.method == "POST":
        try:
            row = services.ask_check(connection_id=row.pk)
        except services.NotSetUp as refusal:
            messages.error(request, str(refusal))
            return redirect("plugins:connection", slug)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("plugins:connection", slug)
    context = {"connection": row, "slug": slug, "check_is_late": _is_late(row)}
    return render(request, "plugins/_connection_check.html", context)


@require_http_methods(["GET", "POST"])
@requires("plugins.change_connection")
def connection_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switching off asks first, on a page that says what follows; switching on does not."""
    adapter = _adapter_or_404(slug)
    row = _connection_or_404(slug)
    if request.method == "GET":
        context = {
            "slug": slug,
            "label": adapter.label,
            "connection": row,
            "consequence": CONSEQUENCES[adapter.kind],
        }
        return render(request, "plugins/connection_switch.html", context)
    is_on = request.POST.get("is_on") == "yes"
    try:
        services.switch_connection(connection_id=row.pk, is_on=is_on, actor=_actor(request))
    except services.NotSetUp as refusal:
        messages.error(request, str(refusal))
        return redirect("plugins:connection", slug)
    words = say("Switched on. The connection is being checked.") if is_on else say("Switched off.")
    messages.success(request, words)
    return redirect("plugins:connection", slug)


@require_GET
@requires("plugins.view_exchange")
def exchange_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every request of ours and its answer, secrets blanked, newest first."""
    adapter = _adapter_or_404(slug)
    row = _connection_or_404(slug)
    exchanges = Exchange.objects.filter(connection=row).order_by("-at", "-pk")
    if request.GET.get("only") == "failed":
        exchanges = exchanges.exclude(error="", status__lt=400)
    context = {
        "slug": slug,
        "label": adapter.label,
        "page": page_of(exchanges, request.GET),
        "only": "failed" if request.GET.get("only") == "failed" else "",
    }
    return render(request, "plugins/exchange_list.html", context)
