"""All records of one person: the one that stands, and those that were merged into it."""

from accounts.models import AuditEntry
from customers.models import Customer


def record_ids(customer: Customer) -> list[int]:
    """Return the id of a customer and of each record that was merged into it."""
    merged = Customer.objects.filter(merged_into=customer).order_by("pk")
    return [customer.pk, *merged.values_list("pk", flat=True)]


def record_targets(customer: Customer) -> list[str]:
    """Return the public ids of the same, as the audit log names them."""
    merged = Customer.objects.filter(merged_into=customer).order_by("pk")
    found = [customer.public_id, *merged.values_list("public_id", flat=True)]
    return [str(each) for each in found]


def record_phones(customer: Customer) -> list[str]:
    """Return the phones that SMS of this person went to and came from, also earlier ones, each once."""
    merged = Customer.objects.filter(merged_into=customer).order_by("pk")
    records = {str(customer.public_id): customer.phone}
    records |= {str(pk): phone for pk, phone in merged.values_list("public_id", "phone")}
    changed = AuditEntry.objects.filter(target__in=records, action="customer.phone_changed")
    earlier = [str(facts.get("before", "")) for facts in changed.values_list("facts", flat=True)]
    return list(dict.fromkeys([*records.values(), *filter(None, earlier)]))
