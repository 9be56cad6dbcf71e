"""How long a log-in lasts, and in which browsers a user is logged in.

A session ends after some hours without a click, and at the latest after the age of its cookie. When it was last
used stands in the session itself, written at most once a minute, so that pages cost nothing more.
"""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER_ID
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts.models import OpenSession, User
from common.clock import database_now
from common.http import current_remote_ip
from common.words import _
from tenants import tidying

BEGAN, SEEN = "began_at", "seen_at"
NOTED_EVERY = 60  # seconds
# Signs in what a browser says about itself; the first that fits counts, since most also name the others.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser in which a user is logged in; ``is_this`` is the one that asks."""

    row: OpenSession
    is_this: bool

    @property
    def words(self) -> str:
        """What a person recognises: the browser's name and the system, as the browser says."""
        said = self.row.browser
        names = [name for sign, name in BROWSERS if sign in said][:1]
        systems = [name for sign, name in SYSTEMS if sign in said][:1]
        return " · ".join(names + systems) or said[:60] or str(_("Unknown browser"))


def begin(request: HttpRequest, user: User) -> None:
    """Note that a session begins; called when somebody logged in."""
    if not request.session.session_key:
        request.session.create()
    request.session[BEGAN] = time.time()
    _note(request, user)


def is_over(request: HttpRequest) -> bool:
    """Whether this session was not used for too long, or is too old."""
    now = time.time()
    idle = now - float(request.session.get(SEEN, now))
    age = now - float(request.session.get(BEGAN, now))
    return idle > settings.SESSION_IDLE_SECONDS or age > settings.SESSION_COOKIE_AGE


def touch(request: HttpRequest, user: User) -> None:
    """Note that this session is used; once a minute is enough."""
    if time.time() - float(request.session.get(SEEN, 0)) >= NOTED_EVERY:
        request.session.setdefault(BEGAN, time.time())
        _note(request, user)


def is_logged_in(request: HttpRequest) -> bool:
    """Whether a user stands in the session, without asking who."""
    return USER_ID in request.session


def _note(request: HttpRequest, user: User) -> None:
    request.session[SEEN] = time.time()
    now = database_now()
    seen = {
        "user": user,
        "seen_at": now,
        "remote_ip": current_remote_ip(),
        "browser": request.headers.get("User-Agent", "")[:200],
    }
    key = str(request.session.session_key)
    OpenSession.objects.update_or_create(
        session_key=key, defaults=seen, create_defaults={**seen, "began_at": now}
    )


def browsers(user: User, session_key: str) -> Sequence[Browser]:
    """Return where this user is logged in, this browser first, then by when it was last used."""
    rows = list(OpenSession.objects.filter(user=user).order_by("-seen_at", "-pk")[:50])
    keys = [row.session_key for row in rows]
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=Now())
    known = set(alive.values_list("session_key", flat=True))
    found = [
        Browser(row, row.session_key == session_key) for row in rows if row.session_key in known
    ]
    return sorted(found, key=lambda browser: not browser.is_this)


def forget_others(user: User, session_key: str | None) -> None:
    """Take off the list what a new password ended: all but this session."""
    OpenSession.objects.filter(user=user).exclude(session_key=session_key or "").delete()


def forget_ended(_company: Any) -> int:
    """Delete what is known of sessions that cannot live any more."""
    age = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return tidying.forget(OpenSession.objects.filter(seen_at__lt=Now() - age))
