"""Run each defect until the checker sees it: ``python -m simulation.defects``; exit code 1 when one survives."""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simulation.defects.catalogue import DEFECTS
from simulation.run import Simulation, simulation

MOST_SEEDS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one defect: the seed and the check that caught it, or nothing."""

    name: str
    seconds: float
    seed: int | None = None
    check: str = ""

    def line(self) -> str:
        """Say it in one line."""
        how = f"seed {self.seed}: {self.check}" if self.seed is not None else "NOT CAUGHT"
        return f"{self.name:36}  {self.seconds:5.1f} s  {how}"


def hunt(names: Iterable[str], *, start: int = 1, seeds: int = MOST_SEEDS) -> Iterator[Verdict]:
    """Switch on one defect after the other, and run seeds until something does not hold."""
    with simulation() as shared:
        for name in names:
            switch, began = {"MPM_DEFECT": name}, time.monotonic()
            with contextlib.ExitStack() as ending:
                if DEFECTS[name].is_in_schema:
                    running = ending.enter_context(simulation(switch))
                else:
                    running = shared
                    running.begin_anew(switch)
                seed, check = _first_seen(running, range(start, start + seeds))
                yield Verdict(name, time.monotonic() - began, seed, check)


def _first_seen(running: Simulation, seeds: Iterable[int]) -> tuple[int | None, str]:
    for seed in seeds:
        outcome = running.run(seed)
        if not outcome.held:
            return seed, outcome.violations[0].rule
    return None, ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulation.defects", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only (default: all)")
    parser.add_argument("--start", type=int, default=1, help="the first seed (default 1)")
    chosen = parser.parse_args(arguments)
    # Whoever ends this ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    verdicts = []
    for verdict in hunt(chosen.names or DEFECTS, start=chosen.start):
        verdicts.append(verdict)
        print(verdict.line(), flush=True)
    survived = [each.name for each in verdicts if each.seed is None]
    print(
        f"{len(verdicts) - len(survived)} of {len(verdicts)} defects caught; survived: {survived or 'none'}"
    )
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
