"""Who may do what. Everything not named here is refused."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.prompt import send_to_prompt
from accounts.protection import closed_group

View = Callable[..., HttpResponseBase]
Role = User.Role
EVERYBODY = frozenset(Role)
OFFICE = frozenset({Role.OWNER, Role.ADMIN, Role.FINANCIAL_MANAGER})
ADMINS = frozenset({Role.OWNER, Role.ADMIN})
OWNERS = frozenset({Role.OWNER})

PERMISSIONS: dict[str, frozenset[User.Role]] = {
    "desk.view_home": EVERYBODY,
    "desk.view_inbox": EVERYBODY,
    "payments.view_payment": EVERYBODY,
    "payments.export_payment": OFFICE,
    "payments.view_raw_callback": OFFICE,
    "payments.decide_payment": OFFICE,
    "payments.close_conflict": OFFICE,
    "payments.reconcile": OFFICE,
    "payments.spend_credit": OFFICE,
    "payments.retry_payment": EVERYBODY,
    "payments.refund_payment": OFFICE,
    "payments.approve_refund": OFFICE,
    "vending.decide_doubt": OFFICE,
    "vending.issue_from_credit": OFFICE,
    "vending.retry_order": EVERYBODY,
    "messaging.view_message": EVERYBODY,
    "messaging.resend_message": EVERYBODY,
    "locations.view_location": EVERYBODY,
    "locations.change_location": ADMINS,
    "customers.view_customer": EVERYBODY,
    "customers.export_customer": OFFICE,
    "customers.add_customer": EVERYBODY,
    "customers.change_customer": EVERYBODY,
    "customers.change_phone": OFFICE,
    "customers.archive_customer": OFFICE,
    "customers.merge_customer": OFFICE,
    "customers.view_document": EVERYBODY,
    "customers.change_question": ADMINS,
    "devices.view_device": EVERYBODY,
    "devices.export_device": OFFICE,
    "devices.check_serial": EVERYBODY,
    "devices.add_device": OFFICE,
    "devices.change_device": OFFICE,
    "devices.free_token": OFFICE,
    "tariffs.view_tariff": EVERYBODY,
    "tariffs.change_tariff": ADMINS,
    "ledger.view_posting": OFFICE,
    "ledger.export_posting": OFFICE,
    "tenants.change_company": ADMINS,
    "plugins.view_connection": ADMINS,
    "plugins.change_connection": ADMINS,
    "plugins.view_exchange": ADMINS,
    "watch.view_running": OFFICE,
    "watch.change_limits": ADMINS,
    "accounts.change_profile": EVERYBODY,
    "accounts.view_user": ADMINS,
    "accounts.change_user": ADMINS,
    "accounts.view_audit": ADMINS,
    "accounts.export_audit": ADMINS,
    "accounts.change_protection": OWNERS,
}


def may(user: Any, permission: str) -> bool:
    """Return whether this user may; an unknown permission is a bug and raises KeyError."""
    roles = PERMISSIONS[permission]
    return bool(user.is_authenticated and user.is_active and user.role in roles)


def requires(permission: str) -> Callable[[View], View]:
    """View decorator: log-in first, then the permission (403 when too low), then the company's second password."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not may(request.user, permission):
                raise PermissionDenied(permission)
            if group := closed_group(request, permission):
                return send_to_prompt(request, group)
            return view(request, *args, **kwargs)

        asked.required_permission = permission  # type: ignore[attr-defined]
        return asked

    return decorate
