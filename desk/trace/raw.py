"""What went over the wire, fit to be read by staff: secrets blanked, never decrypted for others."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from desk.trace.values import Raw
from desk.trace.writer import Writer
from payments.models import Callback
from plugins import registry
from plugins.models import Connection, Exchange
from plugins.redaction import Redactor

# Headers that tell staff nothing and fill the page.
DULL = frozenset(
    {"accept", "accept-encoding", "connection", "host", "user-agent", "content-length"}
)


def redactor_of(connection: Connection) -> Redactor:
    """Return what blanks this connection's secrets, also when its adapter is no longer installed."""
    try:
        names = registry.get(connection.plugin).redacted
    except registry.UnknownPlugin:
        names = frozenset()
    secrets = (connection.secrets or {}).values()
    values = frozenset(value for value in secrets if isinstance(value, str))
    return Redactor(values=values, names=names)


def callback_raw(callback: Callback, writer: Writer) -> Raw:
    """Return one call of an operator as it came, secrets blanked."""
    redactor = redactor_of(callback.connection)
    content = callback.content or {}
    headers = redactor.headers(content.get("headers") or {})
    lines = [f"{name}: {value}" for name, value in headers.items() if name.lower() not in DULL]
    body = redactor.body(content.get("body"))
    title = _("What %(name)s sent at %(time)s") % {
        "name": callback.connection.label,
        "time": writer.clock_seconds(callback.received_at),
    }
    return Raw(title, "\n".join([*lines, "", body]).strip())


def exchange_raws(exchanges: Iterable[Exchange], writer: Writer) -> list[Raw]:
    """Return requests of ours with their answers."""
    return [_exchange_raw(exchange, writer) for exchange in exchanges]


def _exchange_raw(exchange: Exchange, writer: Writer) -> Raw:
    title = _("What was sent to %(name)s at %(time)s") % {
        "name": exchange.connection.label,
        "time": writer.clock_seconds(exchange.at),
    }
    answer = exchange.error or f"{exchange.status or '–'} {exchange.response_text}".strip()
    seconds = f"{exchange.duration_ms / 1000:.1f} s"
    lines = [
        f"{exchange.method} {exchange.url}",
        exchange.request_text,
        "",
        _("Answer after %(seconds)s: %(answer)s") % {"seconds": seconds, "answer": answer},
    ]
    return Raw(title, "\n".join(lines).strip())
