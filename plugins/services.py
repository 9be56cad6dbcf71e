"""A company's accounts with vendors: entering credentials, on and off, checking, and calling out."""

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.prepared import insert
from common.queue import after_commit
from common.schema import current_schema
from common.words import _
from plugins import registry, tasks
from plugins.contracts import Plugin
from plugins.errors import PluginError
from plugins.forms import PluginSettingsForm
from plugins.http import ProviderSession, Recorded, Redactor
from plugins.memory import ConnectionMemory
from plugins.models import Connection, Exchange
from tenants import tidying

logger = logging.getLogger(__name__)
A = TypeVar("A", bound=Plugin)


class SettingsRefused(DomainError):
    """``errors`` maps each field to what is wrong with it."""

    message = _("%(problems)s")

    def __init__(self, form: PluginSettingsForm) -> None:
        self.errors = {name: [str(e) for e in found] for name, found in form.errors.items()}
        problems = "; ".join(
            f"{'' if name == '__all__' else f'{name}: '}{' '.join(found)}"
            for name, found in self.errors.items()
        )
        super().__init__(problems=problems)


@transaction.atomic
def connect_plugin(*, slug: str, data: Mapping[str, Any], actor: User | None) -> Connection:
    """Create or change the company's account with a plug-in, validated by the plug-in's own form.

    Secret fields left empty keep their stored value. A pause that a wrong key caused is lifted by the check
    that follows, not by saving.

    :raises registry.UnknownPlugin: not installed
    :raises SettingsRefused: the form found problems; nothing was saved
    """
    adapter = registry.get(slug)
    connection = Connection.objects.select_for_update(no_key=True).filter(plugin=slug).first()
    stored = frozenset(connection.secrets or {}) if connection else frozenset()
    form = adapter.settings_form(dict(data), stored_secrets=stored)
    if not form.is_valid():
        raise SettingsRefused(form)
    connection = connection or Connection(plugin=slug, kind=adapter.kind)
    if not connection.is_set_up:
        connection.is_set_up = connection.is_on = True
    changed = _apply(connection, form, actor)
    connection.save()
    audit(actor=actor, action="connection.saved", target=slug, fields=", ".join(changed))
    return connection


def _apply(connection: Connection, form: PluginSettingsForm, actor: User | None) -> list[str]:
    """Put the cleaned values on the connection; return the names of those that changed."""
    changed = []
    secrets, marks = dict(connection.secrets or {}), dict(connection.secret_marks)
    for name, value in form.cleaned_data.items():
        if name in form.secret_names():
            if value:
                secrets[name] = value
                marks[name] = {"at": timezone.now().isoformat(), "by": str(actor) if actor else ""}
                changed.append(name)
        elif connection.settings.get(name) != value:
            connection.settings = {**connection.settings, name: value}
            changed.append(name)
    connection.secrets, connection.secret_marks = secrets, marks
    if changed:
        connection.memory = {}
    return changed


@transaction.atomic
def choose_plugin(*, slug: str, actor: User | None) -> Connection:
    """Note that the company wants a plug-in, whose settings come later; until then it is off.

    One that needs no settings works at once. One that is connected already stays as it is.

    :raises registry.UnknownPlugin: not installed
    """
    adapter = registry.get(slug)
    connection = Connection.objects.filter(plugin=slug).first()
    if connection is not None:
        return connection
    if not adapter.settings_form.base_fields:
        return connect_plugin(slug=slug, data={}, actor=actor)
    connection = Connection.objects.create(
        plugin=slug, kind=adapter.kind, is_on=False, is_set_up=False
    )
    audit(actor=actor, action="connection.chosen", target=slug)
    return connection


class NotSetUp(DomainError):
    message = _("%(plugin)s has no settings yet. Enter them, which also switches it on.")


@transaction.atomic
def switch_connection(*, connection_id: int, is_on: bool, actor: User | None) -> Connection:
    """Switch a plug-in on or off. Off, it answers "not available" and issues nothing; its history stays.

    :raises NotSetUp: it was only chosen, and its settings were never entered
    """
    connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    if is_on:
        _require_set_up(connection)
    if connection.is_on != is_on:
        connection.is_on = is_on
        connection.save(update_fields=["is_on"])
        audit(
            actor=actor,
            action="connection.switched_on" if is_on else "connection.switched_off",
            target=connection.plugin,
        )
    if is_on:
        _ask(connection)
    return connection


@transaction.atomic
def ask_check(*, connection_id: int) -> Connection:
    """Have the connection checked by a worker; the page polls ``check_state``.

    :raises NotSetUp: it was only chosen, and its settings were never entered
    """
    connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    _require_set_up(connection)
    _ask(connection)
    return connection


