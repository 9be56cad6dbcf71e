"""``python -m simulation``: a line for each seed, and what is needed to see a failure again."""

import contextlib
import json

import pytest

from simulation import __main__ as command
from simulation.case import Violation
from simulation.run import Outcome

BAD = Violation("payment counted twice", "jua", "S00003X001", "two rows")


@pytest.fixture
def opened(monkeypatch):
    """Installations without processes, on which seed 3 goes wrong; returns their environments."""
    opened = []

    class Fake:
        def run(self, seed, *, payments):
            return Outcome(seed, payments=payments, violations=[BAD] if seed == 3 else [])

    @contextlib.contextmanager
    def fake(environment):
        opened.append(environment)
        yield Fake()

    monkeypatch.setattr(command, "simulation", fake)
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    return opened


def test_seeds_that_hold_are_a_line_each_on_one_installation(opened, capsys):
    code = command.main(["--seeds", "2", "--start", "8"])

    first, second, last = capsys.readouterr().out.splitlines()
    assert code == 0
    assert first.split()[:2] == ["seed", "8"]
    assert second.split()[:2] == ["seed", "9"]
    assert last.endswith("everything held")
    assert opened == [{}]


def test_a_violation_is_told_with_the_command_that_runs_it_again(opened, capsys):
    code = command.main(["--seeds", "4", "--start", "2"])

    said = capsys.readouterr().out
    assert code == 1
    assert "payment counted twice [jua S00003X001]: two rows" in said
    assert "replay: python -m simulation --seed 3\n" in said
    assert "commit " in said
    assert said.splitlines()[-1].endswith("violations in [3]")
    # What a violation left open would be seen again in the next seed.
    assert opened == [{}, {}]


def test_a_defect_reaches_the_processes_and_ends_the_run_when_it_is_caught(opened, capsys):
    code = command.main(["--seeds", "5", "--defect", "blind_retry"])

    said = capsys.readouterr().out
    assert code == 1
    assert opened == [{"MPM_DEFECT": "blind_retry"}]
    assert "seed     4" not in said
    assert "python -m simulation --seed 3 --defect blind_retry" in said


def test_a_plan_is_printed_and_nothing_runs(opened, capsys):
    assert command.main(["--plan", "42"]) == 0

    assert json.loads(capsys.readouterr().out)["seed"] == 42
    assert opened == []
