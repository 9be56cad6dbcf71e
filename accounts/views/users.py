"""The company's users, as owners and admins manage them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.access import requires
from accounts.forms.users import Invite, RoleForm, UserFilter
from accounts.models import Invitation, User
from common.badges import Badge, Tone
from common.clock import database_now
from common.errors import DomainError
from common.paging import page_of
from common.words import _

LIST = "accounts:user-list"


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


# --- the list -------------------------------------------------------------------------------------


@require_safe
@requires("accounts.view_user")
def user_list(request: HttpRequest) -> HttpResponse:
    form = UserFilter(request.GET)
    asked = form.asked()
    page = page_of(selectors.users(asked), request.GET)
    actor = actor_of(request)
    context = {
        "form": form,
        "chips": form.chips(),
        "params": request.GET,
        "page": page,
        "rows": [(user, user_badge(user)) for user in page.rows],
        "invitations": _invitations(actor),
        "is_first": page.total == 1 and not asked,
        "find": {"url": reverse(LIST), "label": _("Find in users"), "q": asked.get("q", "")},
    }
    return render(request, "accounts/user_list.html", context)


def user_badge(user: User) -> Badge:
    if user.is_active:
        return Badge(Tone.GOOD, _("Active"), is_bare=True)
    return Badge(Tone.QUIET, _("Switched off"))


def _invitations(actor: User) -> list[tuple[Invitation, Badge, bool]]:
    """Return each open invitation with its state, and whether this user may send or withdraw it."""
    now = database_now()
    return [
        (each, _invitation_badge(each, is_late=each.expires_at <= now), _may_send(actor, each))
        for each in selectors.open_invitations()
    ]


def _invitation_badge(invitation: Invitation, *, is_late: bool) -> Badge:
    if is_late:
        return Badge(Tone.WARN, _("Too old"))
    if invitation.mailed_at is None:
        return Badge(Tone.BAD, _("Mail not sent"))
    return Badge(Tone.BUSY, _("Invited"))


def _may_send(actor: User, invitation: Invitation) -> bool:
    return services.may_grant(actor, invitation.role)


# --- invitations ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.change_user")
def invite(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    initial = {"role": User.Role.USER}
    form = Invite(request.POST or None, actor=actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite(**form.cleaned_data, actor=actor)
        except DomainError as refusal:
            form.add_error("email", str(refusal))
        else:
            _say_mailed(request, invitation)
            return redirect(LIST)
    status = 422 if form.errors else 200
    return render(request, "accounts/invite.html", {"form": form}, status=status)


def _say_mailed(request: HttpRequest, invitation: Invitation) -> None:
    facts = {"email": invitation.email}
    if invitation.mailed_at:
        messages.success(request, say("The invitation is on its way to %(email)s.") % facts)
    else:
        text = say("The mail server did not take the mail to %(email)s. Send the invitation again.")
        messages.error(request, text % facts)


@require_POST
@requires("accounts.change_user")
def invitation_resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    invitation = get_object_or_404(Invitation, public_id=public_id)
    try:
        sent = services.resend_invitation(invitation_id=invitation.pk, actor=actor_of(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        _say_mailed(request, sent)
    return redirect(LIST)


@require_POST
@requires("accounts.change_user")
def invitation_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    invitation = get_object_or_404(Invitation, public_id=public_id)
    try:
        services.withdraw_invitation(invitation_id=invitation.pk, actor=actor_of(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        text = say("Withdrawn: the link to %(email)s works no more.")
        messages.success(request, text % {"email": invitation.email})
    return redirect(LIST)


# --- one user -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.view_user")
def user(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One user, with what may be done about them."""
    found = get_object_or_404(selectors.users({}), public_id=public_id)
    actor = actor_of(request)
    refusal = services.refusal_of(actor, found)
    context = {
        "person": found,
        "badge": user_badge(found),
        "refusal": refusal,
        "role_form": None if refusal else RoleForm(actor=actor, initial={"role": found.role}),
        "is_self": actor.pk == found.pk,
        "audit_url": f"{reverse('desk:audit')}?person={found.public_id}",
    }
    return render(request, "accounts/user_detail.html", context)


@require_POST
@requires("accounts.change_user")
def user_role(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found, actor = get_object_or_404(User, public_id=public_id), actor_of(request)
    form = RoleForm(request.POST, actor=actor)
    if not form.is_valid():
        messages.error(request, say("Choose one of the roles."))
        return redirect("accounts:user", public_id)
    role = form.cleaned_data["role"]

    def act() -> str:
        changed = services.change_role(user_id=found.pk, role=role, actor=actor)
        facts = {"name": changed, "role": changed.get_role_display()}
        return say("%(name)s has the role “%(role)s” now.") % facts

    return _act(request, found, act)


@dataclass(frozen=True, slots=True)
class Step:
    """Something about a user that is asked once before it is done."""

    question: Any
    facts: tuple[tuple[Any, Any], ...]
    button: Any
    back: Any
    is_danger: bool = False


STEPS = {
    "off": Step(
        _("Switch off %(name)s?"),
        (
            (_("Sessions"), _("End at once, in every browser")),
            (_("What they did"), _("Stays, with their name")),
            (_("Invitations they sent"), _("Work no more")),
        ),
        _("Switch off"),
        _("Keep it on"),
        is_danger=True,
    ),
    "on": Step(
        _("Let %(name)s in again?"),
        ((_("Log-in"), _("With the password and second step of before")),),
        _("Switch on"),
        _("Keep it off"),
    ),
    "second-step": Step(
        _("Take the second step off %(name)s?"),
        (
            (_("From then on"), _("The password alone lets them in")),
            (_("They are told"), _("By e-mail, with your name")),
            (_("Before"), _("Make sure on another way that it is them who ask")),
        ),
        _("Take it off"),
        _("Keep it on"),
        is_danger=True,
    ),
    "password": Step(
        _("Mail %(name)s a link for a new password?"),
        ((_("Until they use it"), _("The old password stays")),),
        _("Mail the link"),
        _("Send nothing"),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.change_user")
def user_step(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Ask, then do, one of ``STEPS``."""
    found, actor = get_object_or_404(User, public_id=public_id), actor_of(request)
    if request.method == "POST":
        return _act(request, found, lambda: _do(request, step, found, actor))
    asked = STEPS[step]
    refusal = services.refusal_of(actor, found)
    if refusal is not None:
        messages.error(request, str(refusal))
        return redirect("accounts:user", public_id)
    context = {"person": found, "step": asked, "question": str(asked.question) % {"name": found}}
    return render(request, "accounts/user_step.html", context)


def _do(request: HttpRequest, step: str, user: User, actor: User) -> str:
    """Do it; return what to say. :raises DomainError: refused"""
    facts = {"name": user, "email": user.email}
    if step == "off":
        services.deactivate_user(user_id=user.pk, actor=actor)
        return say("%(name)s is switched off and logged out everywhere.") % facts
    if step == "on":
        services.reactivate_user(user_id=user.pk, actor=actor)
        return say("%(name)s can log in again.") % facts
    if step == "password":
        services.send_password_link(user_id=user.pk, actor=actor, request=request)
        return say("The link is on its way to %(email)s.") % facts
    if services.remove_second_step(user_id=user.pk, actor=actor):
        return say("The second step of %(name)s is off. They were told by e-mail.") % facts
    return say("%(name)s had no second step.") % facts


def _act(request: HttpRequest, user: User, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("accounts:user", user.public_id)