def _require_set_up(connection: Connection) -> None:
    if not connection.is_set_up:
        raise NotSetUp(plugin=connection.label)


def _ask(connection: Connection) -> None:
    connection.check_state = Connection.CheckState.ASKED
    connection.check_asked_at = timezone.now()
    connection.save(update_fields=["check_state", "check_asked_at"])
    after_commit(tasks.check_connection, schema=current_schema(), connection_id=connection.pk)


def check_connection(*, connection_id: int) -> Connection:
    """Try a connection now and note the result; a good one lifts the pause. Called by a worker.

    What the pause held back is taken up again by the sweeps of the upper rooms.
    """
    connection = Connection.objects.get(pk=connection_id)
    try:
        with calling(connection, Plugin, operation="check") as adapter:
            said, state = adapter.check(), Connection.CheckState.OK
    except PluginError as error:
        said, state = error.reason, Connection.CheckState.FAILED
    found: dict[str, Any] = {"check_state": state, "check_message": said[:500], "checked_at": Now()}
    if state == Connection.CheckState.OK:
        found["paused_reason"] = ""
    Connection.objects.filter(pk=connection_id).update(**found)
    if state == Connection.CheckState.OK:
        for listener in _on_good_check:
            listener(connection)
    return Connection.objects.get(pk=connection_id)


_on_good_check: list[Any] = []


def on_good_check(listener: Any) -> None:
    """Upper rooms register here what a good check resumes: ``listener(connection)``."""
    _on_good_check.append(listener)


def pause_connection(*, connection_id: int, reason: str) -> None:
    """Stop calling out until a check succeeds: a wrong key or an empty account with the vendor."""
    Connection.objects.filter(pk=connection_id).update(
        paused_reason=reason[:500],
        check_state=Connection.CheckState.FAILED,
        check_message=reason[:500],
        checked_at=Now(),
    )
    logger.warning("connection.paused", extra={"connection_id": connection_id})


@contextlib.contextmanager
def calling(
    connection: Connection,
    contract: type[A],
    *,
    operation: str,
    source: str = "",
    source_id: int | None = None,
) -> Iterator[A]:
    """Yield the connection's adapter; every exchange made with it is logged, secrets blanked.

    Never inside a transaction: the log is written when the call is over.
    """
    exchanges: list[Recorded] = []
    adapter = build_adapter(connection, contract, record=exchanges.append)
    try:
        yield adapter
    finally:
        log_exchanges(
            connection, exchanges, operation=operation, source=source, source_id=source_id
        )


def build_adapter(connection: Connection, contract: type[A], *, record: Any = None) -> A:
    """Return the adapter with this company's settings.

    :raises registry.UnknownPlugin: the adapter is no longer installed
    """
    cls = registry.get(connection.plugin)
    if not issubclass(cls, contract):
        raise registry.UnknownPlugin(connection.plugin)
    secrets = connection.secrets or {}
    redactor = Redactor(
        values=frozenset(v for v in secrets.values() if isinstance(v, str)), names=cls.redacted
    )
    http = ProviderSession(
        read_seconds=cls.read_seconds,
        total_seconds=cls.total_seconds,
        redactor=redactor,
        ends_at=time.monotonic() + cls.total_seconds,
        **({"record": record} if record else {}),
    )
    return cls(connection.all_settings(), http=http, memory=ConnectionMemory(connection.pk))


def log_exchanges(
    connection: Connection,
    exchanges: list[Recorded],
    *,
    operation: str,
    source: str = "",
    source_id: int | None = None,
) -> None:
    """Keep what went over the wire, for the trace and the plug-in's page.

    A log that cannot be written never takes the answer with it: that may be a token that is paid for.
    """
    rows = [
        Exchange(
            connection=connection,
            direction=Exchange.Direction.OUT,
            operation=operation,
            source=source,
            source_id=source_id,
            method=each.method,
            url=_storable(each.url[:1000]),
            request_headers={k: _storable(v) for k, v in each.request_headers.items()},
            request_text=_storable(each.request_text),
            status=each.status,
            response_text=_storable(each.response_text),
            duration_ms=each.duration_ms,
            error=_storable(each.error[:500]),
        )
        for each in exchanges
    ]
    try:
        for row in rows:
            insert(row)
    except (DatabaseError, ValueError):
        logger.exception("exchange.not_logged", extra={"operation": operation})


def _storable(text: str) -> str:
    """A text without what PostgreSQL cannot hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def forget_old_exchanges(*, before: dt.datetime) -> int:
    """Delete log entries older than this; return how many."""
    return tidying.forget(Exchange.objects.filter(at__lt=before))
