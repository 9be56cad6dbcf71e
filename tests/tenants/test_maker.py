"""Where the application owns nothing, one worker of its own makes the companies of people who sign up."""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from types import SimpleNamespace

import pytest
from celery import current_app
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models.functions import Now
from django_tenants.utils import schema_context
from psycopg2 import sql

from accounts.models import User
from mpm.celery import leave_companies_to_the_maker
from mpm.database import needs_owner
from mpm.embedded.given import PROJECT
from onboarding import tasks
from tenants import roles
from tenants.models import SignUp
from tests.tenants.test_roles import connected_as

PATIENCE_SECONDS = 120
COMMAND = (
    "celery -A mpm.maker worker --queues companies --pool prefork --concurrency 1 --without-gossip"
)


REFUSED = '"maker.refused", "task": "tenants.tasks.tidy"'


@pytest.fixture
def role(public_committed):
    """A role that owns nothing; gone afterwards with all its rights."""
    made = roles.Role(f"app_{uuid.uuid4().hex[:8]}", "p'a\"ss%word")
    roles.ensure(made)
    roles.grant("public", to=made.name)
    yield made
    connection.set_schema_to_public()
    SignUp.objects.all().delete()
    with connection.cursor() as cursor:
        name = sql.Identifier(made.name)
        cursor.execute(sql.SQL("DROP OWNED BY {}").format(name))
        cursor.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture
def confirmed(role):
    """A sign-up that waits to be made."""
    return SignUp.objects.create(
        key_digest="k", state=SignUp.State.CONFIRMED, slug="zed", name="Zed Power", country="TZ",
        currency="TZS", timezone="UTC", language="en", usage_types=["shs"], plugins=["sunking"],
        owner_name="Zuhura", owner_email="zuhura@zed.example", protected_password="",
        owner_password=make_password("sunshine-on-ukara"), due_at=Now(), rung_at=Now(),
    )  # fmt: skip


@contextlib.contextmanager
def maker(role, tmp_path):
    """The maker as it runs in production: it connects as the owner, and knows the application's role."""
    login, where = os.environ["DATABASE_URL"].rpartition("/")[0].split("@")
    place = f"{where}/{connection.settings_dict['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_OWNER_URL": f"{login}@{place}",
        "DATABASE_URL": f"postgres://{role.name}:p%27a%22ss%25word@{place}",
    }
    log = tmp_path / "maker.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *COMMAND.split()],
            cwd=PROJECT, env=environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield log
    finally:
        process.terminate()
        process.wait(60)


def until(is_so, log):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def ring(task, queue="companies", **ids):
    current_app.send_task(task, kwargs=ids, queue=queue)


def test_the_maker_makes_the_company_and_the_application_may_work_in_it(confirmed, role, tmp_path):
    row = confirmed
    with maker(role, tmp_path) as log:
        ring("tenants.tasks.tidy")  # nothing else is ever done with the owner's rights
        ring(tasks.make_company.name, sign_up_id=row.pk)
        until(lambda: SignUp.objects.get(pk=row.pk).state == SignUp.State.MADE, log)
        # Doorbells of other tests may stand before ours.
        until(lambda: REFUSED in log.read_text(), log)
        said = log.read_text()

    assert "signup.not_made" not in said
    with schema_context("zed"), connected_as(role):
        assert User.objects.get().email == "zuhura@zed.example"
        assert not roles.can_rewrite()


def test_other_workers_leave_that_queue_alone_where_they_may_not_make_tables(role):
    left = []
    queues = SimpleNamespace(deselect=left.append)
    worker = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)))

    leave_companies_to_the_maker(instance=worker)
    assert left == []  # one role does everything
    with connected_as(role):
        leave_companies_to_the_maker(instance=worker)

    assert left == ["companies"]


def test_only_the_maker_among_the_workers_connects_as_the_owner():
    assert needs_owner(COMMAND.split())
    assert not needs_owner(["celery", "-A", "mpm", "worker", "--queues", "companies"])
