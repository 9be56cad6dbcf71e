"""Things that wait, and the world in which every job ran a moment ago."""

import datetime as dt

import pytest
from django.utils import timezone

from tenants import jobs, runs
from watch import services


def ago(**length) -> dt.datetime:
    return timezone.now() - dt.timedelta(**length)


@pytest.fixture
def all_ran(jua):
    """Every job ran well just now."""
    for job in jobs.registered():
        with runs.noted(job.name, jua.pk if job.is_of_company else None):
            pass


@pytest.fixture
def rung(monkeypatch):
    """Who was rung for by a look, instead of the broker."""
    found = []
    monkeypatch.setattr(services, "ring", lambda task, **kwargs: found.append((task.name, kwargs)))
    return found
