"""Finding the one payment that a reference means."""

from uuid import UUID

from django.db.models import Q

from common.errors import DomainError
from common.words import _
from payments.models import Payment


class UnknownReference(DomainError):
    message = _("No payment has the reference or receipt “%(reference)s”.")


class AmbiguousReference(DomainError):
    message = _(
        "%(count)s payments have the reference “%(reference)s”. Name one by its number: %(numbers)s."
    )


def find_payment(reference: str) -> Payment:
    """Return the payment of an operator's reference, a receipt, or our own number.

    :raises UnknownReference: there is none
    :raises AmbiguousReference: several operators used it
    """
    payments = Payment.objects.order_by("pk")
    own = _uuid(reference)
    named = Q(reference__iexact=reference) | Q(receipt__iexact=reference)
    condition = Q(public_id=own) if own else named
    found = list(payments.filter(condition)[:5])
    if not found:
        raise UnknownReference(reference=reference)
    if len(found) > 1:
        numbers = ", ".join(str(payment.public_id) for payment in found)
        raise AmbiguousReference(reference=reference, count=len(found), numbers=numbers)
    return found[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
