"""What the page shell needs on every page: the company, and the places this user may go to.

Everything is worked out when a template asks for it, so that error pages and the public host,
which show no navigation, touch neither the session nor the database.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.access import may
from accounts.models import User
from common.filters import clean_query
from common.words import _
from desk import inbox
from desk.finding import Elsewhere, elsewhere
from tenants.pulse import Pulse, pulse
from tenants.scope import current_company
from tenants.selectors import public_address

LISTS = frozenset(
    {
        "onboarding:money-settings",
        "desk:home",
        "desk:inbox",
        "payments:payment-list",
        "desk:customer-list",
        "desk:device-list",
        "desk:location-list",
        "locations:map-settings",
        "desk:tariff-list",
        "desk:connection-types",
        "messaging:message-list",
        "reports:trial-balance",
        "plugins:connection-list",
        "watch:running",
        "accounts:user-list",
        "accounts:roles",
        "desk:audit",
        "accounts:protected-pages",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """One link of the navigation. ``views`` start the names of the views that belong to it."""

    view: str
    permission: str
    icon: str
    label: Any
    views: tuple[str, ...]
    is_shortcut: bool = False


PLACES = (
    Place("desk:home", "desk.view_home", "home", _("Home"), ("desk:home", "desk:search"), True),
    Place("desk:inbox", "desk.view_inbox", "inbox", _("Inbox"), ("desk:inbox",), True),
    Place(
        "payments:payment-list",
        "payments.view_payment",
        "money",
        _("Payments"),
        ("payments:", "desk:payment", "desk:order", "desk:conflict", "desk:correction", "vending:"),
        True,
    ),
    Place(
        "desk:customer-list",
        "customers.view_customer",
        "people",
        _("Customers"),
        (
            "desk:customer",
            "customers:customer",
            "customers:address",
            "customers:document",
            "customers:consent",
        ),
        True,
    ),
    Place("desk:device-list", "devices.view_device", "meter", _("Devices"), ("desk:device",)),
    Place("desk:tariff-list", "tariffs.view_tariff", "split", _("Tariffs"), ("desk:tariff",)),
    Place(
        "desk:location-list",
        "locations.view_location",
        "pin",
        _("Locations"),
        ("desk:location", "desk:cluster", "desk:mini-grid", "desk:village"),
    ),
    Place(
        "messaging:message-list", "messaging.view_message", "sms", _("Messages"), ("messaging:",)
    ),
    Place("reports:trial-balance", "ledger.view_posting", "book", _("Books"), ("reports:",)),
)
SETTINGS = (
    Place(
        "plugins:connection-list", "plugins.view_connection", "plug", _("Plug-ins"), ("plugins:",)
    ),
    Place("locations:map-settings", "locations.change_location", "pin", _("Map"), ("locations:",)),
    Place(
        "desk:connection-types",
        "tariffs.change_tariff",
        "people",
        _("Connection types"),
        ("desk:connection",),
    ),
    Place(
        "questions:question-list",
        "customers.change_question",
        "people",
        _("Questions"),
        ("questions:question",),
    ),
    Place("watch:running", "watch.view_running", "clock", _("Did it run?"), ("watch:",)),
    Place(
        "onboarding:money-settings", "tenants.change_company", "money", _("Money"), ("onboarding:",)
    ),
    Place(
        "accounts:user-list",
        "accounts.view_user",
        "people",
        _("Users"),
        ("accounts:user", "accounts:invit"),
    ),
    Place("accounts:roles", "accounts.view_user", "people", _("Roles"), ("accounts:roles",)),
    Place("desk:audit", "accounts.view_audit", "book", _("Audit log"), ("desk:audit",)),
    Place(
        "accounts:protected-pages",
        "accounts.change_protection",
        "lock",
        _("Protected pages"),
        ("accounts:protected-pages", "accounts:protection"),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place as the template shows it. ``current`` is the value of ``aria-current``, or empty."""

    url: str
    label: Any
    icon: str = ""
    current: str = ""
    count: int = 0
    inside: tuple["Link", ...] = ()


class Shell:
    """The navigation of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def view(self) -> str:
        match = self.request.resolver_match
        return match.view_name if match else ""

    @cached_property
    def places(self) -> list[Link]:
        links = [self._link(place) for place in PLACES if self._is_open(place)]
        inside = tuple(self._link(place) for place in SETTINGS if self._is_open(place))
        if inside:
            here = "true" if any(link.current for link in inside) else ""
            shown = inside if here else ()
            links.append(Link(inside[0].url, _("Settings"), "set", here and "true", inside=shown))
        if settings.SANDBOX_URL:
            links.append(Link(settings.SANDBOX_URL, _("Sandbox"), "flask"))
        return links

    @cached_property
    def shortcuts(self) -> list[Link]:
        return [self._link(place) for place in PLACES if place.is_shortcut and self._is_open(place)]

    @cached_property
    def silence(self) -> Pulse | None:
        """The last sign of the sweeper, where it is too long ago and this user may know."""
        found = pulse() if may(self.request.user, "watch.view_running") else None
        company = getattr(self.request, "company", None)
        if found is None or company is None or not found.is_missed_by(company, timezone.now()):
            return None
        return found

    @cached_property
    def elsewhere(self) -> list[Elsewhere]:
        """What the text that a list is searched for finds in the other lists."""
        text, company = clean_query(self.request.GET.get("q", "")), current_company()
        user = self.request.user
        if not text or not isinstance(user, User):
            return []
        return elsewhere(company, user, text, here=self.view)

    @property
    def search_url(self) -> str:
        return reverse("desk:search")

    @property
    def find_url(self) -> str:
        """Where people ask for the address of their company: on the public host."""
        return public_address() + reverse("find-company", urlconf=settings.PUBLIC_SCHEMA_URLCONF)

    @property
    def is_profile(self) -> bool:
        return self.view.startswith(("accounts:profile", "accounts:session", "mfa_", "account_"))

    def _is_open(self, place: Place) -> bool:
        return may(self.request.user, place.permission)

    def _link(self, place: Place) -> Link:
        count = self.inbox_count if place.view == "desk:inbox" else 0
        return Link(reverse(place.view), place.label, place.icon, self._current(place), count)

    def _current(self, place: Place) -> str:
        if not self.view.startswith(place.views):
            return ""
        return "page" if self.view in LISTS else "true"

    @cached_property
    def inbox_count(self) -> int:
        return inbox.inbox_count()


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``company`` (None on the public host) and ``shell``."""
    return {"company": getattr(request, "company", None), "shell": Shell(request)}
