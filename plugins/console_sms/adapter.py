"""Messages that leave for nowhere: staff read them on the message page."""

from common.words import _
from plugins.console_sms.forms import ConsoleSmsSettings
from plugins.contracts import Idempotency, OutgoingSms, SentSms, SmsGateway
from plugins.registry import register


@register
class ConsoleSms(SmsGateway):
    """What a company starts with. Being kept is being delivered; nothing is printed or logged."""

    slug = "console_sms"
    label = "Message page"
    description = _("Shows messages on the message page only. No SMS is sent.")
    needs = _("nothing: it works at once.")
    settings_form = ConsoleSmsSettings
    idempotency = Idempotency.LOCAL

    def check(self) -> str:
        return str(_("Messages are shown on the message page. No phone receives them."))

    def send(self, sms: OutgoingSms) -> SentSms:
        return SentSms(gateway_id=f"console-{sms.reference}", is_delivered=True)
