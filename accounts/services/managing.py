"""What owners and admins decide about other users: role, switched off or on, password, second step.

Every decision is taken under the rows of whoever decides, of whom it is about and of all owners, in one order, so
that two owners who demote each other at once do not both succeed.
"""

from allauth.account.forms import ResetPasswordForm
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest

from accounts.access import may
from accounts.audit import audit
from accounts.mailing import send_mail
from accounts.models import OpenSession, User
from common.errors import DomainError
from common.words import _

Role = User.Role


class NotYourself(DomainError):
    message = _("Somebody else has to do this: nobody changes their own role or access.")


class OwnersOnly(DomainError):
    message = _("Only an owner makes or changes an owner.")


class LastOwner(DomainError):
    message = _("A company needs an owner who can log in. Make somebody else owner first.")


class NotAllowed(DomainError):
    message = _("Your own role was changed meanwhile: you may not do this any more.")


class SwitchedOff(DomainError):
    message = _("%(name)s is switched off. Switch on first.")


def may_grant(actor: User, role: str) -> bool:
    """Whether this user may give somebody this role: owners are made by owners."""
    if not may(actor, "accounts.change_user"):
        return False
    return actor.role == Role.OWNER or role != Role.OWNER


def refusal_of(actor: User, user: User) -> DomainError | None:
    """Return why this user may change nothing about that one, or None where they may."""
    if actor.pk == user.pk:
        return NotYourself()
    if not may(actor, "accounts.change_user"):
        return NotAllowed()
    if user.role == Role.OWNER and actor.role != Role.OWNER:
        return OwnersOnly()
    return None


def _locked(user_id: int, actor: User) -> User:
    """Lock and return the user; refuse what the actor, as they stand now, may not.

    :raises DomainError: see ``refusal_of``
    """
    concerned = Q(pk__in=[user_id, actor.pk]) | Q(role=Role.OWNER)
    rows = {
        row.pk: row for row in User.objects.filter(concerned).select_for_update().order_by("pk")
    }
    refusal = refusal_of(rows[actor.pk], rows[user_id])
    if refusal is not None:
        raise refusal
    return rows[user_id]


def _refuse_last_owner(user: User) -> None:
    others = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=user.pk)
    if user.role == Role.OWNER and not others.exists():
        raise LastOwner


@transaction.atomic
def change_role(*, user_id: int, role: str, actor: User) -> User:
    """Give a user another role; it counts from their next click.

    :raises NotYourself, OwnersOnly, NotAllowed: the actor may not
    :raises LastOwner: nobody else is an owner who can log in
    """
    user = _locked(user_id, actor)
    if not may_grant(actor, role):
        raise OwnersOnly
    if user.role == role:
        return user
    _refuse_last_owner(user)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    audit(
        actor=actor,
        action="user.role_changed",
        target=str(user.public_id),
        role=role,
        role_before=before,
    )
    return user


@transaction.atomic
def deactivate_user(*, user_id: int, actor: User) -> User:
    """Switch a user off: their sessions end at once, what they did stays.

    :raises NotYourself, OwnersOnly, NotAllowed, LastOwner: see ``change_role``
    """
    user = _locked(user_id, actor)
    if not user.is_active:
        return user
    _refuse_last_owner(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    audit(actor=actor, action="user.switched_off", target=str(user.public_id))
    return user


@transaction.atomic
def reactivate_user(*, user_id: int, actor: User) -> User:
    """Let a user log in again, with the password and second step of before.

    :raises NotYourself, OwnersOnly, NotAllowed: the actor may not
    """
    user = _locked(user_id, actor)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        audit(actor=actor, action="user.switched_on", target=str(user.public_id))
    return user


def end_sessions(user: User) -> None:
    """End all sessions of a user, also those of browsers that are not seen for days."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    OpenSession.objects.filter(user=user).delete()


@transaction.atomic
def log_out_elsewhere(*, user: User, session_key: str) -> int:
    """End all sessions of a user but this one, which the caller binds anew; return how many were known."""
    others = OpenSession.objects.filter(user=user).exclude(session_key=session_key)
    ended, _by_model = others.delete()
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    audit(
        actor=user, action="user.logged_out_elsewhere", target=str(user.public_id), sessions=ended
    )
    return ended


def remove_second_step(*, user_id: int, actor: User) -> bool:
    """Take the second step off a user who lost the phone, and tell them by e-mail; return whether there was one.

    Call it outside a transaction: the mail goes when it is done.

    :raises NotYourself, OwnersOnly, NotAllowed: the actor may not
    """
    with transaction.atomic():
        user = _locked(user_id, actor)
        steps = Authenticator.objects.filter(user=user)
        kinds = sorted(set(steps.values_list("type", flat=True)))
        if not kinds:
            return False
        steps.delete()
        audit(
            actor=actor,
            action="user.second_step_removed",
            target=str(user.public_id),
            steps=", ".join(kinds),
        )
    context = {"user": user, "actor": str(actor)}
    send_mail("accounts/email/second_step_removed", context, to=user.email, language=user.language)
    return True


def send_password_link(*, user_id: int, actor: User, request: HttpRequest) -> User:
    """Mail a user the link with which they choose a new password themselves.

    :raises NotYourself, OwnersOnly, NotAllowed: the actor may not
    :raises SwitchedOff: they could not log in with it
    """
    with transaction.atomic():
        user = _locked(user_id, actor)
        if not user.is_active:
            raise SwitchedOff(name=user)
        audit(actor=actor, action="user.password_link_sent", target=str(user.public_id))
    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
    return user
