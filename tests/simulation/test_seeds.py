"""The short form of the fault simulation: 25 seeds on real processes."""

import pytest

from simulation.run import simulation

SEEDS = range(1, 26)


@pytest.fixture(scope="module")
def running():
    with simulation() as running:
        yield running


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_left_open_whatever_breaks(running, seed):
    outcome = running.run(seed)

    assert outcome.payments == 32
    assert outcome.violations == [], f"replay: python -m simulation --seed {seed}"
