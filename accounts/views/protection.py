"""Protected pages: the prompt before them, and the page on which owners choose what they are."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.access import may, requires
from accounts.forms.protection import ChangeProtection, GivePassword, ResetPassword
from accounts.models import Protection, User
from accounts.prompt import safe_next
from accounts.protection import (
    DEFAULT_GROUPS,
    PAGE_GROUPS,
    current_protection,
    is_open,
    open_for,
    shut,
)
from accounts.selectors import active_owners
from common.errors import DomainError


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


# --- the prompt -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.change_profile")
def prompt(request: HttpRequest) -> HttpResponse:
    """Ask for the company's second password, then go on to the page that was asked for."""
    protection = current_protection()
    given = request.POST if request.method == "POST" else request.GET
    onwards = safe_next(given.get("next", ""))
    if protection is None:
        return redirect(onwards)
    form = GivePassword(request.POST or None, initial=request.GET.dict() | {"next": onwards})
    if request.method == "POST" and form.is_valid() and _opens(request, form):
        return redirect(onwards)
    context = _prompt_context(request, form, protection, onwards)
    return render(request, "accounts/prompt.html", context, status=422 if form.errors else 200)


def _opens(request: HttpRequest, form: GivePassword) -> bool:
    try:
        given = form.cleaned_data["password"]
        protection = services.check_protected_password(password=given, user=_user(request))
    except DomainError as refusal:
        form.add_error("password", str(refusal))
        return False
    open_for(request, protection)
    return True


def _prompt_context(
    request: HttpRequest, form: GivePassword, protection: Protection, onwards: str
) -> dict[str, Any]:
    given = request.POST if request.method == "POST" else request.GET
    return {
        "form": form,
        "protection": protection,
        "group": PAGE_GROUPS.get(given.get("group", "")),
        "was_sent": bool(given.get("sent")),
        "onwards": onwards,
        "may_reset": may(request.user, "accounts.change_protection"),
        "owners": active_owners(),
    }


# --- what is protected ----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.change_protection")
def protected_pages(request: HttpRequest) -> HttpResponse:
    """Which pages ask for the second password, for how long, and the password itself."""
    protection = current_protection()
    form = ChangeProtection(
        request.POST or None, initial=_initial(protection), protection=protection
    )
    if request.method == "POST" and form.is_valid() and _changes(request, form, protection):
        messages.success(request, say("Saved."))
        return redirect("accounts:protected-pages")
    context = {
        "form": form,
        "protection": protection,
        "is_open": protection is not None and is_open(request, protection),
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/protected_pages.html", context, status=status)


def _initial(protection: Protection | None) -> dict[str, Any]:
    if protection is None:
        return {"groups": DEFAULT_GROUPS, "minutes": Protection.MINUTES}
    return {"groups": protection.groups, "minutes": protection.minutes}


def _changes(request: HttpRequest, form: ChangeProtection, protection: Protection | None) -> bool:
    wanted = {name: form.cleaned_data[name] for name in ("groups", "minutes")}
    new, actor = form.cleaned_data["password"], _user(request)
    try:
        if protection is None:
            changed = services.protect(password=new, actor=actor, **wanted)
        else:
            old = form.cleaned_data["old_password"]
            changed = services.change_protection(
                old_password=old, new_password=new, actor=actor, **wanted
            )
    except (services.WrongProtectedPassword, services.TooManyTries) as refusal:
        form.add_error("old_password", str(refusal))
        return False
    except services.WeakPassword as refusal:
        form.add_error("password", str(refusal))
        return False
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    open_for(request, changed)
    return True


@require_POST
@requires("accounts.change_protection")
def shut_pages(request: HttpRequest) -> HttpResponse:
    """Forget in this browser that the password was given."""
    shut(request)
    messages.success(request, say("Protected pages are shut again in this browser."))
    return redirect("accounts:protected-pages")


# --- forgotten ------------------------------------------------------------------------------------


@require_POST
@requires("accounts.change_protection")
def send_reset(request: HttpRequest) -> HttpResponse:
    """Mail owners a link that lets them choose a new password."""
    try:
        sent = services.send_reset_links(actor=_user(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        if sent:
            messages.success(request, say("Every owner has a link in the mail, good for an hour."))
        else:
            messages.error(request, say("The mail server took no mail. Try again in five minutes."))
    return redirect("accounts:protected-pages")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.change_protection")
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a new password after following the link: only the owner it was mailed to, logged in."""
    user = _user(request)
    if not services.was_reset_link(token, user):
        return render(request, "accounts/protection_reset.html", {"form": None}, status=410)
    form = ResetPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"]
        try:
            protection = services.reset_protected_password(
                token=token, password=password, actor=user
            )
        except DomainError as refusal:
            form.add_error("password", str(refusal))
        else:
            open_for(request, protection)
            messages.success(request, say("The new password stands. The old one opens nothing."))
            return redirect("accounts:protected-pages")
    status = 422 if form.errors else 200
    return render(request, "accounts/protection_reset.html", {"form": form}, status=status)
