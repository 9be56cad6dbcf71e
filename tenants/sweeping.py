"""What the sweeper does in a company: upper rooms register it here (kind of work → functions)."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from common import crash
from tenants import duework, runs
from tenants.models import Company, DueWork
from tenants.scope import in_company

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """``restart`` takes up what stalled; ``next_due`` only reads, and returns None when nothing is open."""

    restart: Callable[[Company], None]
    next_due: Callable[[Company], dt.datetime | None]


_sweeps: dict[str, list[Sweep]] = {}


_public: list[Callable[[], None]] = []


def register_public(take_up: Callable[[], None]) -> None:
    """Called from an app's ``ready``: what belongs to no company, looked after at every sweep."""
    _public.append(take_up)


def run_public() -> None:
    """Have what belongs to no company taken up. Its trouble never stops the sweeper."""
    for take_up in _public:
        try:
            take_up()
        except Exception:
            logger.exception("sweep.failed", extra={"sweep": take_up.__module__})


def register(kind: DueWork.Kind, sweep: Sweep) -> None:
    """Called from an app's ``ready``: lower rooms first, as ``INSTALLED_APPS`` has them."""
    _sweeps.setdefault(kind, []).append(sweep)


def run(*, schema: str, kind: str) -> None:
    """Take up what stalled in one company, then note when to look again.

    An error of one room does not keep the others waiting; it is raised at the end, and all come again soon.
    """
    sweeps = _sweeps.get(kind, [])
    with in_company(schema) as company, runs.noted(kind, company.pk):
        errors = [error for sweep in sweeps if (error := _restart(sweep, company))]
        if errors:
            raise errors[0]
        crash.point("sweep.middle")
        duework.look_again(
            company.pk,
            DueWork.Kind(kind),
            lambda: _next_due(sweeps, company),
        )


def _next_due(sweeps: list[Sweep], company: Company) -> dt.datetime | None:
    """Ask the upper rooms first: work moves down while we look, from a payment to an order to a message.

    Asked from below, it could be above when we look below, and below when we look above.
    """
    found = [at for sweep in reversed(sweeps) if (at := sweep.next_due(company))]
    return min(found, default=None)


def _restart(sweep: Sweep, company: Company) -> Exception | None:
    try:
        sweep.restart(company)
    except Exception as error:
        logger.exception("sweep.failed", extra={"sweep": sweep.restart.__module__})
        return error
    return None
