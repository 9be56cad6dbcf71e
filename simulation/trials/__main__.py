"""Try what is promised: python -m simulation.trials [r04 r05 …] [--full] [--home FOLDER]."""

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from simulation import trials
from simulation.site import Site
from simulation.trials.figure import Figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials that are named, or all; return 1 when a promise was not kept."""
    known = find()
    parser = argparse.ArgumentParser(prog="python -m simulation.trials")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--full", action="store_true", help="the sizes of the targets: takes long")
    chosen = parser.parse_args(arguments)
    wrong = set(chosen.names) - set(known)
    if wrong:
        parser.error(f"no trial is called {', '.join(sorted(wrong))}")
    with tempfile.TemporaryDirectory(prefix="mpm-trials-") as home:
        figures = [
            tried(known[name], Path(home), full=chosen.full) for name in chosen.names or known
        ]
    return 0 if all(figure.is_held for figure in figures) else 1


def find() -> dict[str, ModuleType]:
    """Return the trials by their short names, such as r04, in order."""
    modules = sorted(each.name for each in pkgutil.iter_modules(trials.__path__))
    return {
        name.partition("_")[0]: importlib.import_module(f"simulation.trials.{name}")
        for name in modules
        if name.startswith("r") and name[1:3].isdigit()
    }


def tried(trial: ModuleType, home: Path, *, full: bool) -> Figure:
    """Run one trial, most at an installation that is opened for it, and say what it found."""
    name = trial.__name__.rpartition(".")[2].partition("_")[0]
    print(f"{name.upper()}  target  {trial.TARGET}", flush=True)
    started = time.monotonic()
    figure: Figure
    if getattr(trial, "OPENS_ITS_OWN", False):
        figure = trial.run(None, full=full)
    else:
        (folder := home / name).mkdir()
        site = Site(folder)
        try:
            site.open()
            figure = trial.run(site, full=full)
        finally:
            site.close()
    print(f"{figure}  [{time.monotonic() - started:.0f} s]", flush=True)
    return figure


if __name__ == "__main__":
    sys.exit(main())
