"""A person's own account."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.access import may, requires
from accounts.forms.own import ChangeProfile, ChooseLanguage
from accounts.middleware import remember_language
from accounts.models import User


@require_http_methods(["GET", "POST"])
@requires("accounts.change_profile")
def profile(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    initial = {"name": user.name, "language": user.language, "wants_alerts": user.wants_alerts}
    gets_alerts = may(user, "watch.change_limits")
    form = ChangeProfile(request.POST or None, initial=initial, gets_alerts=gets_alerts)
    if request.method == "POST" and form.is_valid():
        services.change_profile(user_id=user.pk, actor=user, **form.cleaned_data)
        messages.success(request, say("Saved."))
        return remember_language(redirect("accounts:profile"), form.cleaned_data["language"])
    status = 422 if form.errors else 200
    return render(request, "accounts/profile.html", {"form": form}, status=status)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember a language in this browser. Open before the log-in, whose page offers it."""
    form = ChooseLanguage(request.POST)
    if not form.is_valid():
        return redirect("/")
    there = form.cleaned_data["next"]
    if not url_has_allowed_host_and_scheme(there, allowed_hosts=None) or not there.startswith("/"):
        there = "/"
    return remember_language(HttpResponseRedirect(there), form.cleaned_data["language"])
