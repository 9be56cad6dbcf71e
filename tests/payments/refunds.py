"""Asking for refunds as the pages do, for the tests of several rooms."""

import contextlib
import datetime as dt
from decimal import Decimal

import responses
from django.utils import timezone

from messaging import services as messaging
from payments import services
from payments.models import Correction, Payment
from tenants.models import Company


def ask_refund(actor, payment, amount, **changes):
    """Ask for a refund of an unmatched payment, or of the device's credit of a settled one."""
    unmatched = payment.state == Payment.State.UNMATCHED
    asked = {
        "pot": Correction.Pot.SUSPENSE if unmatched else Correction.Pot.DEVICE,
        "payment_id": payment.pk,
        "amount": Decimal(amount),
        "pay_by": Correction.PayBy.HAND,
        "reason": "Wrong meter",
        "actor": actor,
        "now": timezone.now(),
    }
    return services.ask_refund(**asked | changes)


def set_limit(company, amount):
    Company.objects.filter(pk=company.pk).update(approval_limit=amount)


OPEN_API = {
    "client_id": "jua-client",
    "country": "TZ",
    "currency": "TZS",
    "api_url": "https://openapi.airtel.test",
}
REFUND_URL = "https://openapi.airtel.test/standard/v1/payments/refund"
WENT = {
    "data": {"transaction": {"airtel_money_id": "CI42", "status": "SUCCESS"}},
    "status": {"code": "200", "result_code": "ESB000010", "success": False},
}
REFUSED = {"status": {"code": "200", "response_code": "DP00800001008", "message": "Refused"}}


def with_open_api(connection):
    """Give Airtel's connection an account for refunds."""
    connection.settings = {**connection.settings, **OPEN_API}
    connection.secrets = {**connection.secrets, "client_secret": "open-api-secret"}
    connection.save(update_fields=["settings", "secrets"])


@contextlib.contextmanager
def airtel_refunds(**answer):
    """Airtel's Open API: a bearer, then this answer to every refund."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        bearer = {"access_token": "bearer-of-tests", "expires_in": "180"}
        mock.add("POST", "https://openapi.airtel.test/auth/oauth2/token", json=bearer)
        mock.add("POST", REFUND_URL, **(answer or {"json": WENT}))
        try:
            yield mock
        finally:
            mock.refunds_asked = sum(call.request.url == REFUND_URL for call in mock.calls)


def asked(mock):
    """How often Airtel was asked to send something back, once it is over."""
    return mock.refunds_asked


def unmatched(world, airtel, amount="5000"):
    """A payment for a number that no device has, kept since money that moved is not refused here."""
    said = airtel(amount=amount, REFERENCE2="MP261123.1402.A00001")
    Payment.objects.filter(reference=said.reference).update(
        state="unmatched", device=None, customer=None, available_at=None
    )
    return Payment.objects.get(reference=said.reference)


def pay_out(correction):
    """Do what a worker does with a refund for the operator."""
    messaging.send_claimed(services.pay_out_refund(correction.pk))
    correction.refresh_from_db()


def settle_time_is_over():
    Correction.objects.update(requested_at=timezone.now() - dt.timedelta(hours=1))
