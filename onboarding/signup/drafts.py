"""What somebody said so far who signs a company up: a row that one browser holds the key of.

Whoever holds the key changes the row until its e-mail is confirmed. The row holds passwords as hashes only.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from common.errors import DomainError
from common.words import _
from plugins import catalogue
from tenants.models import SignUp

OPEN = (SignUp.State.DRAFT, SignUp.State.ASKED)


class NoLongerOpen(DomainError):
    message = _("This sign-up was confirmed already and cannot be changed any more.")


def new_key() -> str:
    """Return what a browser keeps to be known by."""
    return secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def of_key(key: str) -> SignUp | None:
    """Return the sign-up that this browser's key opens."""
    return SignUp.objects.filter(key_digest=digest_of(key)).first() if key else None


def start(*, key: str, facts: Mapping[str, Any]) -> SignUp:
    """Begin a sign-up with the facts of the company."""
    return SignUp.objects.create(key_digest=digest_of(key), **facts)


def change_company(*, sign_up_id: int, facts: Mapping[str, Any]) -> SignUp:
    """Change the facts of the company; plug-ins that no longer fit what it sells for are dropped.

    :raises NoLongerOpen: it was confirmed
    """
    more = dict(facts)
    with transaction.atomic():
        row = _opened(sign_up_id)
        if row.plugins is not None:
            more["plugins"] = catalogue.fitting(row.plugins, more["usage_types"])
        return _change(row, more)


def choose_plugins(*, sign_up_id: int, plugins: Sequence[str]) -> SignUp:
    """Note the plug-ins, of those that are offered.

    :raises NoLongerOpen: it was confirmed
    """
    with transaction.atomic():
        row = _opened(sign_up_id)
        return _change(row, {"plugins": catalogue.fitting(plugins, row.usage_types)})


def name_owner(*, sign_up_id: int, name: str, email: str, password: str) -> SignUp:
    """Note the first user; without a password the one that was chosen before stays.

    :raises NoLongerOpen: it was confirmed
    """
    facts = {"owner_name": name, "owner_email": email}
    if password:
        facts["owner_password"] = make_password(password)
    with transaction.atomic():
        return _change(_opened(sign_up_id), facts)


def protect_pages(*, sign_up_id: int, password: str | None) -> SignUp:
    """Note the second password; "" is none, None keeps what was chosen before.

    :raises NoLongerOpen: it was confirmed
    """
    wanted = make_password(password) if password else password
    with transaction.atomic():
        row = _opened(sign_up_id)
        stays = row.protected_password or ""
        return _change(row, {"protected_password": stays if wanted is None else wanted})


def is_owners_password(row: SignUp, password: str) -> bool:
    """Return whether this is the password that the first user chose."""
    return bool(row.owner_password) and check_password(password, row.owner_password)


def _opened(sign_up_id: int) -> SignUp:
    row = SignUp.objects.select_for_update(no_key=True).get(pk=sign_up_id)
    if row.state not in OPEN:
        raise NoLongerOpen
    return row


def _change(row: SignUp, facts: Mapping[str, Any]) -> SignUp:
    """Write the facts. A link that was mailed before no longer confirms what it was mailed for."""
    for name, value in facts.items():
        setattr(row, name, value)
    row.state, row.due_at = SignUp.State.DRAFT, None
    row.save(update_fields=[*facts, "state", "due_at", "changed_at"])
    return row
