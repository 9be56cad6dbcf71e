"""Taking a statement in, and confirming which column is which."""

import base64
import datetime as dt
import hashlib

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.queue import after_commit
from common.schema import current_schema
from common.sheets import open_table
from common.words import _
from payments import tasks
from payments.statements.layouts import Layout
from payments.statements.models import (
    Statement,
    StatementFile,
    StatementLayout,
    StatementLine,
)
from plugins.models import Connection
from tenants import duework
from tenants.models import DueWork
from tenants.scope import current_company

State = Statement.State


class StatementIsBusy(DomainError):
    message = _("A worker is busy with this statement. Look again in a moment.")


class StatementInUse(DomainError):
    message = _("Rows of this statement were recorded or flagged, so it stays as it was read.")


class FileIsGone(DomainError):
    message = _("The file itself was deleted after its time. Upload it again to read it anew.")


@transaction.atomic
def upload_statement(
    *,
    connection: Connection,
    name: str,
    content: bytes,
    actor: User,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> tuple[Statement, bool]:
    """Keep a file and have a worker read it; return it, and whether it is new.

    The same bytes for the same operator are the statement that stands already.

    :raises NotASheet: neither CSV nor XLSX, too large, or made to burst; nothing was kept
    """
    open_table(content)
    statement, is_new = Statement.objects.get_or_create(
        connection=connection,
        digest=hashlib.sha256(content).hexdigest(),
        defaults={
            "name": name[:200],
            "size_bytes": len(content),
            "since_date": since,
            "until_date": until,
            "uploaded_at": timezone.now(),
            "uploaded_by": str(actor),
        },
    )
    if is_new:
        kept = base64.b64encode(content).decode()
        StatementFile.objects.create(statement=statement, content=kept)
        put_to_work(statement)
        audit(actor=actor, action="statement.uploaded", target=str(statement.public_id), file=name)
    return statement, is_new


def content_of(statement: Statement) -> bytes:
    """Return the bytes that were uploaded.

    :raises FileIsGone: forgotten after its time
    """
    file = StatementFile.objects.filter(statement=statement).first()
    if file is None:
        raise FileIsGone
    return base64.b64decode(file.content)


@transaction.atomic
def confirm_layout(*, statement_id: int, layout: Layout, actor: User) -> Statement:
    """Remember how this operator's statements are read, and compare this one anew with it.

    :raises StatementIsBusy: a worker is at it
    :raises StatementInUse: rows of it were recorded or flagged
    :raises FileIsGone: it can no longer be read
    """
    statement = lock_idle(statement_id)
    if not StatementFile.objects.filter(statement=statement).exists():
        raise FileIsGone
    _require_unused(statement)
    StatementLayout.objects.update_or_create(
        connection=statement.connection,
        defaults={
            "content": layout.to_json(),
            "confirmed_at": timezone.now(),
            "confirmed_by": str(actor),
        },
    )
    statement.lines.all().delete()
    statement.state, statement.reason, statement.row_count = State.COMPARING, "", 0
    statement.save(update_fields=["state", "reason", "row_count"])
    put_to_work(statement)
    audit(actor=actor, action="statement.columns_confirmed", target=str(statement.public_id))
    return statement


@transaction.atomic
def compare_again(*, statement_id: int, actor: User) -> Statement:
    """Compare the rows that were read with the payments as they stand now; flags stay.

    :raises StatementIsBusy: a worker is at it, or its columns are not confirmed
    """
    statement = lock_idle(statement_id)
    if statement.state != State.COMPARED:
        raise StatementIsBusy
    statement.state = State.COMPARING
    statement.save(update_fields=["state"])
    put_to_work(statement)
    audit(actor=actor, action="statement.compared_again", target=str(statement.public_id))
    return statement


@transaction.atomic
def remove_statement(*, statement_id: int, actor: User) -> None:
    """Forget a statement that was uploaded by mistake.

    :raises StatementIsBusy: a worker is at it
    :raises StatementInUse: rows of it were recorded or flagged
    """
    statement = lock_idle(statement_id)
    _require_unused(statement)
    audit(
        actor=actor,
        action="statement.removed",
        target=str(statement.public_id),
        file=statement.name,
        digest=statement.digest,
    )
    statement.delete()


def lock_idle(statement_id: int) -> Statement:
    """Lock a statement that no worker is busy with.

    :raises StatementIsBusy: one is
    """
    rows = Statement.objects.select_for_update(of=("self",), no_key=True)
    statement = rows.select_related("connection").get(pk=statement_id)
    if statement.is_busy:
        raise StatementIsBusy
    return statement


def _require_unused(statement: Statement) -> None:
    used = StatementLine.objects.filter(statement=statement)
    if (
        used.filter(recorded_at__isnull=False).exists()
        or used.filter(flagged_at__isnull=False).exists()
    ):
        raise StatementInUse


def put_to_work(statement: Statement) -> None:
    """Make a statement due, in the caller's transaction, and ring."""
    statement.available_at, statement.attempts = Now(), 0
    statement.save(update_fields=["available_at", "attempts"])
    duework.announce(current_company().pk, DueWork.Kind.STATEMENTS)
    after_commit(tasks.work_statement, schema=current_schema(), statement_id=statement.pk)
