"""Defects of taking payments in: counted twice, lost, changed, or answered wrongly."""

from simulation.defects.defect import Change, Defect, defect

INTAKE = "payments.services.intake"

DEFECTS = (
    defect(
        "no-unique-reference",
        "The database does not keep an operator's reference unique.",
        "payments.migrations.0001_initial",
        "constraint=models.UniqueConstraint(fields=('connection', 'reference'), name='payment_reference_once')",
        "constraint=models.CheckConstraint(condition=models.Q(id__gt=0), name='payment_reference_once')",
    ),
    defect(
        "early-acknowledgement",
        "The operator is told yes before the money is booked, which another thread does.",
        "payments.webhooks",
        "    outcome = services.handle_incoming(\n"
        "        company=current_company(),\n"
        "        connection=connection,\n"
        "        kept=kept,\n"
        "        incoming=incoming,\n"
        "        now=callback.received_at,\n"
        "    )\n",
        """    import threading
    from plugins.contracts import Notice, Outcome, Verdict
    from tenants.scope import in_company

    def handle(company):
        with in_company(company.slug):
            return services.handle_incoming(
                company=company, connection=connection, kept=kept, incoming=incoming,
                now=callback.received_at,
            )

    if isinstance(incoming, Notice):
        threading.Timer(0.2, handle, [current_company()]).start()
        outcome = Outcome(Verdict.YES, our_id="0", amount=None)
    else:
        outcome = handle(current_company())
""",
    ),
    defect(
        "yes-when-booking-failed",
        "The operator is told yes although booking raised an error.",
        "payments.services.intake",
        "            return self._book_new(notice, amount)\n        except IntegrityError:\n"
        "            return self._book_again(notice, amount)\n",
        "            return self._book_new(notice, amount)\n        except Exception:\n"
        "            return Outcome(Verdict.YES, our_id='0')\n",
    ),
    defect(
        "conflict-taken-for-a-repeat",
        "The same reference with another amount or device is answered like a repeat.",
        INTAKE,
        "if payment.amount == amount and recorded.is_same_device(payment, notice):",
        "if True:",
    ),
    defect(
        "conflict-overwrites",
        "The later report of a reference changes the amount of the payment that stands.",
        INTAKE,
        "            return self._conflict(payment, notice)",
        "            Payment.objects.filter(pk=payment.pk).update(amount=amount + 1)\n"
        "            return self._conflict(payment, notice)",
    ),
    defect(
        "conflict-forgotten",
        "A conflict is refused, and no person is told.",
        INTAKE,
        "        Conflict.objects.get_or_create(",
        "        dict(",
    ),
    defect(
        "unknown-device-received",
        "Money for nobody's device is received as if it could be settled.",
        INTAKE,
        "state = State.RETURNED if self._can_return() else State.UNMATCHED",
        "state = State.RECEIVED",
    ),
    defect(
        "returned-money-booked",
        "Money that goes back to the payer stands in the books.",
        INTAKE,
        "        if payment.state != State.RETURNED:\n            post(",
        "        if True:\n            post(",
    ),
    defect(
        "yes-becomes-no",
        "A repeat that comes after settling is refused.",
        INTAKE,
        "        if payment.state == State.RETURNED:\n            return Outcome(Verdict.NO, payment.reason,",
        "        if payment.state not in {State.RECEIVED, State.UNMATCHED}:\n"
        "            return Outcome(Verdict.NO, payment.reason,",
    ),
    defect(
        "amount-as-float",
        "Amounts go through a float and lose their cents.",
        INTAKE,
        "        amount = parse_amount(text, self.company.currency)\n",
        "        amount = Decimal(int(float(parse_amount(text, self.company.currency))))\n",
    ),
    defect(
        "validation-counted",
        "A validation is settled before any money has moved.",
        INTAKE,
        "payment = self._new_payment(asked, amount, device, State.VALIDATED)",
        "payment = self._new_payment(asked, amount, device, State.RECEIVED)",
    ),
    defect(
        "booked-on-the-wrong-account",
        "Booked money stands as credit of a device instead of waiting to be settled.",
        INTAKE,
        "credit(Account.SUSPENSE, payment.amount, payment.pk),",
        "credit(Account.DEVICE_CREDIT, payment.amount, payment.device_id),",
    ),
    Defect(
        "one-word-for-all-results",
        "The operator that wants our word in a call of its own always hears yes.",
        (Change(INTAKE, "is_accepted=outcome.verdict == Verdict.YES,", "is_accepted=True,"),),
    ),
    defect(
        "result-told-once",
        "A result that the operator did not confirm is never told again.",
        "payments.services.results",
        "        available_at=Now() + gap,\n",
        "        available_at=None,\n",
    ),
)
