"""The company's second password: choosing, checking, changing and resetting it.

Wrong tries are counted in the audit log, so that the limits hold while Redis is away.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from accounts.audit import audit
from accounts.mailing import send_mail
from accounts.models import AuditEntry, Protection, User
from accounts.protection import DEFAULT_GROUPS, current_protection, offered_groups
from common.clock import database_now
from common.errors import DomainError
from common.schema import current_schema
from common.words import _
from tenants.scope import current_company
from tenants.selectors import address_of

TRIES_OF_USER = 5
TRIES_OF_COMPANY = 20
TRIES_WITHIN = dt.timedelta(minutes=10)
LINK_SECONDS = 3600
LINKS_EVERY = dt.timedelta(minutes=5)
_SALT = "accounts.protection.reset"
FAILED = "protection.failed"
LOCKED = "protection.locked"
LINKS_SENT = "protection.links_sent"


class AlreadyProtected(DomainError):
    message = _("There is a password for protected pages already. Change it with the old one.")


class NotProtected(DomainError):
    message = _("There is no password for protected pages.")


class WrongProtectedPassword(DomainError):
    message = _("This is not the company's password for protected pages.")


class TooManyTries(DomainError):
    message = _("Too many wrong tries. Wait ten minutes, then try again.")


class WeakPassword(DomainError):
    message = _("%(problems)s")


class LinkNoLongerWorks(DomainError):
    message = _("This link no longer works: it was used already, or it is too old.")


class LinkJustSent(DomainError):
    message = _("Links were sent a moment ago. Look into the mail, or wait five minutes.")


class ChangedMeanwhile(DomainError):
    message = _("Somebody else changed the protected pages just now. Look again.")


# --- choosing and changing ------------------------------------------------------------------------


@transaction.atomic
def protect(
    *,
    password: str,
    groups: Collection[str] = DEFAULT_GROUPS,
    minutes: int = Protection.MINUTES,
    actor: User | None,
) -> Protection:
    """Give the company its password for protected pages. Groups without a page are left out.

    :param minutes: how long a session may use protected pages after the password was given
    :raises AlreadyProtected: there is one
    :raises WeakPassword: too short, too common, or the actor's own log-in password
    """
    _check_strength(password, actor)
    return _begin(make_password(password), groups, minutes, actor)


@transaction.atomic
def adopt_protection(*, password_hash: str) -> Protection:
    """Give a new company the password that was chosen at sign-up, of which only the hash was kept.

    :raises AlreadyProtected: there is one
    """
    return _begin(password_hash, DEFAULT_GROUPS, Protection.MINUTES, None)


def _begin(
    password_hash: str, groups: Collection[str], minutes: int, actor: User | None
) -> Protection:
    try:
        with transaction.atomic():
            protection = Protection.objects.create(
                password=password_hash,
                groups=_known(groups),
                minutes=minutes,
                set_by=actor,
            )
    except IntegrityError:
        raise AlreadyProtected from None
    audit(
        actor=actor,
        action="protection.set",
        groups=_listed(protection.groups),
        minutes=protection.minutes,
    )
    return protection


def change_protection(
    *, old_password: str, new_password: str = "", groups: Collection[str], minutes: int, actor: User
) -> Protection:
    """Change what is protected, for how long, and (where given) the password, which shuts what was open.

    Call it outside a transaction: a wrong try stays counted.

    :raises NotProtected: there is no password yet
    :raises WrongProtectedPassword: the old one is not right
    :raises TooManyTries: too many wrong ones before
    :raises WeakPassword: see ``protect``
    :raises ChangedMeanwhile: another owner was faster
    """
    checked = check_protected_password(password=old_password, user=actor)
    if new_password:
        _check_strength(new_password, actor)
    with transaction.atomic():
        protection = Protection.objects.select_for_update(no_key=True).get(pk=Protection.PK)
        if protection.epoch != checked.epoch:
            raise ChangedMeanwhile
        before = _facts(protection)
        protection.groups, protection.minutes = _known(groups), minutes
        if new_password:
            _renew(protection, new_password, actor)
        protection.save()
        changed = {
            name: value for name, value in _facts(protection).items() if value != before[name]
        }
        former = {f"{name}_before": before[name] for name in changed}
        if changed or new_password:
            audit(
                actor=actor,
                action="protection.changed",
                target="",
                remote_ip="",
                **changed,
                **former,
                new_password=bool(new_password),
            )
    return protection


def _renew(protection: Protection, password: str, actor: User | None) -> None:
    protection.password = make_password(password)
    protection.epoch = uuid.uuid4()
    protection.set_by, protection.set_at = actor, database_now()


def _facts(protection: Protection) -> dict[str, str | int]:
    return {"groups": _listed(protection.groups), "minutes": protection.minutes}


def _listed(groups: Collection[str]) -> str:
    return ", ".join(groups) or "-"


def _known(groups: Collection[str]) -> list[str]:
    return [group.name for group in offered_groups() if group.name in groups]


def _check_strength(password: str, actor: User | None) -> None:
    try:
        validate_password(password, actor)
    except ValidationError as error:
        raise WeakPassword(problems=" ".join(error.messages)) from None
    if actor is not None and actor.check_password(password):
        raise WeakPassword(problems=_("Choose another one than the password you log in with."))


# --- checking -------------------------------------------------------------------------------------


def check_protected_password(*, password: str, user: User) -> Protection:
    """Return the protection when this is its password. Takes the same time for every wrong one.

    Call it outside a transaction: a wrong try stays counted. A company's tries are looked at one after the other,
    so that many at once are no way around the limits.

    :raises NotProtected: there is no password
    :raises WrongProtectedPassword: this is not it
    :raises TooManyTries: too many wrong ones by this user, or in the company; nothing was compared
    """
    with transaction.atomic():
        protection = Protection.objects.select_for_update().filter(pk=Protection.PK).first()
        if protection is None:
            raise NotProtected
        refusal = _refusal(protection, password, user)
    if refusal is not None:
        raise refusal
    return protection


def _refusal(protection: Protection, password: str, user: User) -> DomainError | None:
    by_user, by_all = _wrong_tries(user)
    if by_user >= TRIES_OF_USER or by_all >= TRIES_OF_COMPANY:
        return TooManyTries()
    if check_password(password, protection.password):
        return None
    audit(actor=user, action=FAILED)
    if by_user + 1 == TRIES_OF_USER or by_all + 1 == TRIES_OF_COMPANY:
        audit(actor=user, action=LOCKED, minutes=int(TRIES_WITHIN.total_seconds()) // 60)
    return WrongProtectedPassword()


def _wrong_tries(user: User) -> tuple[int, int]:
    lately = AuditEntry.objects.filter(action=FAILED, at__gt=Now() - TRIES_WITHIN)
    actors = list(lately.values_list("actor_id", flat=True)[: TRIES_OF_COMPANY + 1])
    return actors.count(user.pk), len(actors)


# --- forgotten ------------------------------------------------------------------------------------


def reset_link(owner: User, protection: Protection) -> str:
    """Return the address, good for an hour and once, at which this owner chooses a new password."""
    token = signing.dumps(_claim(owner, protection), salt=_SALT)
    path = reverse("accounts:protection-reset", settings.ROOT_URLCONF, [token])
    return address_of(current_company()) + path


def _claim(owner: User, protection: Protection) -> dict[str, str]:
    return {
        "company": current_schema(),
        "owner": str(owner.public_id),
        "epoch": str(protection.epoch),
    }


def was_reset_link(token: str, owner: User) -> bool:
    """Whether this token, mailed to this owner, still leads to a new password."""
    protection = current_protection()
    try:
        said = signing.loads(token, salt=_SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return False
    return protection is not None and said == _claim(owner, protection)


def send_reset_links(*, actor: User) -> int:
    """Mail every active owner a link to choose a new password; return how many mails were taken.

    :raises NotProtected: there is no password
    :raises LinkJustSent: that was done less than five minutes ago
    """
    with transaction.atomic():
        protection = Protection.objects.select_for_update().filter(pk=Protection.PK).first()
        if protection is None:
            raise NotProtected
        if AuditEntry.objects.filter(action=LINKS_SENT, at__gt=Now() - LINKS_EVERY).exists():
            raise LinkJustSent
        owners = list(User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk"))
        audit(actor=actor, action=LINKS_SENT, owners=len(owners))
    return sum(
        send_mail(
            "accounts/email/protection_reset",
            {"link": reset_link(owner, protection), "asked_by": str(actor), "owner": owner},
            to=owner.email,
            language=owner.language,
        )
        for owner in owners
    )


@transaction.atomic
def reset_protected_password(*, token: str, password: str, actor: User) -> Protection:
    """Choose a new password by a mailed link, without the old one. The link, and all others, end.

    :raises LinkNoLongerWorks: used, too old, of another owner, or the password was changed since
    :raises WeakPassword: see ``protect``
    """
    protection = Protection.objects.select_for_update().filter(pk=Protection.PK).first()
    if protection is None or actor.role != User.Role.OWNER or not was_reset_link(token, actor):
        raise LinkNoLongerWorks
    _check_strength(password, actor)
    _renew(protection, password, actor)
    protection.save()
    audit(actor=actor, action="protection.reset")
    return protection
