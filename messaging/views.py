"""The list of SMS, and sending one again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as say
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from common.paging import page_of
from common.phone import display_phone
from common.words import _
from messaging import selectors, services
from messaging.badges import message_badge
from messaging.forms import MessageFilter, ResendMessage
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


@require_http_methods(["GET", "POST"])
@requires("messaging.resend_message")
def message_resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the same text again, to the same or another number; buys no token."""
    message = get_object_or_404(Message.objects.select_related("connection"), public_id=public_id)
    form = ResendMessage(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            new = services.resend_message(
                message_id=message.pk,
                actor=_actor(request),
                phone=form.cleaned_data["phone"],
            )
        except DomainError as refusal:
            form.add_error("phone", str(refusal))
        else:
            said = say("On its way again to %(phone)s.") % {"phone": display_phone(new.phone)}
            messages.success(request, said)
            return redirect(_next(request))
    context = {
        "message": message,
        "badge": message_badge(message),
        "form": form,
        "next": _next(request),
    }
    status = 422 if form.errors else 200
    return render(request, "messaging/message_resend.html", context, status=status)


@require_POST
@requires("messaging.resend_message")
def message_dismiss(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an undelivered SMS off the inbox."""
    message = get_object_or_404(Message, public_id=public_id)
    try:
        services.dismiss_message(message_id=message.pk, actor=_actor(request))
    except DomainError as refusal:
        form = ResendMessage({})
        form.add_error(None, str(refusal))
        context = {
            "message": message,
            "badge": message_badge(message),
            "form": form,
            "next": _next(request),
        }
        return render(request, "messaging/message_resend.html", context, status=422)
    messages.success(request, say("Off the inbox. The SMS stays in the list."))
    return redirect(_next(request))


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _next(request: HttpRequest) -> str:
    """Return where to go afterwards: a page of this host that was asked for, else the list."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if asked and is_ours else reverse("messaging:message-list")
