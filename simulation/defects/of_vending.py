"""Defects of buying tokens: bought twice, lost, or taken for another's."""

from simulation.defects.defect import Change, Defect, defect

ISSUING = "vending.services.issuing"
LOOKUP = "vending.services.lookup"

DEFECTS = (
    defect(
        "blind-retry",
        "A call whose outcome is unknown is made again, whatever the manufacturer can do.",
        ISSUING,
        "    if cls.idempotency != Idempotency.NONE:\n",
        "    if True:\n",
    ),
    defect(
        "lost-order-due-again",
        "An order whose worker died during the call is due again.",
        ISSUING,
        '    return doubt(order, "The worker that asked was lost before it could note the answer.", cls)',
        '    put_back(order, Unavailable("The worker was lost."))\n    return []',
    ),
    defect(
        "silence-taken-for-no",
        "An order whose outcome is unknown is closed as refused, and its money given back.",
        ISSUING,
        "        return doubt(order, error.reason, registry.manufacturer(connection.plugin))",
        "        return close_as_refused(order, reason=error.reason)",
    ),
    Defect(
        "call-before-the-claim",
        "The manufacturer is called before the order is claimed: a death in between leaves it due.",
        (
            Change(
                ISSUING,
                '    claim(order, connection)\n    crash.point("issue.claimed")\n    messages = _call_and_close(order, connection)\n',
                "    messages = _call_and_close(order, connection)\n",
            ),
            Change(
                ISSUING,
                "            issued = _ask(adapter, order)\n",
                '            issued = _ask(adapter, order)\n            crash.point("issue.claimed")\n',
            ),
        ),
    ),
    Defect(
        "claim-without-a-guard",
        "Two workers that read an order as due both call.",
        (
            Change(
                ISSUING,
                'TokenOrder.objects.filter(pk=Hole("order"), state=State.DUE, paused_reason=""),',
                'TokenOrder.objects.filter(pk=Hole("order")),',
            ),
            # Two doorbells for one order are rare in a short run: here each rings twice.
            Change(
                "payments.tasks",
                "            line.work(company, payment_id)\n",
                "            line.work(company, payment_id, _twice=True)\n",
            ),
            Change(
                "payments.line",
                "def work(company: Company, payment_id: int) -> None:",
                "def work(company: Company, payment_id: int, _twice: bool = False) -> None:",
            ),
            Change(
                "payments.line",
                "            messages = vending.issue_order(settled.order)\n",
                "            import copy\n"
                "            again = copy.copy(settled.order)\n"
                "            messages = vending.issue_order(settled.order)\n"
                "            vending.issue_order(again)\n",
            ),
        ),
    ),
    defect(
        "early-not-found-believed",
        "A manufacturer that has no purchase yet is believed, though the call may still act.",
        LOOKUP,
        "    if database_now() - asked_at < dt.timedelta(seconds=cls.settle_seconds):\n",
        "    if False:\n",
    ),
    defect(
        "known-token-taken-again",
        "A look-up takes the token of another order for this one.",
        LOOKUP,
        "    if TokenOrder.objects.filter(device=order.device, token=found.token).exists():\n        return False\n",
        "",
    ),
    defect(
        "nothing-found-given-up",
        "An order that the manufacturer never sold is left in doubt.",
        LOOKUP,
        "    _order_again(order)\n    return []\n",
        "    TokenOrder.objects.filter(pk=order.pk).update(available_at=None)\n    return []\n",
    ),
    defect(
        "refusal-of-a-repeat-believed",
        "A refusal is believed although an earlier call was not answered: its money goes back, sold or not.",
        ISSUING,
        "        if is_outcome_open(order):\n",
        "        if False:\n",
    ),
    defect(
        "token-as-a-number",
        "Tokens lose their leading zeros.",
        ISSUING,
        "        return close_as_issued(order, token)\n    except",
        '        return close_as_issued(order, token.lstrip("0"))\n    except',
    ),
    defect(
        "new-number-for-each-try",
        "Each try of an order goes out under a number of its own.",
        ISSUING,
        "        reference=str(order.public_id),\n",
        "        reference=str(__import__('uuid').uuid4()),\n",
    ),
    defect(
        "refused-money-lost",
        "What a refused order cost does not come back as credit.",
        ISSUING,
        "                credit(*_home_of(order)),\n",
        "                credit(Account.ENERGY_REVENUE, order.cost, order.device_id),\n",
    ),
    defect(
        "refused-money-twice",
        "What a refused order cost comes back twice.",
        ISSUING,
        "                Line(Account.ORDERED, order.cost, order.pk),\n"
        "                credit(*_home_of(order)),\n",
        "                Line(Account.ORDERED, order.cost, order.pk),\n"
        "                debit(Account.LOSSES, order.cost),\n"
        "                credit(Account.DEVICE_CREDIT, order.cost * 2, order.device_id),\n",
    ),
    defect(
        "issued-not-booked",
        "An issued order is booked as income of nothing: its money stays ordered.",
        ISSUING,
        "                debit(Account.ORDERED, order.cost, order.pk),\n",
        "                debit(Account.LOSSES, order.cost),\n",
    ),
    defect(
        "redirects-followed",
        "A manufacturer's redirect is followed to wherever it leads.",
        "plugins.http",
        "            allow_redirects=False,\n",
        "            allow_redirects=True,\n",
    ),
)
