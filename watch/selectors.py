"""What the page shows: jobs, plug-ins, waiting work and alerts, and one sentence over all of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.urls import reverse

from common.badges import Badge, Tone
from common.words import _
from payments.models import Payment
from tenants.models import Company, JobRecord
from tenants.pulse import Pulse, pulse
from vending.models import TokenOrder
from watch import job_lines, mailing, measuring, plugin_lines, words
from watch.job_lines import JobLine
from watch.kinds import PLUGIN
from watch.measuring import Waiting
from watch.models import Alert
from watch.plugin_lines import PluginLine
from watch.words import Told

RECENT_ALERTS = 20

IN_TIME = Badge(Tone.BUSY, _("In time"))
TOO_LONG = Badge(Tone.WARN, _("Too long"))
NOTHING = Badge(Tone.QUIET, _("Nothing waits"), icon="check", is_bare=True)
NOT_WATCHED = Badge(Tone.QUIET, _("Not watched"), icon="pause", is_bare=True)


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """One kind of work as the table shows it."""

    waiting: Waiting
    badge: Badge
    url: str


@dataclass(frozen=True, slots=True)
class Running:
    """Everything on the page. ``troubles`` are the sentences of what waits too long now."""

    now: dt.datetime
    pulse: Pulse
    is_silent: bool
    worked_at: dt.datetime | None
    jobs: list[JobLine]
    plugins: list[PluginLine]
    work: list[WaitingLine]  # what waits first
    troubles: list[Told]
    alerts: list[tuple[Told, Badge]]
    recipients: list[Any]

    @property
    def is_well(self) -> bool:
        return not self.is_silent and not self.troubles and all(job.is_well for job in self.jobs)

    @property
    def unwell_jobs(self) -> int:
        return sum(not job.is_well for job in self.jobs)


def running(company: Company, now: dt.datetime) -> Running:
    """Return how everything in the company whose schema is open runs, in a fixed number of queries."""
    allowed, heart = measuring.limits(), pulse()
    jobs = job_lines.job_lines(company, now)
    plugins = plugin_lines.plugin_lines(now)
    work = measuring.waiting_work(allowed)
    late = [
        *measuring.late_work(work, now),
        *measuring.late_plugins(plugins, allowed[PLUGIN.name], now),
        *measuring.late_jobs(jobs, allowed, now),
    ]
    return Running(
        now=now,
        pulse=heart,
        is_silent=heart.is_missed_by(company, now),
        worked_at=_worked_at(company),
        jobs=jobs,
        plugins=plugins,
        work=[_work_line(each, now) for each in sorted(work, key=lambda each: not each.count)],
        troubles=[
            Told(words.sentence(each.kind.name, each.subject, each.count), each.since)
            for each in late
        ],
        alerts=[(words.told(alert), _alert_badge(alert)) for alert in recent_alerts()],
        recipients=mailing.recipients(),
    )


def _worked_at(company: Company) -> dt.datetime | None:
    """Return the last sign of any worker: a job, a settled payment or a closed order."""
    found = [
        JobRecord.objects.aggregate(at=Max("ended_at"))["at"],
        Payment.objects.order_by("-pk").values_list("settled_at", flat=True).first(),
        TokenOrder.objects.order_by("-pk").values_list("closed_at", flat=True).first(),
    ]
    return max((at for at in found if at), default=None)


def _work_line(waiting: Waiting, now: dt.datetime) -> WaitingLine:
    if not waiting.count:
        badge = NOTHING
    elif waiting.limit is None:
        badge = NOT_WATCHED
    else:
        badge = TOO_LONG if waiting.is_late(now) else IN_TIME
    kind = waiting.kind
    url = reverse(kind.view) + (f"?{kind.query}" if kind.query else "") if kind.view else ""
    return WaitingLine(waiting, badge, url if waiting.count else "")


def recent_alerts() -> list[Alert]:
    """Return the alerts, those that are open first, then the newest."""
    open_ones = list(Alert.objects.filter(closed_at=None).order_by("opened_at", "pk"))
    closed = Alert.objects.filter(closed_at__isnull=False).order_by("-opened_at", "-pk")
    return [*open_ones, *closed[:RECENT_ALERTS]]


def _alert_badge(alert: Alert) -> Badge:
    if alert.closed_at is None:
        return Badge(Tone.WARN, _("Open"))
    return Badge(Tone.GOOD, _("Over"), is_bare=True)
