"""The books: append-only, double entry. The ledger knows money, not where it comes from.

Debits are positive, credits negative. The database refuses a posting that does not add up to zero, and any
change of a posting or entry. Seals show it where somebody got past the database (``common.chain``).
"""

import uuid
from typing import ClassVar

from django.db import models

from common.chain import LinkModel, SealModel
from common.fields import AmountField
from common.words import _


class Account(models.TextChoices):
    """Accounts; what ``subject_id`` of an entry points to stands behind each."""

    OPERATOR_CLEARING = "operator_clearing", _("Operator clearing")  # connection
    CASH_DESK = "cash_desk", _("Cash desk")  # user
    AGENT_FLOAT = "agent_float", _("Agent float")  # agent
    BANK = "bank", _("Bank")
    PLAN_RECEIVABLE = "plan_receivable", _("Owed on plans")  # plan
    FEE_RECEIVABLE = "fee_receivable", _("Owed access fees")  # device
    CUSTOMER_RECEIVABLE = "customer_receivable", _("Owed by customers")  # customer
    SUSPENSE = "suspense", _("Payments not yet settled")  # payment
    ORDERED = "ordered", _("Ordered, not yet issued")  # order
    DEVICE_CREDIT = "device_credit", _("Credit of devices")  # device
    CUSTOMER_CREDIT = "customer_credit", _("Credit of customers")  # customer
    REFUNDS_PAYABLE = "refunds_payable", _("Refunds to pay")  # correction
    VAT_PAYABLE = "vat_payable", _("VAT to pay")
    COMMISSION_PAYABLE = "commission_payable", _("Commission to pay")
    ENERGY_REVENUE = "energy_revenue", _("Energy sold")
    FEE_REVENUE = "fee_revenue", _("Access fees")
    APPLIANCE_REVENUE = "appliance_revenue", _("Appliances sold")
    SERVICE_REVENUE = "service_revenue", _("Service days sold")
    LOSSES = "losses", _("Losses")
    OPERATOR_FEES = "operator_fees", _("Operator fees")
    OPENING_BALANCES = "opening_balances", _("Opening balances")


class Kind(models.TextChoices):
    """What an account stands for; debits make assets and expenses grow, credits the others."""

    ASSET = "asset", _("Assets")
    LIABILITY = "liability", _("Liabilities")
    INCOME = "income", _("Income")
    EXPENSE = "expense", _("Expenses")
    EQUITY = "equity", _("Equity")


KINDS = {
    Account.OPERATOR_CLEARING: Kind.ASSET,
    Account.CASH_DESK: Kind.ASSET,
    Account.AGENT_FLOAT: Kind.ASSET,
    Account.BANK: Kind.ASSET,
    Account.PLAN_RECEIVABLE: Kind.ASSET,
    Account.FEE_RECEIVABLE: Kind.ASSET,
    Account.CUSTOMER_RECEIVABLE: Kind.ASSET,
    Account.SUSPENSE: Kind.LIABILITY,
    Account.ORDERED: Kind.LIABILITY,
    Account.DEVICE_CREDIT: Kind.LIABILITY,
    Account.CUSTOMER_CREDIT: Kind.LIABILITY,
    Account.REFUNDS_PAYABLE: Kind.LIABILITY,
    Account.VAT_PAYABLE: Kind.LIABILITY,
    Account.COMMISSION_PAYABLE: Kind.LIABILITY,
    Account.ENERGY_REVENUE: Kind.INCOME,
    Account.FEE_REVENUE: Kind.INCOME,
    Account.APPLIANCE_REVENUE: Kind.INCOME,
    Account.SERVICE_REVENUE: Kind.INCOME,
    Account.LOSSES: Kind.EXPENSE,
    Account.OPERATOR_FEES: Kind.EXPENSE,
    Account.OPENING_BALANCES: Kind.EQUITY,
}
LIABILITIES = frozenset(account for account, kind in KINDS.items() if kind == Kind.LIABILITY)
# Where money itself lies.
MONEY = frozenset({Account.OPERATOR_CLEARING, Account.CASH_DESK, Account.AGENT_FLOAT, Account.BANK})
DEBIT_KINDS = frozenset({Kind.ASSET, Kind.EXPENSE})


def sign_of(account: str) -> int:
    """Return 1 where debits make an account's balance grow, -1 where credits do."""
    return 1 if KINDS[Account(account)] in DEBIT_KINDS else -1


class Event(models.TextChoices):
    """What a posting records; one word per row of the posting table in docs/architecture.md."""

    BOOKED = "booked", _("Payment booked")
    RETURNED = "returned", _("Returned after booking")
    SETTLED = "settled", _("Settled")
    CREDIT_SPENT = "credit_spent", _("Credit spent")
    CREDIT_MOVED = "credit_moved", _("Credit moved")
    ISSUED = "issued", _("Token issued")
    NOT_ISSUED = "not_issued", _("Not issued")
    MERGED = "merged", _("Two records merged")
    FEE_DUE = "fee_due", _("Access fee due")
    FEE_MOVED = "fee_moved", _("Access fee moved")
    SOLD = "sold", _("Appliance sold")
    OVERPAID = "overpaid", _("Plan overpaid")
    REFUND_DECIDED = "refund_decided", _("Refund decided")
    REFUND_PAID = "refund_paid", _("Refund paid out")
    REFUND_WITHDRAWN = "refund_withdrawn", _("Refund withdrawn")
    REVERSED = "reversed", _("Reversed by the operator")
    WRITTEN_OFF = "written_off", _("Written off")
    OPENING = "opening", _("Opening balance")


# Somebody came to owe, or owes no longer, and no money moved.
NO_MONEY = frozenset({Event.FEE_DUE, Event.FEE_MOVED, Event.SOLD, Event.WRITTEN_OFF, Event.OPENING})


class Posting(models.Model):
    """One balanced movement of money."""

    append_only: ClassVar = True

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(max_length=20, choices=Event)
    source = models.CharField(
        max_length=20
    )  # kind of row that caused it: "payment", "order", "plan", …
    source_id = models.BigIntegerField()
    memo = models.CharField(max_length=200, blank=True)
    actor_name = models.CharField(max_length=150, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["source", "source_id"], name="posting_by_source"),
            models.Index(fields=["-occurred_at", "-id"], name="posting_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.source} {self.source_id}"


class Entry(models.Model):
    """One line of a posting: an amount on one account, for one subject."""

    append_only: ClassVar = True

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=30, choices=Account)
    subject_id = models.BigIntegerField(null=True)
    amount = AmountField()

    class Meta:
        verbose_name_plural = "entries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="entry_moves_something")
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "subject_id"], include=["amount"], name="entry_balance")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"


class SealedPosting(LinkModel):
    """A posting's place and fingerprint in the chain of the books; ``parts`` counts its entries."""

    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="sealed")

    def __str__(self) -> str:
        return f"{self.position}: posting {self.posting_id}"


class Seal(SealModel):
    """The end of one batch of sealed postings."""
