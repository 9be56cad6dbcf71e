"""What we say to an operator that asks what became of a payment."""

from common.texts import is_text
from payments.models import Payment
from payments.words import WORDS
from plugins.contracts import Enquiry, Outcome, Reason, Verdict
from plugins.models import Connection

State = Payment.State


def standing_word(connection: Connection, enquiry: Enquiry) -> Outcome:
    """Return what became of a payment, for an operator that asks."""
    payments = Payment.objects.filter(connection=connection, reference=enquiry.reference)
    payment = payments.first() if is_text(enquiry.reference) else None
    if payment is None:
        return Outcome(Verdict.NOT_FOUND, WORDS[Reason.UNKNOWN_REFERENCE])
    verdict = {State.VALIDATED: Verdict.PENDING, State.RETURNED: Verdict.FAILED}.get(
        State(payment.state), Verdict.DONE
    )
    return Outcome(
        verdict,
        our_id=str(payment.pk),
        amount=payment.amount,
        receipt=payment.receipt,
        completed_at=payment.booked_at,
    )
