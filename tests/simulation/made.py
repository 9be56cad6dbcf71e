"""A small run in which everything went well, made by hand."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace as Row

from simulation.evidence import Evidence, Found
from simulation.operators import ENQUIRY, NOTICE, YES, Call
from simulation.plan import Company, Content, Customer, Device, Payment, Plan, Sale

METER, PHONE, TOKEN = "43000010000", "+255650000010", "12345678901234567890"
REFERENCE = "S00001X000"
CONTENT = Content(METER, "5000")
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
NUMBER = "0c5b3f0e-0000-4000-8000-000000000001"
SHOWN = "1234 5678 9012 3456 7890"
TEXT = f"Jua Power: TZS 5,000 received for {METER}. Token {SHOWN} = 9.6 kWh. Ref {REFERENCE}"


def plan() -> Plan:
    """One customer with a debt of 1,000 and a fee of 150 pays 5,000 for a meter at 400 per kWh."""
    return Plan(1, (company(),), ())


def company() -> Company:
    debt = Sale("1000", 1, 35)
    return Company(
        "jua",
        customers=(Customer(0, PHONE, (debt,)),),
        devices=(Device(METER, "sim_keyed", 0, "400", fee="150", fee_days=30),),
        payments=(Payment("airtel", REFERENCE, CONTENT, PHONE, 0),),
        sms_wrongs=(),
    )


def call(
    word: str = YES, *, content: Content = CONTENT, step: str = NOTICE, text: str = ""
) -> Call:
    return Call("jua", "airtel", REFERENCE, step, content, 200, text or word, word)


def evidence() -> Evidence:
    """What such a run leaves: 1,000 to the debt, 150 to the fee, 9.6 kWh for 3,840, and 10 as credit."""
    return Evidence(calls=[call(), call(), call(step=ENQUIRY)], companies={"jua": found()})


def found() -> Found:
    charge = {"vendor": "sim_keyed", "device": METER, "quantity": "9.6", "token": TOKEN}
    return Found(
        slug="jua",
        name="Jua Power",
        currency="TZS",
        rows=rows(),
        charges=[charge],
        messages=[{"phone": PHONE, "text": TEXT}],
        results=[],
        numbers=[{"vendor": "sim_keyed", "reference": NUMBER, "token": TOKEN}],
        strays=[],
    )


def rows() -> dict[str, list[Row]]:
    return {
        "company": [Row(debt_share_percent=100, debt_order="instalments_first")],
        "devices": [Row(id=7, serial=METER, manufacturer="sim_keyed", customer_id=3)],
        "payments": [payment()],
        "conflicts": [],
        "results": [],
        "orders": [order()],
        "messages": [message()],
        "fees": [
            Row(
                id=5,
                serial=METER,
                due_date=dt.date(2026, 11, 1),
                amount=money(150),
                paid=money(150),
            )
        ],
        "plans": [Row(id=2, days_ordered=0)],
        "instalments": [instalment()],
        "postings": [
            posting(1, "booked", "payment", 11),
            posting(2, "settled", "payment", 11),
            posting(3, "credit_spent", "order", 21),
            posting(4, "issued", "order", 21),
        ],
        "entries": [
            entry(1, "operator_clearing", 5000),
            entry(1, "suspense", -5000),
            entry(2, "suspense", 5000),
            entry(2, "plan_receivable", -1000),
            entry(2, "fee_receivable", -150),
            entry(2, "device_credit", -3850),
            entry(3, "device_credit", 3840),
            entry(3, "ordered", -3840),
            entry(4, "ordered", 3840),
            entry(4, "energy_revenue", -3840),
        ],
        "unbalanced": [],
        "credit": [Row(account="device_credit", subject_id=7, amount=money(10))],
    }


def money(amount: int | str) -> Decimal:
    return Decimal(amount)


def payment(**changes) -> Row:
    facts = {
        "id": 11,
        "reference": REFERENCE,
        "operator": "airtel",
        "amount": money(5000),
        "account": METER,
        "device_id": 7,
        "state": "settled",
        "booked_at": NOW,
        "settled_at": NOW,
        "parts": [
            {"part": "instalment", "id": 9, "amount": "1000"},
            {"part": "access_fee", "id": 5, "amount": "150"},
            {"part": "energy", "amount": "3840"},
            {"part": "device_credit", "amount": "10"},
        ],
    }
    return Row(**{**facts, **changes})


def order(**changes) -> Row:
    facts = {
        "id": 21,
        "public_id": NUMBER,
        "serial": METER,
        "manufacturer": "sim_keyed",
        "source": "payment",
        "source_id": 11,
        "device_id": 7,
        "customer_id": 3,
        "task": "credit",
        "plan_id": None,
        "quantity": money("9.6"),
        "unit": "kwh",
        "cost": money(3840),
        "state": "issued",
        "token": TOKEN,
        "closed_at": NOW,
        "paused_reason": "",
    }
    return Row(**{**facts, **changes})


def message(**changes) -> Row:
    facts = {
        "id": 31,
        "public_id": "m",
        "source_id": 11,
        "phone": PHONE,
        "text": TEXT,
        "purpose": "token",
        "state": "delivered",
        "unknown_outcomes": 0,
        "dismissed_at": None,
        "paused_reason": "",
    }
    return Row(**{**facts, **changes})


def instalment(**changes) -> Row:
    facts = {
        "id": 9,
        "plan_id": 2,
        "number": 1,
        "due_date": dt.date(2026, 11, 20),
        "cost": money(1000),
        "paid": money(1000),
        "days": 30,
        "customer_id": 3,
        "device_id": None,
    }
    return Row(**{**facts, **changes})


def posting(number: int, event: str, source: str, source_id: int) -> Row:
    return Row(id=number, event=event, source=source, source_id=source_id)


def entry(posting_id: int, account: str, amount: int) -> Row:
    return Row(posting_id=posting_id, account=account, amount=money(amount))
