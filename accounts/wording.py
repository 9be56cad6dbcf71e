"""Permissions in plain words, for the page that shows what each role may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.access import PERMISSIONS
from accounts.models import User
from accounts.protection import PAGE_GROUPS, PageGroup, group_of
from common.words import _

# By area, in the order of the page: each permission and what whoever has it may do.
SENTENCES: dict[Any, dict[str, Any]] = {
    _("Every day"): {
        "desk.view_home": _("See the home page"),
        "desk.view_inbox": _("See what waits in the inbox"),
        "accounts.change_profile": _("Change their own name, language, password and second step"),
    },
    _("Money"): {
        "payments.view_payment": _("See payments and what became of them"),
        "payments.export_payment": _("Save payments as a file"),
        "payments.retry_payment": _("Try a payment that is stuck again"),
        "payments.decide_payment": _("Decide whom an unmatched payment belongs to"),
        "payments.close_conflict": _("Close a conflict between two reports of one payment"),
        "payments.spend_credit": _("Spend a customer's credit on a device or plan"),
        "payments.refund_payment": _("Ask for a refund or reversal, and pay it out"),
        "payments.approve_refund": _("Approve what somebody else asked to refund"),
        "payments.reconcile": _("Compare payments with an operator's statement"),
        "payments.view_raw_callback": _("See what an operator sent, word by word"),
        "ledger.view_posting": _("Read the books"),
        "ledger.export_posting": _("Save the books as a file"),
    },
    _("Tokens and messages"): {
        "vending.retry_order": _("Try a token that waits again"),
        "vending.issue_from_credit": _("Issue a token from credit"),
        "vending.decide_doubt": _("Decide about a token in doubt"),
        "devices.free_token": _("Issue a token that nobody paid for"),
        "messaging.view_message": _("See SMS"),
        "messaging.resend_message": _("Send an SMS again"),
    },
    _("Customers and devices"): {
        "customers.view_customer": _("See customers"),
        "customers.add_customer": _("Register a customer"),
        "customers.change_customer": _("Change what is known of a customer"),
        "customers.change_phone": _("Change a customer's phone"),
        "customers.view_document": _("Open the documents of customers"),
        "customers.merge_customer": _("Merge two records of one customer"),
        "customers.archive_customer": _("Archive a customer"),
        "customers.export_customer": _("Save customers as a file"),
        "devices.view_device": _("See devices"),
        "devices.add_device": _("Register devices"),
        "devices.change_device": _("Assign, move and replace devices"),
        "devices.check_serial": _("Ask the manufacturer about a device"),
        "devices.export_device": _("Save devices as a file"),
        "locations.view_location": _("See clusters, mini-grids and villages"),
        "locations.change_location": _("Add and change clusters, mini-grids and villages"),
    },
    _("Prices"): {
        "tariffs.view_tariff": _("See tariffs"),
        "tariffs.change_tariff": _("Change tariffs and connection types"),
    },
    _("The company"): {
        "tenants.change_company": _("Change the company's settings, also about money"),
        "customers.change_question": _("Say what new customers are asked"),
        "plugins.view_connection": _("See plug-ins and how they do"),
        "plugins.change_connection": _("Switch plug-ins on and off, and enter credentials"),
        "plugins.view_exchange": _("Read what was exchanged with a vendor, without secrets"),
        "watch.view_running": _("See whether the work runs"),
        "watch.change_limits": _("Say how long things may wait before somebody is told"),
        "onboarding.import_data": _("Import customers, devices, locations and tariffs"),
        "reports.export_company": _("Save all data of the company as files"),
    },
    _("People"): {
        "accounts.view_user": _("See users and roles"),
        "accounts.change_user": _("Invite, change and switch off users; owners by owners only"),
        "accounts.view_audit": _("Read the audit log"),
        "accounts.export_audit": _("Save the audit log as a file"),
        "accounts.change_protection": _(
            "Choose the password for protected pages, and which they are"
        ),
    },
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of the matrix: what may be done, and by whom, in the order of ``User.Role``."""

    sentence: Any
    by_role: tuple[bool, ...]
    group: PageGroup | None


def matrix() -> Iterator[tuple[Any, list[Allowed]]]:
    """Yield each area with its lines, for all permissions that there are."""
    for area, sentences in SENTENCES.items():
        lines = [_line(name, text) for name, text in sentences.items() if name in PERMISSIONS]
        if lines:
            yield area, lines


def _line(permission: str, sentence: Any) -> Allowed:
    roles = PERMISSIONS[permission]
    group = PAGE_GROUPS.get(group_of(permission))
    return Allowed(sentence, tuple(role in roles for role in User.Role), group)
