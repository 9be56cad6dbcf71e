"""python -m bench: print what is reached."""

import argparse
import json
import sys

from bench.load import Refused
from bench.measuring import Plan, measure
from bench.report import table
from bench.site import CannotMeasure, site
from mpm import embedded
from mpm.processes import NotReady


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    options = _parser().parse_args(arguments)
    plan = Plan(seconds=options.seconds, clients=options.clients, payments=options.payments)
    try:
        with site() as here:
            figures = measure(here, plan, say=lambda line: print(line, file=sys.stderr, flush=True))
    except (CannotMeasure, NotReady, Refused, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=2) if options.json else table(figures))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--json", action="store_true", help="print the figures as JSON")
    add("--seconds", type=float, default=6.0, help="length of each burst (default 6)")
    add("--clients", type=int, default=6, help="connections of the operator (default 6)")
    add("--payments", type=int, default=1000, help="payments through the whole line (default 1000)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
