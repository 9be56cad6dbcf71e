"""Defects of taking work up again, and of keeping companies apart."""

from simulation.defects.defect import defect

DEFECTS = (
    defect(
        "due-work-never-announced",
        "Only the doorbell says where work is: when it is lost, the work is.",
        "tenants.duework",
        "    with connection.cursor() as cursor:\n        cursor.execute(\n            _ANNOUNCE,",
        "    if kind == DueWork.Kind.LINE:\n        return\n"
        "    with connection.cursor() as cursor:\n        cursor.execute(\n            _ANNOUNCE,",
    ),
    defect(
        "due-work-forgotten-early",
        "A company is forgotten by the sweeper while its work is open.",
        "tenants.duework",
        "        until = next_due()\n",
        "        until = None\n",
    ),
    defect(
        "lost-orders-not-looked-for",
        "Orders whose worker died during the call are never taken up.",
        "vending.sweeps",
        "    for order_id in _ids(orders.filter(state=State.REQUESTED, leased_until__lt=Now())):\n",
        "    for order_id in ():\n",
    ),
    defect(
        "payments-not-looked-for",
        "Payments whose doorbell was lost are never taken up.",
        "payments.sweeps",
        "    for payment_id in ids:\n        ring(work_payment,",
        "    for payment_id in ():\n        ring(work_payment,",
    ),
    defect(
        "messages-not-looked-for",
        "Messages whose sender died are never taken up.",
        "messaging.sweeps",
        "        ring(send_message,",
        "        bool(send_message) or ring(send_message,",
    ),
    defect(
        "one-company-for-all-tasks",
        "A worker settles in one company, whatever company a task names.",
        "payments.tasks",
        "    with in_company(schema) as company:\n        if is_counted",
        '    with in_company("jua") as company:\n        if is_counted',
    ),
)
