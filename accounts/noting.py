"""Writing log-ins, passwords and second steps into the audit log, also what failed.

What strangers can cause is bounded: so many entries an hour, and none about an e-mail that nobody has here, since
people also type their password there.
"""

import datetime as dt
from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts import sessions
from accounts.audit import audit
from accounts.models import AuditEntry, User

MOST_FAILED_PER_HOUR = 200
LOCKED_EVERY = dt.timedelta(minutes=5)


def connect() -> None:
    """Listen to what allauth and Django say; called once, at the start."""
    user_logged_in.connect(_begin, dispatch_uid="accounts.begin")
    account_signals.user_logged_in.connect(_logged_in, dispatch_uid="accounts.in")
    account_signals.password_changed.connect(_password_changed, dispatch_uid="accounts.changed")
    account_signals.password_reset.connect(_password_reset, dispatch_uid="accounts.reset")
    mfa_signals.authenticator_added.connect(_step_added, dispatch_uid="accounts.added")
    mfa_signals.authenticator_removed.connect(_step_removed, dispatch_uid="accounts.removed")
    mfa_signals.authenticator_reset.connect(_step_renewed, dispatch_uid="accounts.renewed")
    mfa_signals.authentication_failed.connect(_step_failed, dispatch_uid="accounts.failed")


def _begin(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.begin(request, user)


def _note(user: User, action: str, **facts: Any) -> None:
    audit(actor=user, action=action, target=str(user.public_id), **facts)


def _logged_in(user: User, **_: Any) -> None:
    _note(user, "login.done")


def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.forget_others(user, request.session.session_key)
    _note(user, "user.password_changed")


def _password_reset(user: User, **_: Any) -> None:
    sessions.forget_others(user, None)
    _note(user, "user.password_reset")


def _step_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    _note(user, "user.second_step_added", step=authenticator.type)


def _step_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _note(user, "user.second_step_ended", step=authenticator.type)


def _step_renewed(user: User, **_: Any) -> None:
    _note(user, "user.recovery_codes_renewed")


def _step_failed(user: User, **_: Any) -> None:
    _note_stranger(user, "login.second_step_failed")


def login_failed(email: str) -> None:
    """Note a wrong password for one of our users."""
    user = User.objects.filter(email__iexact=email).first()
    if user is not None:
        _note_stranger(user, "login.failed")


def login_locked(email: str) -> None:
    """Note that somebody tried too often to get in as one of our users, once in five minutes."""
    user = User.objects.filter(email__iexact=email).first()
    lately = AuditEntry.objects.filter(action="login.locked", at__gt=Now() - LOCKED_EVERY)
    if user is not None and not lately.filter(target=str(user.public_id)).exists():
        _note_stranger(user, "login.locked")


def _note_stranger(user: User, action: str) -> None:
    """Note what somebody did who is not known to be this user."""
    lately = AuditEntry.objects.filter(action=action, at__gt=Now() - dt.timedelta(hours=1))
    if lately.count() < MOST_FAILED_PER_HOUR:
        audit(actor=None, action=action, target=str(user.public_id))
