"""Making and changing users."""

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from tenants import directory
from tenants.scope import current_company


class EmailTaken(DomainError):
    message = _("%(email)s belongs to another user already.")


@transaction.atomic
def create_user(
    *, email: str, name: str, role: User.Role, password: str | None, actor: User | None
) -> User:
    """Add a user who can log in at once; without a password, once one is chosen.

    :raises EmailTaken: this e-mail has a user
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(email=email, name=name, role=role, password=password)
    except IntegrityError:
        raise EmailTaken(email=email) from None
    directory.note_email(current_company(), user.email)
    audit(actor=actor, action="user.created", target=str(user.public_id), role=role)
    return user


def adopt_password(*, user: User, password_hash: str) -> None:
    """Let a new user log in with a password of which only the hash was kept."""
    user.password = password_hash
    user.save(update_fields=["password"])


@transaction.atomic
def change_profile(
    *, user_id: int, name: str, language: str, wants_alerts: bool | None = None, actor: User
) -> User:
    """Change how a user is called, the language of their pages ("" takes the company's), and their mails.

    :param wants_alerts: None leaves it as it is
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if wants_alerts is None:
        wants_alerts = user.wants_alerts
    wanted = (name, language, wants_alerts)
    if (user.name, user.language, user.wants_alerts) != wanted:
        user.name, user.language, user.wants_alerts = wanted
        user.save(update_fields=["name", "language", "wants_alerts"])
        audit(actor=actor, action="user.changed", target=str(user.public_id))
    return user
