"""What every page of a decision shares: who acts, and acting once however often a form is sent."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from payments import services as payment_services


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def once(key: UUID, act: Callable[[], object]) -> bool:
    """Act, unless a form with this key was sent before; return whether it was done now.

    :raises DomainError: the act was refused; the key is still good
    """
    try:
        with transaction.atomic():
            payment_services.use_key(key)
            act()
    except payment_services.KeyUsed:
        return False
    return True


def was_sent_before(request: HttpRequest) -> None:
    text = _("This was sent before, so nothing was done a second time. Here is what came of it.")
    messages.info(request, text)
