"""Who changed what about a customer, in words, from the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import AuditEntry
from common.words import _
from customers.models import Customer
from customers.records import Consent, Question
from desk.customer_records import record_targets
from devices.models import Device

DID = {
    "customer.registered": _("registered the customer"),
    "customer.changed": _("changed personal data"),
    "customer.phone_changed": _("changed the phone"),
    "customer.archived": _("archived the customer"),
    "customer.restored": _("brought the customer back"),
    "customer.merged": _("merged two records"),
    "customer.address_added": _("added an address"),
    "customer.address_changed": _("changed an address"),
    "customer.address_removed": _("removed an address"),
    "customer.address_made_primary": _("made another address the primary one"),
    "customer.document_added": _("added a document"),
    "customer.document_opened": _("opened a document"),
    "customer.document_removed": _("removed a document"),
    "customer.answered": _("wrote down answers"),
    "customer.consented": _("recorded a consent"),
    "customer.consent_withdrawn": _("recorded that a consent is withdrawn"),
    "credit.moved": _("moved credit to a device"),
    "credit.paid_plan": _("paid a plan with credit"),
    "device.registered": _("registered a device"),
    "device.assigned": _("gave the customer a device"),
    "device.archived": _("archived a device"),
    "device.moved": _("moved a device"),
}
LABELS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "title": _("Title"),
    "gender": _("Gender"),
    "birth_date": _("Day of birth"),
    "education": _("Education"),
    "village": _("Village"),
    "street": _("Street or place"),
    "language": _("Language"),
    "connection_type": _("Kind of use"),
    "connection_sub_type": _("Finer kind of use"),
    "connection_group": _("Group"),
    "phone": _("Phone"),
    "address": _("Address"),
    "primary": _("Primary address"),
    "document": _("Document"),
    "purpose": _("For"),
    "how": _("How"),
    "amount": _("Amount"),
    "device": _("Device"),
    "serial": _("Device"),
    "plan": _("Plan"),
    "name": _("Name"),
    "record": _("Record"),
    "phone_kept": _("Phone"),
}
BEFORE = "_before"
# Facts that are words of the code, as people read them.
WORDS: dict[str, dict[str, Any]] = {
    "gender": dict(Customer.Gender.choices),
    "purpose": dict(Consent.Purpose.choices),
    "how": dict(Consent.How.choices),
    "language": dict(settings.LANGUAGES),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was said or changed; ``before`` is None where nothing was there to change."""

    label: Any
    value: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Happening:
    entry: AuditEntry
    did: Any
    facts: list[Fact]
    reason: str


def history_of(customer: Customer) -> QuerySet[AuditEntry]:
    """Return what was done about a customer and the devices it holds, newest first."""
    devices = Device.objects.filter(customer=customer).values_list("public_id", flat=True)
    own, *merged = record_targets(customer)
    found = AuditEntry.objects.filter(target__in=[own, *merged, *(str(each) for each in devices)])
    # A merge is written down at both records; here it is told once.
    return found.exclude(action="customer.merged", target__in=merged).order_by("-at", "-pk")


def happenings(entries: Sequence[AuditEntry]) -> list[Happening]:
    """Return entries in words; two queries whatever their number."""
    questions = _questions(entries)
    return [
        Happening(
            entry=each,
            did=DID.get(each.action, each.action),
            facts=_facts(each.facts, questions),
            reason=str(each.facts.get("reason", "")),
        )
        for each in entries
    ]


def _said(name: str, value: Any) -> str:
    return str(WORDS.get(name, {}).get(value, value))


def _questions(entries: Sequence[AuditEntry]) -> dict[str, str]:
    if not any(each.action == "customer.answered" for each in entries):
        return {}
    return {f"answer_{each.pk}": each.text for each in Question.objects.all()}


def _facts(facts: Mapping[str, Any], questions: Mapping[str, str]) -> list[Fact]:
    if "after" in facts and "before" in facts:  # how older entries write one change
        return [Fact("", str(facts["after"]), str(facts["before"]))]
    return [
        Fact(
            LABELS.get(name) or questions.get(name) or name,
            _said(name, value),
            _said(name, facts[name + BEFORE]) if name + BEFORE in facts else None,
        )
        for name, value in facts.items()
        if name != "reason" and not name.endswith(BEFORE) and (name in LABELS or name in questions)
    ]
