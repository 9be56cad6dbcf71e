"""The door for SMS gateways: delivery reports and incoming SMS."""

import hmac

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.http import remote_ip
from messaging import services
from plugins.contracts import Callback, SmsGateway
from plugins.errors import Rejected
from plugins.models import Connection

MAX_BODY_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str, key: str, action: str) -> HttpResponse:
    gateway = Connection.objects.filter(plugin=slug, kind="sms").first()
    if gateway is None or not hmac.compare_digest(gateway.webhook_key.encode(), key.encode()):
        raise Http404
    cls = gateway.adapter_class
    if not issubclass(cls, SmsGateway) or action not in {each.name for each in cls.actions}:
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY_BYTES:
        return HttpResponse("Too long.", status=413, content_type="text/plain")
    callback = Callback(
        action=action,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
        remote_ip=remote_ip(request),
        received_at=timezone.now(),
    )
    try:
        adapter = services.read_gateway_callback(gateway=gateway, callback=callback)
    except Rejected as refusal:
        return HttpResponse(refusal.reason, status=400, content_type="text/plain")
    answer = adapter.acknowledge(callback)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
