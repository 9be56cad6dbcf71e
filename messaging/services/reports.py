"""What gateways tell us: delivery reports and incoming SMS."""

from django.db import IntegrityError, transaction

from messaging import inbound
from messaging.models import EarlyReport, IncomingMessage
from messaging.services.sending import apply_report
from plugins.contracts import Callback, DeliveryReport, IncomingSms, SmsGateway
from plugins.errors import Rejected
from plugins.models import Connection
from plugins.services import build_adapter


def read_gateway_callback(*, gateway: Connection, callback: Callback) -> SmsGateway:
    """Take in one call of a gateway and return its adapter, which writes the answer.

    :raises plugins.errors.Rejected: not readable as this gateway's protocol
    """
    adapter = build_adapter(gateway, SmsGateway)
    if b"\0" in callback.body or b"%00" in callback.body:
        raise Rejected("The call holds a letter that no text can hold.")
    incoming = adapter.read(callback)
    if isinstance(incoming, DeliveryReport):
        _take_report(gateway, incoming)
    else:
        _take_sms(gateway, incoming)
    return adapter


def _take_report(gateway: Connection, report: DeliveryReport) -> None:
    """Keep the report first: it may be of a message whose sending has not returned yet.

    Either we see the message now, or the sender, which looks here after noting the id, sees the report.
    """
    early = EarlyReport.objects.create(
        connection=gateway,
        gateway_id=report.gateway_id[:100],
        state=report.state,
        reason=report.reason[:500],
    )
    if apply_report(gateway, report.gateway_id, report.state, report.reason):
        early.delete()


def _take_sms(gateway: Connection, sms: IncomingSms) -> None:
    try:
        with transaction.atomic():
            message = IncomingMessage.objects.create(
                connection=gateway,
                gateway_id=sms.gateway_id[:100],
                phone=sms.phone[:20],
                text=sms.text[:2000],
                trust=sms.trust,
            )
    except IntegrityError:
        return
    inbound.tell(message)
