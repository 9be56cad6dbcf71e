"""Asking somebody by e-mail to become a user: a link that works once and for a week."""

import datetime as dt
import hashlib
import secrets

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from accounts.audit import audit
from accounts.mailing import send_mail
from accounts.models import Invitation, User
from accounts.services.managing import OwnersOnly, may_grant
from accounts.services.users import EmailTaken
from common.clock import database_now
from common.errors import DomainError
from common.words import _
from tenants import directory
from tenants.scope import current_company
from tenants.selectors import address_of

MOST_PER_DAY = 100


class InvitedAlready(DomainError):
    message = _("%(email)s was invited already. Send that invitation again.")


class TooManyInvitations(DomainError):
    message = _("%(most)s invitations were sent today. Go on tomorrow.")


class InvitationNoLongerWorks(DomainError):
    message = _("This invitation no longer works: it was used, withdrawn, or is too old.")


class NotOpen(DomainError):
    message = _("This invitation was accepted or withdrawn meanwhile.")


class PasswordRefused(DomainError):
    message = _("%(problems)s")


def invite(*, email: str, role: str, actor: User) -> Invitation:
    """Ask somebody to become a user with this role, and mail the link. ``mailed_at`` says whether the mail went.

    Call it outside a transaction: the mail goes when the invitation stands.

    :raises EmailTaken: this e-mail has a user
    :raises InvitedAlready: there is an open invitation for it
    :raises OwnersOnly: an admin invites an owner
    :raises TooManyInvitations: a hundred went out in the last day
    """
    email = User.objects.normalize_email(email).lower()
    if not may_grant(actor, role):
        raise OwnersOnly
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken(email=email)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        _withdraw_expired(email)
        _limit()
        invitation = _create(email, role, secret, actor)
        audit(actor=actor, action="invitation.sent", target=email, role=role)
    return _mail(invitation, secret)


def _withdraw_expired(email: str) -> None:
    """What is too old stands in nobody's way."""
    _open().filter(email__iexact=email, expires_at__lte=Now()).update(withdrawn_at=Now())


def _limit() -> None:
    lately = Invitation.objects.filter(created_at__gt=Now() - dt.timedelta(days=1))
    if lately.count() >= MOST_PER_DAY:
        raise TooManyInvitations(most=MOST_PER_DAY)


def _create(email: str, role: str, secret: str, actor: User) -> Invitation:
    try:
        with transaction.atomic():
            return Invitation.objects.create(
                email=email,
                role=role,
                digest=_digest(secret),
                invited_by=actor,
                expires_at=_expiry(),
            )
    except IntegrityError:
        raise InvitedAlready(email=email) from None


def resend_invitation(*, invitation_id: int, actor: User) -> Invitation:
    """Mail a new link, good for another week; the old one ends. Whoever sends it again answers for it.

    :raises NotOpen: accepted or withdrawn meanwhile
    :raises OwnersOnly: an admin sends the invitation of an owner
    """
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = _locked(invitation_id, actor)
        invitation.digest, invitation.expires_at = _digest(secret), _expiry()
        invitation.invited_by, invitation.mailed_at = actor, None
        invitation.save()
        audit(actor=actor, action="invitation.sent_again", target=invitation.email)
    return _mail(invitation, secret)


@transaction.atomic
def withdraw_invitation(*, invitation_id: int, actor: User) -> Invitation:
    """End an invitation: its link works no more.

    :raises NotOpen, OwnersOnly: see ``resend_invitation``
    """
    invitation = _locked(invitation_id, actor)
    invitation.withdrawn_at = database_now()
    invitation.save(update_fields=["withdrawn_at"])
    audit(actor=actor, action="invitation.withdrawn", target=invitation.email)
    return invitation


def _locked(invitation_id: int, actor: User) -> Invitation:
    invitation = _open().select_for_update().filter(pk=invitation_id).first()
    if invitation is None:
        raise NotOpen
    if not may_grant(actor, invitation.role):
        raise OwnersOnly
    return invitation


def _open() -> "QuerySet[Invitation]":
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None)


def invitation_of(secret: str) -> Invitation:
    """Return the invitation that a link leads to, while it can be accepted.

    :raises InvitationNoLongerWorks: unknown, used, withdrawn, too old, or its sender may no longer invite
    """
    working = Q(expires_at__gt=Now(), invited_by__is_active=True)
    found = _open().select_related("invited_by").filter(working, digest=_digest(secret)).first()
    if found is None or not may_grant(found.invited_by, found.role):
        raise InvitationNoLongerWorks
    return found


@transaction.atomic
def accept_invitation(*, secret: str, name: str, password: str) -> User:
    """Make the user who was invited; the link ends.

    :raises InvitationNoLongerWorks: see ``invitation_of``
    :raises EmailTaken: somebody made a user with this e-mail meanwhile
    :raises PasswordRefused: too short, too common, or too much like name or e-mail
    """
    pk = invitation_of(secret).pk
    Invitation.objects.select_for_update().get(pk=pk)
    invitation = invitation_of(secret)  # again: somebody may have been faster
    _check_password(password, User(email=invitation.email, name=name))
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=invitation.email, password=password, name=name, role=invitation.role
            )
    except IntegrityError:
        raise EmailTaken(email=invitation.email) from None
    # The link came by e-mail: it is proven to be theirs.
    directory.note_email(current_company(), user.email)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    invitation.accepted_at = database_now()
    invitation.save(update_fields=["accepted_at"])
    audit(
        actor=user,
        action="invitation.accepted",
        target=str(user.public_id),
        role=user.role,
        invited_by=invitation.invited_by,
    )
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordRefused(problems=" ".join(error.messages)) from None


def _mail(invitation: Invitation, secret: str) -> Invitation:
    path = reverse("accounts:invitation-accept", settings.ROOT_URLCONF, [secret])
    context = {
        "invitation": invitation,
        "link": address_of(current_company()) + path,
        "days": Invitation.LASTS_DAYS,
    }
    if send_mail("accounts/email/invitation", context, to=invitation.email):
        invitation.mailed_at = database_now()
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=invitation.mailed_at)
    return invitation


def _expiry() -> dt.datetime:
    return database_now() + dt.timedelta(days=Invitation.LASTS_DAYS)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
