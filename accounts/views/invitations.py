"""Accepting an invitation: open to whoever holds the link."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms.users import Accept
from common.errors import DomainError


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask for name and password, then lead to the log-in."""
    try:
        invitation = services.invitation_of(secret)
    except services.InvitationNoLongerWorks:
        return render(request, "accounts/accept.html", {"invitation": None}, status=410)
    form = Accept(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            services.accept_invitation(secret=secret, name=name, password=password)
        except services.PasswordRefused as refusal:
            form.add_error("password", str(refusal))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, say("Welcome. Log in with your e-mail and the new password."))
            return redirect("account_login")
    context = {"invitation": invitation, "form": form}
    status = 422 if form.errors else 200
    return render(request, "accounts/accept.html", context, status=status)
