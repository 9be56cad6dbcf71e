"""The line of one payment, as one worker walks it: settle ▸ issue ▸ send."""

from common import crash
from messaging import services as messaging
from payments import services
from tenants.models import Company
from vending import services as vending


def work(company: Company, payment_id: int) -> None:
    """Take a payment as far as it goes now. Killed anywhere, the rest is taken up from its rows."""
    try:
        settled = services.settle_payment(company=company, payment_id=payment_id)
    except services.NotReceived:
        return
    crash.point("settle.committed")
    messages = settled.messages
    if settled.order is not None:
        try:
            messages = vending.issue_order(settled.order)
        except vending.OrderNotDue:
            return
    messaging.send_claimed(messages)
