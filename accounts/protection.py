"""Which pages the company's second password protects, and whether a session has them open.

What a page is allowed to do is a permission; the password hangs on permissions too, so that a page is protected
by what it does, whatever its address.
"""

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Protection, User
from common.words import _

SESSION_KEY = "protected_pages"


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages that an owner protects together. ``text`` says what stands on them."""

    name: str
    label: Any
    text: Any


PAGE_GROUPS = {
    group.name: group
    for group in (
        PageGroup("settings", _("Settings"), _("The company, money, limits, map and imports.")),
        PageGroup("users", _("Users"), _("Users, invitations, roles and the audit log.")),
        PageGroup("plugins", _("Plug-ins"), _("Credentials of operators, manufacturers and SMS.")),
        PageGroup("tariffs", _("Tariffs"), _("Prices, fees and connection types.")),
        PageGroup("locations", _("Locations"), _("Adding and changing clusters and villages.")),
        PageGroup("exports", _("Exports"), _("Lists and all data saved as files.")),
        PageGroup(
            "refunds",
            _("Refunds"),
            _("Refunds, reversals, and tokens that nobody paid for."),
        ),
    )
}
DEFAULT_GROUPS = ("settings", "users", "plugins", "exports", "refunds")

_GROUP_OF = {
    "tenants.change_company": "settings",
    "watch.change_limits": "settings",
    "customers.change_question": "settings",
    "accounts.view_user": "users",
    "accounts.change_user": "users",
    "accounts.view_audit": "users",
    "plugins.view_connection": "plugins",
    "plugins.change_connection": "plugins",
    "plugins.view_exchange": "plugins",
    "locations.change_location": "locations",
    "tariffs.change_tariff": "tariffs",
    "devices.free_token": "refunds",
    "payments.refund_payment": "refunds",
    "payments.approve_refund": "refunds",
}


def group_of(permission: str) -> str:
    """Return the name of the page group that a permission belongs to, or empty where it is never protected."""
    if permission.partition(".")[2].startswith("export_"):
        return "exports"
    return _GROUP_OF.get(permission, "")


@functools.cache
def offered_groups() -> tuple[PageGroup, ...]:
    """Return the groups that have at least one page: choosing another would protect nothing."""
    asked = {group_of(permission) for permission in _asked_by(get_resolver(settings.ROOT_URLCONF))}
    return tuple(group for name, group in PAGE_GROUPS.items() if name in asked)


def _asked_by(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _asked_by(pattern)
        elif isinstance(pattern, URLPattern):
            yield getattr(pattern.callback, "required_permission", "")


def current_protection() -> Protection | None:
    """Return the open company's second password and what it protects; None where there is none."""
    return Protection.objects.select_related("set_by").filter(pk=Protection.PK).first()


def closed_group(request: HttpRequest, permission: str) -> str:
    """Return the group that this session has to open first to do this, or empty where nothing stands before it."""
    group = group_of(permission)
    if not group:
        return ""
    protection = current_protection()
    if protection is None or group not in protection.groups or is_open(request, protection):
        return ""
    return group


def is_open(request: HttpRequest, protection: Protection) -> bool:
    """Whether this session gave the present password less than the set number of minutes ago."""
    grant = request.session.get(SESSION_KEY)
    if not isinstance(grant, dict) or grant.get("epoch") != str(protection.epoch):
        return False
    seconds = time.time() - float(grant.get("since", 0))
    return grant.get("user") == request.user.pk and 0 <= seconds < protection.minutes * 60


def open_for(request: HttpRequest, protection: Protection) -> None:
    """Note in the session that the password was given now."""
    assert isinstance(request.user, User)
    request.session[SESSION_KEY] = {
        "user": request.user.pk,
        "epoch": str(protection.epoch),
        "since": time.time(),
    }


def shut(request: HttpRequest) -> None:
    """Forget that the password was given."""
    request.session.pop(SESSION_KEY, None)
