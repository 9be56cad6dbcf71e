"""The short form of the trials whose figures do not depend on how fast the machine is."""

import pytest

from simulation.site import Site
from simulation.trials import (
    r04_identical_calls,
    r05_killed_web,
    r08_postgres_crashes,
    r10_bought_once,
    r12_any_order,
)
from simulation.trials.__main__ import find, main
from simulation.trials.figure import Figure


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPM_EMBEDDED_FSYNC", "off")
        site = Site(tmp_path_factory.mktemp("trials"))
        try:
            site.open()
            yield site
        finally:
            site.keep_only()
            site.close()


SHORT = {
    r04_identical_calls: {"rounds": 1, "calls": 40},
    r05_killed_web: {"posts": 120},
    r08_postgres_crashes: {"crashes": 1},
    r10_bought_once: {"payments": 12},
    r12_any_order: {"every": 9},
}


@pytest.mark.parametrize("trial", SHORT, ids=lambda trial: trial.__name__.rpartition(".")[2])
def test_the_promise_is_kept(site, trial):
    figure = trial.run(site, full=False, **SHORT[trial])

    assert figure.is_held, str(figure)


def test_every_target_of_the_page_has_a_trial():
    assert list(find()) == [
        "r04", "r05", "r06", "r07", "r08", "r09", "r10", "r12", "r13", "r15", "r16", "r17",
    ]  # fmt: skip
    assert all(trial.TARGET for trial in find().values())


@pytest.mark.parametrize(("is_held", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_a_promise_was_missed(is_held, code, monkeypatch, capsys):
    def tried(trial, home, *, full):
        figure = Figure("r04", "one payment", is_held)
        print(figure)
        return figure

    monkeypatch.setattr("simulation.trials.__main__.tried", tried)

    assert main(["r04"]) == code
    assert ("held" if is_held else "MISSED") in capsys.readouterr().out


def test_a_trial_that_nobody_knows_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["r99"])

    assert "no trial is called r99" in capsys.readouterr().err
