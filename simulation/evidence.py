"""What can be found out after a run: our rows, read past the product, and what the vendors remember."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests

from simulation.operators import Call
from simulation.plan import Plan
from simulation.site import Site

Row = SimpleNamespace
Fact = Mapping[str, Any]

SQL = {
    "devices": "SELECT id, serial, manufacturer, customer_id FROM devices_device"
    " WHERE serial = ANY(%(serials)s)",
    "payments": "SELECT p.*, c.plugin AS operator FROM payments_payment p"
    " JOIN plugins_connection c ON c.id = p.connection_id"
    " WHERE p.reference LIKE %(prefix)s ORDER BY p.id",
    "conflicts": "SELECT f.*, p.reference FROM payments_conflict f"
    " JOIN payments_payment p ON p.id = f.payment_id"
    " WHERE p.reference LIKE %(prefix)s ORDER BY f.id",
    "results": "SELECT r.*, p.reference FROM payments_operatorresult r"
    " JOIN payments_payment p ON p.id = r.payment_id WHERE p.reference LIKE %(prefix)s",
    "orders": "SELECT o.*, d.serial, d.manufacturer FROM vending_tokenorder o"
    " JOIN devices_device d ON d.id = o.device_id"
    " WHERE d.serial = ANY(%(serials)s) ORDER BY o.id",
    "messages": "SELECT m.* FROM messaging_message m WHERE m.source = 'payment' AND m.source_id IN"
    " (SELECT id FROM payments_payment WHERE reference LIKE %(prefix)s) ORDER BY m.id",
    "fees": "SELECT f.*, d.serial FROM devices_accessfee f JOIN devices_device d ON d.id = f.device_id"
    " WHERE d.serial = ANY(%(serials)s) ORDER BY f.due_date",
    "plans": "SELECT p.*, d.serial FROM appliances_plan p JOIN customers_customer c"
    " ON c.id = p.customer_id LEFT JOIN devices_device d ON d.id = p.device_id"
    " WHERE c.phone = ANY(%(phones)s) ORDER BY p.id",
    "instalments": "SELECT i.*, p.customer_id, p.device_id FROM appliances_instalment i"
    " JOIN appliances_plan p ON p.id = i.plan_id JOIN customers_customer c ON c.id = p.customer_id"
    " WHERE c.phone = ANY(%(phones)s) ORDER BY i.due_date, i.plan_id, i.number",
    "postings": "SELECT * FROM ledger_posting WHERE (source = 'payment' AND source_id IN"
    " (SELECT id FROM payments_payment WHERE reference LIKE %(prefix)s))"
    " OR (source = 'order' AND source_id IN (SELECT o.id FROM vending_tokenorder o"
    " JOIN devices_device d ON d.id = o.device_id WHERE d.serial = ANY(%(serials)s)))"
    " ORDER BY id",
    "unbalanced": "SELECT posting_id, sum(amount) AS total FROM ledger_entry"
    " GROUP BY posting_id HAVING sum(amount) <> 0",
}
ENTRIES = "SELECT * FROM ledger_entry WHERE posting_id = ANY(%(postings)s) ORDER BY id"
CREDIT = (
    "SELECT account, subject_id, -sum(amount) AS amount FROM ledger_entry"
    " WHERE account IN ('device_credit', 'customer_credit') GROUP BY account, subject_id"
)


@dataclass(slots=True)
class Found:
    """What one company's rows and vendors say."""

    slug: str
    name: str
    currency: str
    rows: dict[str, list[Row]]
    charges: list[Fact]
    messages: list[Fact]
    results: list[Fact]
    numbers: list[Fact]
    strays: list[Fact]
    book_violations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """All that the checker looks at. ``deaths`` counts processes that were killed."""

    calls: Sequence[Call]
    companies: dict[str, Found]
    deaths: int = 0
    unfinished: list[str] = field(default_factory=list)


def collect(site: Site, plan: Plan, slug: str) -> Found:
    """Read what there is about one company of a plan."""
    company = plan.company(slug)
    facts = {
        "prefix": f"{plan.prefix}%",
        "serials": [device.serial for device in company.devices],
        "phones": [customer.phone for customer in company.customers],
    }
    rows = {name: _read(site, slug, sql, facts) for name, sql in SQL.items()}
    postings = {"postings": [posting.id for posting in rows["postings"]]}
    rows["entries"] = _read(site, slug, ENTRIES, postings)
    rows["credit"] = _read(site, slug, CREDIT, {})
    (ours,) = _read(
        site,
        slug,
        "SELECT * FROM public.tenants_company WHERE schema_name = %(slug)s",
        {"slug": slug},
    )
    truth = site.truth(slug)
    numbers = requests.get(f"{site.sandbox_of(slug)}/simulation/numbers", timeout=20).json()
    return Found(
        slug=slug,
        name=ours.name,
        currency=ours.currency,
        rows={**rows, "company": [ours]},
        charges=truth["charges"],
        messages=truth["messages"],
        results=truth["results"],
        numbers=numbers,
        strays=truth["strays"],
    )


def _read(site: Site, slug: str, sql: str, facts: Mapping[str, Any]) -> list[Row]:
    return site.query(sql, facts, company=slug)
