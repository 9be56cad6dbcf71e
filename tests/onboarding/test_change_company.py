import json
from decimal import Decimal as D

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from tenants.models import Company
from vending.models import TokenOrder


def test_a_changed_share_is_followed_by_the_next_payment(world, pay, capsys):
    call_command("change_company", "--company", "jua", "--debt-share", "50", "--json")

    assert json.loads(capsys.readouterr().out) == {"changed": {"debt_share_percent": 50}}
    assert Company.objects.get(schema_name="jua").debt_share_percent == 50
    assert AuditEntry.objects.get(action="company.changed").facts == {
        "debt_share_percent": 50,
        "debt_share_percent_before": 100,
    }
    pay("400")
    assert TokenOrder.objects.get().quantity == 1


def test_nonsense_is_refused_and_changes_nothing(jua):
    with pytest.raises(CommandError, match="0 to 100"):
        call_command("change_company", "--company", "jua", "--debt-share", "101")

    assert Company.objects.get(schema_name="jua").debt_share_percent == 100


def test_the_limit_for_refunds_is_an_amount_or_never(jua):
    limits = []
    for text in ("2500.50", "0", "never"):
        call_command("change_company", "--company", "jua", "--approval-limit", text)
        limits.append(Company.objects.get(schema_name="jua").approval_limit)

    assert limits == [D("2500.50"), 0, None]
    with pytest.raises(CommandError):
        call_command("change_company", "--company", "jua", "--approval-limit", "-1")
    facts = [entry.facts for entry in AuditEntry.objects.filter(action="company.changed")]
    assert [(each["approval_limit_before"], each["approval_limit"]) for each in facts] == [
        ("never", "2500.5"), ("2500.5", "0"), ("0", "never"),
    ]  # fmt: skip
