"""The door for operators: keep, verify, decide, answer. No session, no token in cookies, nothing outside."""

import hmac

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common import crash
from common.http import remote_ip
from common.prepared import Hole, Prepared
from payments import services
from plugins.contracts import Answer, Callback, PaymentProvider
from plugins.errors import Rejected
from plugins.models import Connection
from plugins.services import build_adapter
from tenants.scope import current_company

MAX_BODY_BYTES = 64 * 1024
CONNECTION = Prepared(
    lambda: Connection.objects.filter(plugin=Hole("plugin"), kind="payment").only(
        "plugin", "kind", "is_on", "settings", "secrets", "webhook_key"
    )
)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str, key: str, action: str) -> HttpResponse:
    """Take in one call of an operator and answer in the operator's own format."""
    connection = _connection_or_404(slug, key, action)
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY_BYTES:
        return HttpResponse("Too long.", status=413, content_type="text/plain")
    callback = Callback(
        action=action,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
        remote_ip=remote_ip(request),
        received_at=timezone.now(),
    )
    kept = services.keep_callback(connection=connection, callback=callback)
    crash.point("callback.kept")
    provider = build_adapter(connection, PaymentProvider)
    try:
        incoming = provider.read(callback)
    except Rejected as refusal:
        services.refuse_callback(kept=kept, reason=refusal.reason)
        return _reply(provider.refuse(callback, refusal))
    outcome = services.handle_incoming(
        company=current_company(),
        connection=connection,
        kept=kept,
        incoming=incoming,
        now=callback.received_at,
    )
    crash.point("book.committed")
    return _reply(provider.answer(incoming, outcome))


def _connection_or_404(slug: str, key: str, action: str) -> Connection:
    connection = CONNECTION.first(plugin=slug)
    known_key = connection.webhook_key if connection else ""
    if not hmac.compare_digest(known_key.encode(), key.encode()) or connection is None:
        raise Http404
    cls = connection.adapter_class
    if not issubclass(cls, PaymentProvider) or action not in {each.name for each in cls.actions}:
        raise Http404
    return connection


def _reply(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
