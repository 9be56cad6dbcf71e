"""R10: whatever a maker answers, nothing is bought twice, and only what nobody can know is left to a person."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from simulation.breaker import throw
from simulation.breaking import CLEAR, OF_METERS, OPEN, SECONDS, Wrong
from simulation.clock import Clock
from simulation.installation import COMPANIES
from simulation.plan import MAKERS
from simulation.run import OPEN_WORK
from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, ensure, more_people

TARGET = (
    "over 100,000 calls to makers of all four classes nothing is charged twice, and exactly what nobody can know"
    " is left to a person (precision and recall 1.0)"
)
CLASSES = ("calin_meter", "calin_smart_meter", "sim_keyed", "sim_remembering")
FAULTS = (*OPEN, *OF_METERS, *CLEAR)
AT_ONCE = 200
DRAW = random.Random(10)  # noqa: S311  no secret
ORDERS = """
SELECT d.serial, d.manufacturer AS maker, o.state, o.token
FROM vending_tokenorder o JOIN devices_device d ON d.id = o.device_id
JOIN payments_payment p ON o.source = 'payment' AND o.source_id = p.id WHERE p.reference LIKE %s
"""


@dataclass
class _Sum:
    """Counts over all rounds. ``hits`` were left to a person and had to be."""

    orders: int = 0
    charges: int = 0
    twice: int = 0
    strange: int = 0
    flagged: int = 0
    undecidable: int = 0
    hits: int = 0


def run(site: Site, *, full: bool, payments: int = 0) -> Figure:
    """Let each class sell under faults drawn at random, and compare what we believe with what it remembers."""
    ensure(site, "web", "worker", "beat")
    payments = payments or (25_000 if full else 40)
    total = _Sum()
    devices = {
        serial: maker
        for maker in CLASSES
        for serial in more_people(site, count=min(payments, AT_ONCE), maker=maker)
    }
    clock = Clock(site, COMPANIES)
    clock.start()
    try:
        for number in range(-(-payments // AT_ONCE)):
            _round(site, f"BUY{number:04d}-", devices, total)
    finally:
        clock.stop()
    site.check_books()
    return _figure(total)


def _round(site: Site, prefix: str, devices: Mapping[str, str], total: _Sum) -> None:
    """Pay once for each meter, half of the calls about them going wrong."""
    kinds = {serial: DRAW.choice(FAULTS) for serial in devices if DRAW.random() < 0.5}
    before = _tokens(site)
    throw(
        site.sandbox,
        [
            Wrong(devices[serial], kind, serial, SECONDS.get(kind, 0.0))
            for serial, kind in kinds.items()
        ],
    )
    Payers(site, list(devices)).pay_many(prefix, len(devices))
    until(lambda: not site.query(OPEN_WORK), seconds=600, what=f"the end of {prefix}")
    after = _tokens(site)
    for order in site.query(ORDERS, f"{prefix}%"):
        bought = after[order.serial] - before[order.serial]
        _count(total, order, kinds.get(order.serial, ""), bought)


def _tokens(site: Site) -> dict[str, set[str]]:
    """Return the tokens that were sold, by meter, as the makers remember them."""
    found: dict[str, set[str]] = defaultdict(set)
    for charge in site.truth()["charges"]:
        found[charge["device"]].add(charge["token"])
    return found


def _count(total: _Sum, order: SimpleNamespace, kind: str, bought: set[str]) -> None:
    is_flagged = order.state == "in_doubt"
    is_undecidable = MAKERS[order.maker].is_undecidable and kind in (*OPEN, *OF_METERS)
    total.orders += 1
    total.charges += len(bought)
    total.twice += len(bought) > 1
    total.strange += order.state == "issued" and order.token not in bought
    total.flagged += is_flagged
    total.undecidable += is_undecidable
    total.hits += is_flagged and is_undecidable


def _figure(total: _Sum) -> Figure:
    precision = total.hits / total.flagged if total.flagged else 1.0
    recall = total.hits / total.undecidable if total.undecidable else 1.0
    said = (
        f"{total.orders} orders at {len(CLASSES)} classes, {total.charges} charges: {total.twice} charged twice,"
        f" {total.strange} tokens that nobody sold; {total.flagged} left to a person: precision {precision:.3f},"
        f" recall {recall:.3f}"
    )
    is_held = not (total.twice or total.strange) and precision == recall == 1
    return Figure("r10", said, is_held)
