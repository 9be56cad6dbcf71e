"""The list of SMS, and sending one again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import requires
from common.paging import page_of
from common.words import _
from messaging import selectors
from messaging.badges import message_badge
from messaging.forms import MessageFilter
from messaging.length import sms_count
from messaging.models import Message
from tenants.scope import current_company


@require_GET
@requires("messaging.view_message")
def message_list(request: HttpRequest) -> HttpResponse:
    """SMS that we wrote, newest first."""
    form = MessageFilter(request.GET)
    asked = form.asked()
    found = selectors.message_list(country=current_company().country, asked=asked)
    page = page_of(found, request.GET)
    rows = [(each, message_badge(each), sms_count(each.text)) for each in page.rows]
    context = {
        "form": form,
        "chips": form.chips(),
        "params": request.GET,
        "page": page,
        "rows": rows,
        "is_new": not page.total and not Message.objects.exists(),
        "find": _find(reverse("messaging:message-list"), asked.get("q", "")),
    }
    return render(request, "messaging/message_list.html", context)


@require_GET
@requires("messaging.view_message")
def incoming_list(request: HttpRequest) -> HttpResponse:
    """SMS that people sent to us, newest first."""
    form = MessageFilter(request.GET)
    asked = form.asked()
    found = selectors.incoming_list(country=current_company().country, asked=asked)
    context = {
        "page": page_of(found, request.GET),
        "q": asked.get("q", ""),
        "find": _find(reverse("messaging:incoming-list"), asked.get("q", "")),
    }
    return render(request, "messaging/incoming_list.html", context)


def _find(url: str, text: str) -> dict[str, object]:
    return {"url": url, "label": _("Find in messages"), "q": text}
