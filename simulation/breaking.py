"""What breaks: drawn from a seed, as plain data."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

BREAK_WITHIN_MS = 2600
# Deaths around a call come while there are calls.
IN_CALLS_WITHIN_MS = 1600

# What a maker's call may meet, and whether it leaves the outcome open.
# A late charge comes after the first look-up (``clock``), so that an early "nothing" is wrong.
SECONDS = {"slow": 0.4, "silent_before": 0.2, "silent_after": 0.2, "late_charge": 1.6}
CLEAR = ("http429", "refuse", "refuse", "slow", "odd_format")
OPEN = (
    "http500_before_charge",
    "http500_after_charge",
    "http503",
    "silent_before",
    "silent_after",
    "cut",
    "malformed",
    "late_charge",
    "redirect",
    "code0_without_token",
)
OF_METERS = ("wrong_token_length",)
# What makes asking worth while, for makers that can be asked and do not honour our number.
OF_ASKED = (*("late_charge",) * 4, "silent_before", "wrong_quantity")
HISTORIES = {"calin_smart_meter": "calin_smart_meter.history"}
OF_SMS = (
    "http429",
    "http429",
    "http500_after_charge",
    "silent_before",
    "early_report",
    "report_twice",
    "lost_report",
)
OF_RESULTS = ("http500_before_charge", "http500_after_charge", "silent_after", "cut", "refuse")

WEB_POINTS = ("callback.kept", "book.before_commit", "book.committed", "doorbell.unrung")
WORKER_POINTS = (
    "settle.before_commit",
    "settle.committed",
    "issue.claimed",
    "issue.called",
    "issue.closed",
    "sms.handed_over",
    "result.sent",
    "lookup.answered",
    "sweep.taken",
    "sweep.middle",
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One call that goes wrong at a vendor: the next about this subject."""

    vendor: str
    kind: str
    subject: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Break:
    """Something that dies or hangs at a time, and for how long.

    ``kind`` is ``crash`` (``what`` names the points), ``kill`` (``what`` names the program), ``postgres``,
    ``redis_killed``, ``redis_hung``, ``redis_wiped`` or ``sms_down``.
    """

    at_ms: int
    kind: str
    what: str = ""
    for_ms: int = 0


def of_maker(draw: random.Random, slug: str) -> tuple[Wrong, ...]:
    """Return what goes wrong with the calls about one device, in their order."""
    if slug == "demo_meter" or draw.random() < 0.35:
        return ()
    kinds = [*OPEN, *(() if slug == "sunking" else OF_METERS)]
    if slug == "calin_smart_meter":
        kinds += OF_ASKED
    chosen = [
        draw.choice(CLEAR if draw.random() < 0.3 else kinds) for _ in range(draw.choice((1, 1, 2)))
    ]
    wrongs = [Wrong(slug, kind, seconds=SECONDS.get(kind, 0.0)) for kind in chosen]
    if slug in HISTORIES and draw.random() < 0.3:
        wrongs.append(Wrong(HISTORIES[slug], draw.choice(("malformed", "cut", "http503"))))
    return tuple(wrongs)


def trying(draw: random.Random, slug: str) -> tuple[Wrong, ...]:
    """Return what tries most what a maker can do about an unanswered call; nothing for other makers.

    Who can be asked charges late, so that an early "nothing" is wrong; who honours our number refuses a repeat.
    """
    if slug == "calin_smart_meter":
        kinds: tuple[str, ...] = ("late_charge",)
    elif slug == "sim_keyed":
        # Twice each: two orders may share them.
        kind = draw.choice(("http500_after_charge", "silent_after", "cut"))
        kinds = (kind, kind, "refuse", "refuse")
    else:
        kinds = ()
    return tuple(Wrong(slug, kind, seconds=SECONDS.get(kind, 0.0)) for kind in kinds)


def of_sms(draw: random.Random, phones: Sequence[str]) -> tuple[Wrong, ...]:
    """Return what goes wrong with the next SMS to some phones."""
    hit = [phone for phone in phones if draw.random() < 0.4]
    return tuple(Wrong("africastalking", draw.choice(OF_SMS), phone, 0.1) for phone in hit)


def of_result(draw: random.Random) -> tuple[Wrong, ...]:
    """Return what goes wrong when we report a result."""
    if draw.random() < 0.6:
        return ()
    return (Wrong("vodacom_tz", draw.choice(OF_RESULTS), seconds=0.1),)


def breaks(draw: random.Random) -> tuple[Break, ...]:
    """Return what dies when: some points of the line, perhaps a program, perhaps a server.

    In each seed somebody dies between a call to a manufacturer and what we note of it: there money is at stake.
    """
    chosen = [
        Break(draw.randrange(IN_CALLS_WITHIN_MS), "crash", point)
        for point in ("issue.called", draw.choice(("issue.called", "issue.claimed")))
    ]
    chosen += [_crash(draw) for _ in range(draw.randint(2, 4))]
    if draw.random() < 0.35:
        chosen.append(_at(draw, "kill", draw.choice(("worker", "worker", "web", "beat"))))
    server = draw.random()
    if server < 0.25:
        chosen.append(_at(draw, "postgres", for_ms=draw.choice((0, 300, 800))))
    elif server < 0.40:
        chosen.append(_at(draw, "redis_killed", for_ms=draw.choice((0, 700))))
    elif server < 0.55:
        chosen.append(_at(draw, "redis_hung", for_ms=draw.choice((500, 1200))))
    elif server < 0.70:
        chosen.append(_at(draw, "redis_wiped"))
    if draw.random() < 0.25:
        chosen.append(_at(draw, "sms_down", for_ms=draw.choice((1000, 2500))))
    return tuple(sorted(chosen, key=lambda each: each.at_ms))


def _crash(draw: random.Random) -> Break:
    """The first who comes to one of some points dies, in one case of eight with all its kin."""
    points = draw.sample(WEB_POINTS, 2) if draw.random() < 0.3 else draw.sample(WORKER_POINTS, 3)
    kin = "!" if draw.random() < 0.12 else ""
    return _at(draw, "crash", ", ".join(f"{point}{kin}" for point in points))


def _at(draw: random.Random, kind: str, what: str = "", for_ms: int = 0) -> Break:
    return Break(draw.randrange(BREAK_WITHIN_MS), kind, what, for_ms)
