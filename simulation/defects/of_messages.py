"""Defects of telling people: not told, told wrongly, told the wrong person."""

from simulation.defects.defect import defect

NOTICES = "payments.notices"
SENDING = "messaging.services.sending"

DEFECTS = (
    defect(
        "payer-told-customer-not",
        "The token goes to the phone that paid, not to the customer.",
        NOTICES,
        "    to = {payment.customer.phone: text}\n",
        "    to = {payment.payer_phone: text}\n",
    ),
    defect(
        "digit-lost-in-the-message",
        "The SMS shows the token without its last digit.",
        NOTICES,
        '    facts = {"token": maker.display_token(order.token), "quantity": _plain(order.quantity)}\n',
        '    facts = {"token": maker.display_token(order.token)[:-1], "quantity": _plain(order.quantity)}\n',
    ),
    defect(
        "settled-without-a-word",
        "Who pays only debts hears nothing.",
        "payments.services.settlement",
        "    messages = [] if order else notices.tell_settled(company, payment)\n",
        "    messages = []\n",
    ),
    defect(
        "message-lost-with-the-gateway",
        "An SMS that the gateway cannot take now is given up.",
        SENDING,
        "    gap = gap_after(message.attempts)\n    if gap is None:\n        _close(",
        "    gap = gap_after(message.attempts)\n    if True:\n        _close(",
    ),
    defect(
        "message-never-closed",
        "A message that was handed over stays queued, and is handed over again.",
        SENDING,
        '                "leased_until": None,\n                "available_at": None,\n                "reason": "",\n                **changes,\n',
        '                "leased_until": None,\n                "available_at": Now(),\n                "reason": "",\n'
        '                **{**changes, "state": State.QUEUED},\n',
    ),
)
