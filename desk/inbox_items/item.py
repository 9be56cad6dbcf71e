"""What one thing in the inbox looks like."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy

from common.badges import Tone

MOST = 200  # of one kind on the page; the count counts all


class Tab(TextChoices):
    TOKENS = "tokens", gettext_lazy("Tokens")
    PAYMENTS = "payments", gettext_lazy("Payments")
    SMS = "sms", gettext_lazy("SMS")
    CONNECTIONS = "connections", gettext_lazy("Connections")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs a person. ``facts`` are who and how much; since when follows them."""

    key: str
    tab: Tab
    tone: Tone
    icon: str
    title: str
    text: str
    facts: tuple[str, ...]
    since: dt.datetime
    button: str
    url: str
    permission: str
    group: str = ""  # what may be dealt with together: "returned", or the maker of tokens that wait
