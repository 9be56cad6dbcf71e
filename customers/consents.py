"""What a customer agreed to, and took back."""

import datetime as dt

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.records import Consent
from customers.services import lock_customer


class ConsentStands(DomainError):
    message = _("This consent stands already. Withdraw it first, if it was given anew.")


class ConsentWithdrawn(DomainError):
    message = _("This consent is withdrawn already.")


class WithdrawnTooEarly(DomainError):
    message = _("It cannot be withdrawn before the day it was given.")


@transaction.atomic
def record_consent(
    *,
    customer_id: int,
    purpose: Consent.Purpose,
    given_date: dt.date,
    how: Consent.How,
    note: str,
    now: dt.datetime,
    actor: User,
) -> Consent:
    """Write down that a customer agreed.

    :raises ConsentStands: to this, already
    """
    customer = lock_customer(customer_id)
    if customer.consents.filter(purpose=purpose, withdrawn_date=None).exists():
        raise ConsentStands
    consent = Consent.objects.create(
        customer=customer,
        purpose=purpose,
        given_date=given_date,
        how=how,
        note=note,
        recorded_at=now,
        recorded_by=str(actor),
    )
    target = str(customer.public_id)
    audit(actor=actor, action="customer.consented", target=target, purpose=purpose, how=how)
    return consent


@transaction.atomic
def withdraw_consent(
    *, consent_id: int, withdrawn_date: dt.date, how: Consent.How, actor: User
) -> Consent:
    """Write down that a customer does not agree any more.

    :raises ConsentWithdrawn: it is already
    :raises WithdrawnTooEarly: before it was given
    """
    consent = Consent.objects.select_for_update(of=("self",), no_key=True).get(pk=consent_id)
    if not consent.stands:
        raise ConsentWithdrawn
    if withdrawn_date < consent.given_date:
        raise WithdrawnTooEarly
    consent.withdrawn_date, consent.withdrawn_how = withdrawn_date, how
    consent.withdrawn_by = str(actor)
    consent.save(update_fields=["withdrawn_date", "withdrawn_how", "withdrawn_by"])
    audit(
        actor=actor,
        action="customer.consent_withdrawn",
        target=str(consent.customer.public_id),
        purpose=consent.purpose,
        how=how,
    )
    return consent
