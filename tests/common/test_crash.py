"""Points to die at: for tests only, and nothing without being asked."""

import os
import signal
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from mpm.guards import no_crashing

PROGRAM = (
    "from common import crash; [crash.point('issue.called') for _ in range(50)]; print('alive')"
)


def run(**environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": ".", **environment},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


@pytest.mark.parametrize("asked", ["", "issue.claimed", "issue.called.later", "issue.called:0"])
def test_a_point_that_is_not_asked_for_does_nothing(asked):
    done = run(MPM_CRASH_AT=asked)

    assert (done.returncode, done.stdout) == (0, "alive\n")


@pytest.mark.parametrize("asked", ["issue.called", "x.y, issue.called!", "issue.called:0.5"])
def test_who_comes_to_a_point_that_is_asked_for_dies(asked):
    assert run(MPM_CRASH_AT=asked).returncode == -signal.SIGKILL


def test_a_file_may_name_the_points_and_only_one_dies_of_it(tmp_path):
    file = tmp_path / "crash"
    file.write_text("issue.called")

    codes = [run(MPM_CRASH_AT=f"@{file}").returncode for _ in range(2)]

    assert codes == [-signal.SIGKILL, 0]


def test_the_same_seed_draws_the_same():
    codes = {run(MPM_CRASH_AT="issue.called:0.02", MPM_CRASH_SEED="7").returncode for _ in range(3)}

    assert len(codes) == 1


def test_settings_refuse_to_start_with_it_where_real_money_moves():
    no_crashing("issue.called", is_development=True)
    no_crashing("", is_development=False)

    with pytest.raises(ImproperlyConfigured, match="MPM_CRASH_AT"):
        no_crashing("issue.called", is_development=False)
