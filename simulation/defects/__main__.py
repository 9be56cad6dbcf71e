"""Run each defect until the checker sees it: ``python -m simulation.defects``; exit code 1 when one survives."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.defects.catalogue import DEFECTS
from simulation.run import simulation

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


def hunt(name: str, *, start: int = 1, seeds: int = MOST_SEEDS) -> Verdict:
    """Run seeds with one defect until something does not hold."""
    began = time.monotonic()
    with simulation({"MPM_DEFECT": name}) as running:
        for seed in range(start, start + seeds):
            outcome = running.run(seed)
            if not outcome.held:
                check = outcome.violations[0].rule
                return Verdict(name, time.monotonic() - began, seed, check)
    return Verdict(name, time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulation.defects", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only (default: all)")
    parser.add_argument("--start", type=int, default=1, help="the first seed (default 1)")
    chosen = parser.parse_args(arguments)
    verdicts = []
    for name in chosen.names or DEFECTS:
        verdicts.append(hunt(name, start=chosen.start))
        print(verdicts[-1].line(), flush=True)
    survived = [each.name for each in verdicts if each.seed is None]
    print(
        f"{len(verdicts) - len(survived)} of {len(verdicts)} defects caught; survived: {survived or 'none'}"
    )
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
