"""Taking up statements that stalled, and forgetting files after their time."""

import datetime as dt

from django.conf import settings
from django.db.models import Min, Q
from django.db.models.functions import Greatest, Now

from common.queue import ring
from common.schema import current_schema
from common.words import _
from payments.statements.models import Statement, StatementFile
from payments.tasks import work_statement
from tenants import tidying
from tenants.jobs import Job
from tenants.models import Company

AT_ONCE = 50

JOB = Job(
    "statements",
    _("Statements of operators"),
    _("Takes up statements that a worker left. Comes when there is one."),
)


def restart(_: Company) -> None:
    """Ring for statements that are due and that no worker has."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    due = Statement.objects.filter(free, available_at__lte=Now()).order_by("available_at")
    for statement_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        ring(work_statement, schema=current_schema(), statement_id=statement_id)


def next_due(_: Company) -> dt.datetime | None:
    """When the next statement of this company wants a worker."""
    due = Statement.objects.filter(available_at__isnull=False)
    found: dt.datetime | None = due.aggregate(at=Min(Greatest("available_at", "leased_until")))[
        "at"
    ]
    return found


def forget_files(_: Company) -> int:
    """Delete the files of old statements; what was read from them stays."""
    old = Now() - settings.KEEP_STATEMENT_FILES
    return tidying.forget(StatementFile.objects.filter(statement__uploaded_at__lt=old))
