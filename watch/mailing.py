"""Telling owners and admins by e-mail: when an alert opens, every day while it is open, and when it is over.

Alerts are claimed with a lease, mailed together, and closed afterwards, so that two workers send one mail and
a mail that could not be sent is tried again.
"""

import datetime as dt
import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.access import PERMISSIONS
from accounts.models import User
from common.clock import database_now
from tenants.models import Company
from tenants.selectors import address_of
from watch.models import Alert
from watch.words import Told, told

logger = logging.getLogger(__name__)

AGAIN_AFTER = dt.timedelta(days=1)
GAP = dt.timedelta(minutes=15)  # between two mails of one company
CALM = dt.timedelta(minutes=10)  # without trouble before it is called over
LEASE = dt.timedelta(minutes=5)
TROUBLE = (smtplib.SMTPException, OSError)


@dataclass(slots=True)
class News:
    """What one mail says."""

    opened: list[Alert] = field(default_factory=list)
    still: list[Alert] = field(default_factory=list)
    over: list[Alert] = field(default_factory=list)

    @property
    def alerts(self) -> list[Alert]:
        return [*self.opened, *self.still, *self.over]


def over_and_not_told() -> Q:
    """What was mailed as open, is closed, and was not yet said to be over."""
    return Q(closed_at__isnull=False, mailed_at__isnull=False, told_at=None)


def _news(now: dt.datetime) -> Q:
    is_new = Q(closed_at=None) & (Q(mailed_at=None) | Q(mailed_at__lt=now - AGAIN_AFTER))
    return is_new | (over_and_not_told() & Q(closed_at__lt=now - CALM))


def has_news(now: dt.datetime) -> bool:
    """Whether there is something to mail now: also not too soon after the last mail."""
    last = Alert.objects.aggregate(
        mailed=Max("mailed_at"), told=Max("told_at"), leased=Max("leased_until")
    )
    sent = [at for at in (last["mailed"], last["told"]) if at]
    if any(at > now - GAP for at in sent) or (last["leased"] and last["leased"] > now):
        return False
    return Alert.objects.filter(_news(now)).exists()


def recipients() -> list[User]:
    """Return the owners and admins who did not ask to be spared."""
    roles = PERMISSIONS["watch.change_limits"]
    users = User.objects.filter(role__in=roles, is_active=True, wants_alerts=True)
    return list(users.order_by("pk"))


def mail(company: Company) -> int:
    """Mail what is new to everybody who is to know; return how many mails were taken.

    Call it outside a transaction, with the company's schema open. A mail server in trouble is no error.
    """
    now, people = database_now(), recipients()
    if not people or not has_news(now):
        return 0
    news = _claim(now)
    if not news.alerts:
        return 0
    sent = _send(company, news, people)
    if sent:
        _close(news)
    return sent


def _claim(now: dt.datetime) -> News:
    """Hold what is to be mailed against other workers; the database decides who is first."""
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    wanted = list(Alert.objects.filter(_news(now)).order_by("opened_at", "pk"))
    until = now + LEASE
    news = News()
    for alert in wanted:
        mine = Alert.objects.filter(free, _news(now), pk=alert.pk).update(leased_until=until)
        if not mine:
            break  # another worker mails
        kind = news.over if alert.closed_at else news.still if alert.mailed_at else news.opened
        kind.append(alert)
    return news


def _close(news: News) -> None:
    """Note what was mailed. What closed meanwhile stays mailed, and is told later to be over."""
    open_ids = [alert.pk for alert in (*news.opened, *news.still)]
    Alert.objects.filter(pk__in=open_ids).update(mailed_at=Now(), leased_until=None)
    over = Alert.objects.filter(pk__in=[alert.pk for alert in news.over])
    over.filter(closed_at__isnull=False).update(told_at=Now(), leased_until=None)
    # What came back while we said that it is over is new trouble to whoever read that.
    over.filter(closed_at=None).update(mailed_at=None, leased_until=None)


def _send(company: Company, news: News, people: Sequence[User]) -> int:
    """Send one mail to each person; whoever the server refuses does not keep the others waiting."""
    sent = 0
    server = get_connection()
    try:
        server.open()
        for person in people:
            sent += _send_to(company, news, person, server)
    except TROUBLE as error:
        logger.warning("alert.not_mailed", extra={"error": type(error).__name__, "sent": sent})
    finally:
        try:
            server.close()
        except TROUBLE:
            logger.info("alert.mail_server_left")
    return sent


def _send_to(company: Company, news: News, person: User, server: object) -> int:
    try:
        return write(company, news, person, server).send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        facts = {"error": type(error).__name__, "user_id": person.pk}
        logger.warning("alert.refused_by_mail_server", extra=facts)
        return 0


def write(company: Company, news: News, person: User, server: object = None) -> EmailMessage:
    """Return the mail for one person, in their language."""
    language = person.language or company.language
    with translation.override(language if translation.check_for_language(language) else "en"):
        address = address_of(company)
        context = {
            "company": company,
            "opened": _told(news.opened),
            "still": _told(news.still),
            "over": _told(news.over),
            "waiting_count": len(news.opened) + len(news.still),
            "page_url": address + reverse("watch:running", urlconf=settings.ROOT_URLCONF),
            "profile_url": address + reverse("accounts:profile", urlconf=settings.ROOT_URLCONF),
        }
        subject = render_to_string("watch/email/alert_subject.txt", context)
        text = render_to_string("watch/email/alert_text.txt", context)
    return EmailMessage(
        " ".join(subject.split()),
        text.strip() + "\n",
        to=[person.email],
        headers={"Auto-Submitted": "auto-generated"},
        connection=server,  # type: ignore[arg-type]
    )


def _told(alerts: Sequence[Alert]) -> list[Told]:
    return [told(alert) for alert in alerts]
