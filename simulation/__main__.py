"""``python -m simulation``: seeds on real processes, a line for each; exit code 1 when something did not hold."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from mpm.embedded.given import PROJECT
from simulation.plan import PAYMENTS, plan
from simulation.run import Outcome, Simulation, simulation

SEEDS_OF_ONE_INSTALLATION = 50
MOST_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says."""
    chosen = _parser().parse_args(arguments)
    # Whoever ends this ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if chosen.plan is not None:
        print(plan(chosen.plan).to_json())
        return 0
    seeds = (
        [chosen.seed]
        if chosen.seed is not None
        else range(chosen.start, chosen.start + chosen.seeds)
    )
    environment = {"MPM_DEFECT": chosen.defect} if chosen.defect else {}
    started, outcomes = time.monotonic(), []
    for outcome in _outcomes(list(seeds), environment, payments=chosen.payments):
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
        if not outcome.held:
            _explain(outcome, chosen.defect)
            if chosen.defect or chosen.stop:
                break
    _sum_up(outcomes, time.monotonic() - started)
    return int(any(not each.held for each in outcomes))


def _outcomes(seeds: list[int], environment: dict[str, str], *, payments: int) -> Iterator[Outcome]:
    """Run seeds on installations, each for so many; after a violation on a new one."""
    while seeds:
        with simulation(environment) as running:
            for outcome in _on_one(running, seeds, payments):
                yield outcome
                if not outcome.held:
                    break


def _on_one(running: Simulation, seeds: list[int], payments: int) -> Iterator[Outcome]:
    for _ in range(min(len(seeds), SEEDS_OF_ONE_INSTALLATION)):
        yield running.run(seeds.pop(0), payments=payments)


def _explain(outcome: Outcome, defect: str) -> None:
    for violation in outcome.violations[:MOST_SHOWN]:
        print(f"    {violation}")
    if len(outcome.violations) > MOST_SHOWN:
        print(f"    … and {len(outcome.violations) - MOST_SHOWN} more")
    more = f" --defect {defect}" if defect else ""
    print(f"    happened: {', '.join(outcome.happened)}")
    print(
        f"    commit {_commit()}; replay: python -m simulation --seed {outcome.seed}{more}",
        flush=True,
    )


def _sum_up(outcomes: Sequence[Outcome], seconds: float) -> None:
    failed = [each.seed for each in outcomes if not each.held]
    payments, calls = (
        sum(getattr(each, name) for each in outcomes) for name in ("payments", "calls")
    )
    deaths = sum(each.deaths for each in outcomes)
    print(
        f"{len(outcomes)} seeds in {seconds:.0f} s: {payments} payments, {calls} calls, {deaths} deaths;"
        f" {f'violations in {failed}' if failed else 'everything held'}"
    )


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=25, help="how many seeds (default 25)")
    add("--start", type=int, default=1, help="the first of them (default 1)")
    add("--seed", type=int, help="run this one seed")
    add(
        "--payments",
        type=int,
        default=PAYMENTS,
        help=f"payments per company and seed (default {PAYMENTS})",
    )
    add("--defect", default="", help="switch on one deliberate defect; stops when it is caught")
    add("--stop", action="store_true", help="stop at the first violation")
    add("--plan", type=int, metavar="SEED", help="print the plan of a seed as JSON, run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
