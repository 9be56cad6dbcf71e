"""Our words to operators, by reason: short English sentences that stand in their answers."""

from plugins.contracts import Outcome, Reason, Verdict

WORDS = {
    Reason.UNKNOWN_DEVICE: "Unknown device",
    Reason.NO_CUSTOMER: "Device has no customer",
    Reason.ARCHIVED_CUSTOMER: "Customer is not active",
    Reason.BAD_AMOUNT: "Invalid amount",
    Reason.BELOW_MINIMUM: "Amount is below the minimum",
    Reason.PLUGIN_OFF: "Service not available",
    Reason.CONFLICT: "Reference is in use with other content",
    Reason.UNKNOWN_REFERENCE: "Transaction not found",
}


def no(reason: Reason, verdict: Verdict = Verdict.NO, our_id: str = "") -> Outcome:
    """Return a refusal in our words."""
    return Outcome(verdict, WORDS[reason], reason, our_id=our_id)


def reason_of(words: str) -> Reason:
    """Return the reason that these words stand for; ``Reason.NONE`` for words of somebody else."""
    return next((reason for reason, said in WORDS.items() if said == words), Reason.NONE)
