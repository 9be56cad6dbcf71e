"""Where one is logged in, and logging out everywhere else."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_POST, require_safe

from accounts import services, sessions
from accounts.access import requires
from accounts.models import User


@require_safe
@requires("accounts.change_profile")
def session_list(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    context = {
        "browsers": sessions.browsers(request.user, str(request.session.session_key)),
        "idle_hours": settings.SESSION_IDLE_SECONDS // 3600,
        "most_days": settings.SESSION_COOKIE_AGE // (24 * 3600),
    }
    return render(request, "accounts/session_list.html", context)


@require_POST
@requires("accounts.change_profile")
def end_others(request: HttpRequest) -> HttpResponse:
    """End all sessions but this one."""
    user = request.user
    assert isinstance(user, User)
    services.log_out_elsewhere(user=user, session_key=str(request.session.session_key))
    update_session_auth_hash(request, user)
    sessions.begin(request, user)
    messages.success(request, say("You are logged out everywhere but here."))
    return redirect("accounts:session-list")
