"""Defects of spending a payment: done twice, done wrongly, rounded away."""

from simulation.defects.defect import Change, Defect, defect

SETTLEMENT = "payments.services.settlement"
ALLOCATION = "payments.allocation"

DEFECTS = (
    Defect(
        "no-lock-while-settling",
        "Two payments of one customer may read the same credit and the same debts.",
        (
            Change(SETTLEMENT, "    lock_owner(payment_id)\n    payment = ", "    payment = "),
            Change(
                SETTLEMENT,
                '        .select_for_update(of=("device", "self"), no_key=True)\n        .filter(pk=Hole("payment"), device__isnull=False)',
                '        .filter(pk=Hole("payment"), device__isnull=False)',
            ),
            # The race is there anyway; a pause makes it happen in a short run.
            Change(
                SETTLEMENT,
                "    split = facts.split\n    pay_debts(split)\n",
                "    split = facts.split\n    import time\n    time.sleep(0.3)\n    pay_debts(split)\n",
            ),
        ),
    ),
    Defect(
        "no-state-guard-while-settling",
        "A payment whose doorbell rings again is settled again.",
        (
            Change(
                SETTLEMENT,
                "if payment is None or payment.state != State.RECEIVED or payment.device is None:",
                "if payment is None or payment.device is None:",
            ),
            Change(
                SETTLEMENT,
                "WHERE id = %s AND state = 'received' AND available_at IS NOT NULL\nRETURNING available_at\n",
                "WHERE id = %s\nRETURNING coalesce(available_at, now())\n",
            ),
        ),
    ),
    Defect(
        "outside-call-inside-the-transaction",
        "Settling is committed after the manufacturer was called: a death in between buys again.",
        (
            Change(
                "payments.line",
                "        settled = services.settle_payment(company=company, payment_id=payment_id)\n",
                "        from django.db import transaction\n"
                "        with transaction.atomic():\n"
                "            settled = services.settle_payment(company=company, payment_id=payment_id)\n"
                "            if settled.order is not None:\n"
                "                settled.messages = vending.issue_order(settled.order)\n"
                "                settled.order = None\n",
            ),
        ),
    ),
    defect(
        "credit-spent-and-kept",
        "Credit of the device that is spent stays there.",
        ALLOCATION,
        "        device_credit=kept - device_credit,\n",
        "        device_credit=kept,\n",
    ),
    defect(
        "units-rounded",
        "Energy is rounded to the nearest step instead of down.",
        ALLOCATION,
        "    steps = (Fraction(rest) / Fraction(price) / Fraction(resolution)) // 1\n",
        "    steps = round(Fraction(rest) / Fraction(price) / Fraction(resolution))\n",
    ),
    defect(
        "cost-rounded-down",
        "The cost of energy is rounded down to the minor unit.",
        ALLOCATION,
        "    cost = round_up(quantity * price, currency)\n",
        "    cost = round_down(quantity * price, currency)\n",
    ),
    defect(
        "rest-given-away",
        "All that is left is taken as the price of the energy.",
        ALLOCATION,
        "    cost = round_up(quantity * price, currency)\n",
        "    cost = rest if quantity else ZERO\n",
    ),
    defect(
        "newest-debt-first",
        "Debts are paid from the newest to the oldest.",
        ALLOCATION,
        "    by_age = sorted(debts, key=lambda d: (d.due_date, d.plan_id, d.number))\n",
        "    by_age = sorted(debts, key=lambda d: (d.due_date, d.plan_id, d.number), reverse=True)\n",
    ),
    defect(
        "energy-before-debts",
        "Nothing of a payment goes to old debts.",
        ALLOCATION,
        "    share = round_down(amount * terms.share_percent / 100, terms.currency)\n",
        "    share = ZERO\n",
    ),
    defect(
        "fee-paid-with-the-same-money",
        "Access fees are paid from money that went to instalments already.",
        ALLOCATION,
        "    paid_fees = _clear_fees(share - _total(paid_instalments), fees)\n",
        "    paid_fees = _clear_fees(share, fees)\n",
    ),
    defect(
        "days-earned-rounded-up",
        "A plan gives the day that is not fully paid.",
        ALLOCATION,
        "    return int(earned // 1)\n",
        "    return int(-(-earned // 1))\n",
    ),
    defect(
        "instalment-not-written",
        "The books say that an instalment is paid, the plan does not.",
        SETTLEMENT,
        "    for paid in (*split.instalments, *split.plan):\n        Instalment.objects",
        "    for paid in split.plan:\n        Instalment.objects",
    ),
    defect(
        "credit-of-another-device",
        "What is left becomes credit of another device.",
        SETTLEMENT,
        "    lines.append(credit(Account.DEVICE_CREDIT, rest, payment.device_id))\n",
        "    lines.append(credit(Account.DEVICE_CREDIT, rest, (payment.device_id or 0) + 1))\n",
    ),
    defect(
        "overpaid-plan-swallows",
        "Money beyond a plan is booked to nobody's credit.",
        SETTLEMENT,
        "            credit(Account.CUSTOMER_CREDIT, amount, payment.customer_id),\n",
        "            credit(Account.APPLIANCE_REVENUE, amount),\n",
    ),
)
