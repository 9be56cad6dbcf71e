"""The operator's calls: keep, then validate, book once, or answer an enquiry. Nobody outside is called."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from common import crash
from common.money import AmountTooFine, NotAnAmount, parse_amount
from common.phone import same_or_raw
from common.prepared import Hole, Prepared, PreparedUpdate, insert
from common.queue import after_commit
from common.texts import is_text
from devices.models import Device
from ledger.models import Account, Event
from ledger.services import Movement, credit, debit, post
from payments import preview, tasks
from payments.matching import device_typed, refusal_of
from payments.models import Callback as KeptCallback
from payments.models import Conflict, OperatorResult, Payment
from payments.services import recorded
from payments.services.callbacks import digest_of, keep_callback
from payments.services.enquiry import standing_word
from payments.words import WORDS, no, reason_of
from plugins.contracts import (
    Callback,
    Capability,
    Enquiry,
    Heartbeat,
    Incoming,
    Notice,
    Outcome,
    PaymentProvider,
    Reason,
    Validation,
    Verdict,
)
from plugins.models import Connection
from tenants import duework
from tenants.models import Company

logger = logging.getLogger(__name__)
State = Payment.State
VALIDATION_LIVES = timedelta(hours=24)
# The worker that is rung settles at once; the sweeper takes a payment up when that did not happen.
TAKEN_UP_AFTER = timedelta(seconds=8)
SOON = {"available_at": TAKEN_UP_AFTER}
LONGEST = 64
DECIDED = ("state", "verdict", "reason", "kind", "reference", "price", "digest")
STANDING = Prepared(
    lambda: Payment.objects.filter(connection_id=Hole("connection"), reference=Hole("reference"))
)
STANDING_LOCKED = Prepared(
    lambda: Payment.objects.select_for_update(no_key=True).filter(
        connection_id=Hole("connection"), reference=Hole("reference")
    )
)
CLOSE = PreparedUpdate(
    lambda: (
        KeptCallback.objects.filter(pk=Hole("kept")),
        {name: Hole(name) for name in ("payment", *DECIDED)},
    )
)


def handle_incoming(
    *,
    company: Company,
    connection: Connection,
    kept: KeptCallback,
    incoming: Incoming,
    now: datetime,
) -> Outcome:
    """Give our word on one authentic call, from our own database alone."""
    kept.kind = type(incoming).__name__.lower()
    reference = getattr(incoming, "reference", "")
    kept.reference = reference[:LONGEST] if is_text(reference) else ""
    if isinstance(incoming, Heartbeat):
        return _close(kept, Outcome(Verdict.YES))
    if not connection.is_on:
        return _close(kept, no(Reason.PLUGIN_OFF, Verdict.UNAVAILABLE))
    if not isinstance(incoming, Enquiry) and not _is_storable(incoming):
        kept.reference = ""
        return _close(kept, Outcome(Verdict.NO, "Invalid reference"))
    match incoming:
        case Validation():
            return _Intake(company, connection, kept, now).validate(incoming)
        case Notice():
            return _Intake(company, connection, kept, now).book(incoming)
        case Enquiry():
            return _close(kept, standing_word(connection, incoming))


def record_notice(
    *, company: Company, connection: Connection, callback: Callback, notice: Notice, now: datetime
) -> KeptCallback:
    """Count money that the operator's statement shows and that no call reported, through the same door.

    In the caller's transaction, which has taken ``hold_recording``. The money is ours already, so an unknown
    device ends unmatched, never returned, and the operator is owed no word.
    """
    kept = keep_callback(connection=connection, callback=callback)
    kept.kind, kept.reference = recorded.KIND, notice.reference
    _Intake(company, connection, kept, now, is_statement=True).book(notice)
    return kept


def _is_storable(call: Validation | Notice) -> bool:
    """Whether names and numbers fit our columns."""
    texts = [call.reference, call.account, call.payer_phone, call.payer_name, *call.wire.values()]
    texts.append(getattr(call, "receipt", ""))
    fits = 0 < len(call.reference) <= LONGEST and len(call.account) <= LONGEST
    return fits and all(is_text(text) for text in texts)


def _close(kept: KeptCallback, outcome: Outcome, payment: Payment | None = None) -> Outcome:
    said_no = outcome.verdict in {Verdict.NO, Verdict.CONFLICT, Verdict.UNAVAILABLE}
    kept.state = KeptCallback.State.REFUSED if said_no else KeptCallback.State.ACCEPTED
    kept.verdict, kept.reason, kept.payment = outcome.verdict, outcome.message[:300], payment
    CLOSE.run(
        kept=kept.pk,
        payment=payment.pk if payment else None,
        **{name: getattr(kept, name) for name in DECIDED},
    )
    return outcome


class _Intake:
    """One validation or notice on its way in."""

    def __init__(
        self,
        company: Company,
        connection: Connection,
        kept: KeptCallback,
        now: datetime,
        *,
        is_statement: bool = False,
    ) -> None:
        self.company, self.connection, self.kept, self.now = company, connection, kept, now
        self.is_statement = is_statement  # no call of the operator: its money is ours already
        cls = connection.adapter_class
        assert issubclass(cls, PaymentProvider)
        self.provider = cls

    # --- validation: would we take it? ------------------------------------------------------------------

    def validate(self, asked: Validation) -> Outcome:
        try:
            amount = self._amount(asked.amount)
        except (NotAnAmount, AmountTooFine):
            return _close(self.kept, no(Reason.BAD_AMOUNT))
        standing = self._standing(asked.reference)
        if standing is not None:
            return self._validated_before(standing, amount, asked.account)
        device = device_typed(asked.account)
        outcome, price = preview.dry_run(
            company=self.company, device=device, amount=amount, now=self.now
        )
        self.kept.price = price
        if outcome.verdict != Verdict.YES or not self.provider.keeps_validation:
            return _close(self.kept, outcome)
        try:
            return self._keep_validation(asked, amount, device)
        except IntegrityError:
            # The same validation at the same moment: it stands now.
            return self.validate(asked)

    def _validated_before(self, standing: Payment, amount: Decimal, account: str) -> Outcome:
        if (standing.amount, standing.account) != (amount, account):
            return _close(self.kept, no(Reason.CONFLICT, Verdict.CONFLICT, str(standing.pk)))
        if standing.state == State.RETURNED:
            return _close(self.kept, self._word_on(standing), standing)
        return _close(self.kept, Outcome(Verdict.YES, our_id=str(standing.pk)), standing)

    @transaction.atomic
    def _keep_validation(
        self, asked: Validation, amount: Decimal, device: Device | None
    ) -> Outcome:
        payment = self._new_payment(asked, amount, device, State.VALIDATED)
        payment.validated_at = self.now
        insert(payment, from_now=dict.fromkeys(("expires_at", "available_at"), VALIDATION_LIVES))
        duework.announce(self.company.pk)
        return _close(self.kept, Outcome(Verdict.YES, our_id=str(payment.pk)), payment)

    # --- notice: money has moved ------------------------------------------------------------------------

    def book(self, notice: Notice) -> Outcome:
        """Count this money once, and say the same word however often it is reported."""
        try:
            amount = self._amount(notice.amount) if notice.amount is not None else None
        except (NotAnAmount, AmountTooFine):
            return _close(self.kept, no(Reason.BAD_AMOUNT))
        if amount is None:
            return self._book_validated(notice)
        try:
            return self._book_new(notice, amount)
        except IntegrityError:
            return self._book_again(notice, amount)
        except recorded.RecordedBefore as before:
            recorded.take_reference(before.payment, notice)
            return self._book_again(notice, amount)

    @transaction.atomic
    def _book_new(self, notice: Notice, amount: Decimal) -> Outcome:
        """:raises IntegrityError: the reference stands already
        :raises RecordedBefore: it was recorded from a statement, under its receipt or spelled otherwise
        """
        if not self.is_statement:
            recorded.require_not_recorded(self.connection.pk, notice)
        device = device_typed(notice.account)
        reason = refusal_of(device)
        state = State.RECEIVED
        if reason:
            state = State.RETURNED if self._can_return() else State.UNMATCHED
        payment = self._new_payment(notice, amount, device, state)
        payment.reason = WORDS[reason] if reason else ""
        insert(payment, from_now=SOON if state == State.RECEIVED else {})
        outcome = self._count(payment)
        crash.point("book.before_commit")
        return outcome

    def _count(self, payment: Payment) -> Outcome:
        """Post what was taken, owe a result where one is wanted, and ring after the commit."""
        if payment.state != State.RETURNED:
            post(
                Movement(
                    Event.BOOKED,
                    "payment",
                    payment.pk,
                    [
                        debit(Account.OPERATOR_CLEARING, payment.amount, self.connection.pk),
                        credit(Account.SUSPENSE, payment.amount, payment.pk),
                    ],
                ),
                occurred_at=self.now,
            )
        outcome = self._word_on(payment)
        self._owe_result(payment, outcome)
        duework.announce(self.company.pk)
        if payment.state == State.RECEIVED:
            self._ring(payment)
        self.kept.digest = digest_of(self.kept)
        return _close(self.kept, outcome, payment)

    def _book_validated(self, notice: Notice) -> Outcome:
        """Count a payment whose amount came with its validation."""
        with transaction.atomic():
            payment = self._standing(notice.reference, lock=True)
            if payment is None or (notice.our_id and notice.our_id != str(payment.pk)):
                return _close(self.kept, no(Reason.UNKNOWN_REFERENCE))
            return self._count_validated(payment, notice)

    def _count_validated(self, payment: Payment, notice: Notice) -> Outcome:
        """Count a locked payment if it stands validated; money after its time waits for a person."""
        is_late = payment.state == State.RETURNED and payment.booked_at is None
        if payment.state != State.VALIDATED and not is_late:
            return self._repeat(payment, notice)
        refusal = refusal_of(payment.device) if payment.device else Reason.UNKNOWN_DEVICE
        payment.state = State.UNMATCHED if refusal or is_late else State.RECEIVED
        payment.reason = WORDS[refusal] if refusal else payment.reason
        payment.booked_at, payment.paid_at = self.now, notice.paid_at
        payment.receipt = notice.receipt[:64]
        is_ours = payment.state == State.RECEIVED
        payment.available_at = Now() + TAKEN_UP_AFTER if is_ours else None
        payment.save(
            update_fields=["state", "reason", "booked_at", "paid_at", "receipt", "available_at"]
        )
        return self._count(payment)

    def _book_again(self, notice: Notice, amount: Decimal) -> Outcome:
        self.kept.digest = ""
        with transaction.atomic():
            payment = self._standing(notice.reference, lock=True)
            if payment is None:  # the same bytes under another reference: never count them again
                return _close(self.kept, no(Reason.CONFLICT, Verdict.CONFLICT))
            if payment.amount == amount and recorded.is_same_device(payment, notice):
                if recorded.complete(self.company, payment, notice):
                    duework.announce(self.company.pk)
                    self._ring(payment)
                return self._count_validated(payment, notice)
            return self._conflict(payment, notice)

    def _repeat(self, payment: Payment, notice: Notice) -> Outcome:
        """The same money again: the same word, no effect, and a result that is owed is sent again."""
        if Capability.REPORT_RESULT in self.provider.capabilities and not self.is_statement:
            self._owe_result_again(payment, notice)
        return _close(self.kept, self._word_on(payment), payment)

    def _owe_result_again(self, payment: Payment, notice: Notice) -> None:
        if recorded.echo(payment, notice):
            self._owe_result(payment, self._word_on(payment))
            return
        OperatorResult.objects.filter(payment=payment).update(
            state=OperatorResult.State.OWED, available_at=Now(), attempts=0, closed_by=""
        )
        result = OperatorResult.objects.filter(payment=payment).first()
        if result is not None:
            duework.announce(self.company.pk)
            self._ring_result(result)

    def _conflict(self, payment: Payment, notice: Notice) -> Outcome:
        outcome = _close(self.kept, no(Reason.CONFLICT, Verdict.CONFLICT, str(payment.pk)), payment)
        Conflict.objects.get_or_create(
            payment=payment,
            amount=str(notice.amount)[:40],
            account=notice.account[:64],
            defaults={"callback": self.kept, "opened_at": self.now},
        )
        logger.warning("payment.conflict", extra={"payment_id": payment.pk})
        return outcome

    # --- small parts ------------------------------------------------------------------------------------

    def _can_return(self) -> bool:
        return self.provider.refusal_returns_money and not self.is_statement

    def _ring(self, payment: Payment) -> None:
        after_commit(tasks.work_payment, schema=self.company.schema_name, payment_id=payment.pk)

    def _amount(self, text: str) -> Decimal:
        amount = parse_amount(text, self.company.currency)
        if amount <= 0:
            raise NotAnAmount(value=text[:40])
        return amount

    def _standing(self, reference: str, *, lock: bool = False) -> Payment | None:
        found = STANDING_LOCKED if lock else STANDING
        return found.first(connection=self.connection.pk, reference=reference)

    def _new_payment(
        self, call: Validation | Notice, amount: Decimal, device: Device | None, state: State
    ) -> Payment:
        return Payment(
            connection=self.connection,
            reference=call.reference,
            receipt=getattr(call, "receipt", "")[:64],
            amount=amount,
            account=call.account,
            payer_phone=same_or_raw(call.payer_phone, self.company.country),
            payer_name=call.payer_name[:100],
            device=device,
            customer=device.customer if device else None,
            state=state,
            wire=dict(call.wire),
            booked_at=None if state == State.VALIDATED else self.now,
            paid_at=getattr(call, "paid_at", None),
        )

    def _word_on(self, payment: Payment) -> Outcome:
        """Our word on a payment that stands: yes, unless we said no when it came."""
        if payment.state == State.RETURNED:
            return Outcome(Verdict.NO, payment.reason, reason_of(payment.reason), str(payment.pk))
        return Outcome(
            Verdict.YES,
            our_id=str(payment.pk),
            amount=payment.amount,
            receipt=payment.receipt,
            completed_at=payment.booked_at,
        )

    def _owe_result(self, payment: Payment, outcome: Outcome) -> None:
        if Capability.REPORT_RESULT not in self.provider.capabilities or self.is_statement:
            return
        result = OperatorResult.objects.create(
            payment=payment,
            is_accepted=outcome.verdict == Verdict.YES,
            message=(outcome.message or "Success")[:200],
            decided_at=self.now,
            available_at=Now(),
        )
        self._ring_result(result)

    def _ring_result(self, result: OperatorResult) -> None:
        after_commit(tasks.report_result, schema=self.company.schema_name, result_id=result.pk)
