"""Reading users, invitations and sessions."""

from collections.abc import Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Invitation, User

SECOND_STEPS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def active_owners() -> list[User]:
    """Return the owners who can log in, by name."""
    return list(User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("name", "pk"))


def users(asked: Mapping[str, Any]) -> "QuerySet[User]":
    """Return users by name, active ones first, each with ``has_second_step``; see ``forms.users.UserFilter``."""
    steps = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_STEPS)
    found = User.objects.annotate(has_second_step=Exists(steps))
    if asked.get("role"):
        found = found.filter(role=asked["role"])
    if asked.get("state"):
        found = found.filter(is_active=asked["state"] == "on")
    if text := asked.get("q"):
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    return found.order_by("-is_active", "name", "pk")


def open_invitations() -> "QuerySet[Invitation]":
    """Return invitations that were neither accepted nor withdrawn, newest first."""
    found = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return found.select_related("invited_by").order_by("-created_at", "-pk")
