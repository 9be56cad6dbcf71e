"""What a payment costs the database: a promise that keeps the line fast."""

from datetime import time

import pytest
from django.db import connection

from devices.models import PriceBand, PriceComponent, TariffVersion
from messaging.models import Message
from payments import line
from payments.models import Payment
from tenants.scope import current_company


class Counter:
    """Counts statements and commits; BEGIN, COMMIT, SET and the exchange log do not count."""

    def __init__(self):
        self.statements, self.writes = [], []

    def __call__(self, execute, sql, params, many, context):
        text = sql if isinstance(sql, str) else str(sql)
        if "plugins_exchange" not in text and not text.startswith(("SET", "SAVEPOINT", "RELEASE")):
            self.statements.append(text)
            if any(verb in text for verb in ("INSERT", "UPDATE ", "FOR NO KEY")):
                self.writes.append(tuple(connection.savepoint_ids[:1]) or len(self.statements))
        return execute(sql, params, many, context)


@pytest.fixture
def everything(world):
    """A tariff that asks for all that a price can depend on."""
    version = TariffVersion.objects.get()
    TariffVersion.objects.update(
        vat_percent=18, allowance_kwh=5, allowance_price=100, allowance_per="customer"
    )
    PriceComponent.objects.create(version=version, name="Levy", price_per_kwh=10)
    for name, begins, ends in (("Day", 6, 18), ("Night", 18, 6)):
        PriceBand.objects.create(
            version=version, name=name, begins=time(begins), ends=time(ends), percent=90
        )


@pytest.mark.parametrize("tariff", ["plain", "everything"])
def test_a_payment_takes_at_most_24_statements_and_6_commits(world, airtel, request, tariff):
    if tariff != "plain":
        request.getfixturevalue(tariff)
    airtel(amount="400", reference="WARM")
    line.work(current_company(), Payment.objects.get(reference="WARM").pk)
    counter = Counter()

    with connection.execute_wrapper(counter):
        airtel(amount="5000", reference="COUNTED")
    payment_id = Payment.objects.get(reference="COUNTED").pk
    with connection.execute_wrapper(counter):
        line.work(current_company(), payment_id)

    assert Message.objects.filter(state="delivered").count() == 2
    assert len(counter.statements) <= 24, "\n".join(s[:150] for s in counter.statements)
    assert len(set(counter.writes)) <= 6
