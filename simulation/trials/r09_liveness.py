"""R9: when faults stop, every payment comes to an end."""

from simulation.run import LIVENESS_SECONDS, simulation
from simulation.trials.figure import Figure

TARGET = "faults stop: every payment is finished, or waits for a person, at most 60 s later"
OPENS_ITS_OWN = True


def run(_site: object, *, full: bool, seeds: int = 0) -> Figure:
    """Run seeds of the simulator and measure their second phase."""
    seeds = seeds or (25 if full else 3)
    with simulation() as running:
        outcomes = [running.run(seed) for seed in range(1, seeds + 1)]
    slowest = max(each.calm_seconds for each in outcomes)
    failed = [each.seed for each in outcomes if not each.held]
    payments = sum(each.payments for each in outcomes)
    said = (
        f"{seeds} seeds, {payments} payments: all ended {slowest:.1f} s after the last fault or sooner, where"
        " the minutes between two tries pass in seconds"
    )
    aside = f"violations in seeds {failed}" if failed else ""
    return Figure("r09", said, slowest < LIVENESS_SECONDS and not failed, aside)
