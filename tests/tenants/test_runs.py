"""What ran, how it ended, and what never came: noted by the jobs themselves."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client

from mpm import beat
from tenants import jobs, pulse, runs, sweeping, tasks, tidying
from tenants.models import DueWork, JobFailure, JobRecord


def record(job, company=None):
    return JobRecord.objects.get(job=job, company=company)


def passed(row, **ago):
    """Move every time of a record into the past."""
    back = dt.timedelta(**ago)
    for name in ("started_at", "ended_at", "good_at", "created_at"):
        if moment := getattr(row, name):
            setattr(row, name, moment - back)
    row.save()


def fail(error):
    with pytest.raises(type(error)), runs.noted("tidy"):
        raise error


def test_a_good_run_is_noted_with_its_length(jua):
    with runs.noted("tidy_company", jua.pk):
        pass

    row = record("tidy_company", jua)
    assert row.started_at <= row.ended_at == row.good_at
    assert (row.failures, row.error) == (0, "")
    assert row.duration_ms < 5000


def test_failures_are_counted_until_a_good_run_and_kept_as_evidence(public):
    with runs.noted("tidy"):
        pass
    good_at = record("tidy").good_at

    fail(ValueError("+255754123456 is not a phone"))
    fail(KeyError("x"))

    row = record("tidy")
    assert (row.failures, row.error, row.good_at) == (2, "KeyError", good_at)
    assert [each.error for each in row.failed.order_by("id")] == ["ValueError", "KeyError"]

    with runs.noted("tidy"):
        pass
    assert (record("tidy").failures, record("tidy").error) == (0, "")
    assert JobFailure.objects.count() == 2


def test_nothing_of_the_error_but_its_class_is_kept(public):
    fail(ValueError("+255754123456 is not a phone"))

    kept = [*JobFailure.objects.values_list("error"), *JobRecord.objects.values_list("error")]
    assert not any("255" in str(each) for each in kept)


def test_the_last_twenty_failures_are_kept(public):
    for _ in range(runs.KEPT_FAILURES + 3):
        fail(ValueError())

    row = record("tidy")
    assert row.failures == row.failed.count() + 3 == runs.KEPT_FAILURES + 3


def test_a_run_that_was_killed_stays_as_started_and_is_evidence_for_the_next(public):
    runs._begin("tidy", None)  # and nothing after it
    row = record("tidy")
    assert (row.ended_at, row.failures) == (None, 0)

    passed(row, minutes=6)
    with pytest.raises(ValueError), runs.noted("tidy"):
        raise ValueError

    row = record("tidy")
    assert row.failures == 2
    killed = row.failed.order_by("id").first()
    assert (killed.error, killed.ended_at) == (runs.NEVER_ENDED, None)


def test_a_run_that_may_still_be_going_on_is_not_taken_for_killed(public):
    runs._begin("tidy", None)

    with runs.noted("tidy"):
        pass

    assert not JobFailure.objects.exists()


def test_companies_and_the_installation_have_records_of_their_own(jua, taa):
    for company_id in (None, jua.pk, taa.pk, None, jua.pk):
        with runs.noted("tidy", company_id):
            pass

    assert JobRecord.objects.filter(job="tidy").count() == 3


def test_an_expected_job_has_a_record_before_it_ever_ran(jua):
    with runs.noted("line", jua.pk):
        pass

    runs.expect(["line", "tidy_company"], jua.pk)

    assert record("line", jua).started_at is not None
    assert record("tidy_company", jua).started_at is None

    with runs.noted("tidy_company", jua.pk):
        pass
    assert record("tidy_company", jua).good_at is not None


def test_a_note_that_cannot_be_written_does_not_stop_the_job(public, monkeypatch):
    monkeypatch.setattr(runs, "_BEGIN", "SELECT 1 FROM nowhere")
    ran = []

    from django.db import transaction

    with transaction.atomic():
        sid = transaction.savepoint()
        with runs.noted("tidy"):
            transaction.savepoint_rollback(sid)
            ran.append(True)

    assert ran


def test_the_sweeps_and_the_tidying_note_themselves(jua):
    DueWork.objects.filter(company=jua).delete()

    sweeping.run(schema="jua", kind="line")
    tidying.run(schema="jua")
    connection.set_schema_to_public()
    tasks.sweep.apply().get()

    assert record("line", jua).good_at
    assert record("tidy_company", jua).good_at
    assert record("sweep").good_at


def test_a_sweep_that_fails_notes_why(jua, monkeypatch):
    def broken(_):
        raise ValueError("a secret")

    monkeypatch.setattr(sweeping, "_sweeps", {"line": [sweeping.Sweep(broken, lambda _: None)]})

    with pytest.raises(ValueError):
        sweeping.run(schema="jua", kind="line")

    assert (record("line", jua).error, record("line", jua).failures) == ("ValueError", 1)


def test_everything_that_runs_by_the_clock_is_named():
    named = {job.name: job for job in jobs.registered()}

    assert set(beat.app.conf.beat_schedule) <= set(named)
    assert set(DueWork.Kind.values) <= set(named)
    for kind in DueWork.Kind.values:
        assert named[kind].is_of_company
    assert all(str(job.label) and str(job.text).endswith(".") for job in named.values())


# --- the pulse --------------------------------------------------------------------------------------


def swept(**ago):
    with runs.noted("sweep"):
        pass
    passed(record("sweep"), **ago)
    pulse.forget()


@pytest.mark.parametrize("host", ["localhost", "jua.localhost", "nobody.localhost", "evil.example"])
def test_the_work_is_healthy_while_the_sweeper_comes(public, host):
    swept(seconds=100)

    answer = Client(headers={"host": host}).get("/healthz/work")

    assert answer.status_code == 200
    assert answer.json()["work"] == "running"


def test_the_work_is_not_healthy_when_nothing_was_swept_for_two_minutes(public, client):
    swept(seconds=125)

    answer = client.get("/healthz/work")

    assert (answer.status_code, answer.json()["work"]) == (503, "silent")
    assert set(answer.json()) == {"work", "swept_at"}


def test_sweeps_that_only_fail_are_silence(public, client):
    swept(seconds=125)
    with pytest.raises(ValueError), runs.noted("sweep"):
        raise ValueError
    pulse.forget()

    assert client.get("/healthz/work").status_code == 503


def test_an_installation_that_never_swept_is_not_healthy(public, client):
    JobRecord.objects.all().delete()
    pulse.forget()

    assert client.get("/healthz/work").json() == {"work": "silent", "swept_at": None}


def test_asking_often_asks_the_database_once(public, client, django_assert_num_queries):
    swept()
    with django_assert_num_queries(1):
        for _ in range(5):
            client.get("/healthz/work")
