"""The page on which admins choose what payments and refunds follow."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tenants.models import Company

PAGE = reverse("onboarding:money-settings", urlconf="mpm.urls")
CHOICES = {
    "approval_limit": "10000",
    "debt_order": "fees_first",
    "debt_share_percent": "50",
    "unpaid_fee_limit": "2",
    "free_kwh_limit": "5.5",
    "free_days_limit": "3",
    "free_tokens_per_day": "4",
}


def jua():
    return Company.objects.get(schema_name="jua")


def test_an_admin_sees_what_holds_and_changes_it(owner):
    before = owner.get(PAGE)
    said = owner.post(PAGE, CHOICES)

    company = jua()
    assert before.status_code == 200
    assert said.status_code == 302
    assert (company.approval_limit, company.debt_order) == (10000, "fees_first")
    assert (company.debt_share_percent, company.unpaid_fee_limit) == (50, 2)
    assert company.free_kwh_limit == Decimal("5.5")
    assert (company.free_days_limit, company.free_tokens_per_day) == (3, 4)
    facts = AuditEntry.objects.get(action="company.changed").facts
    assert (facts["approval_limit_before"], facts["approval_limit"]) == ("never", "10000")
    assert 'value="10000"' in owner.get(PAGE).content.decode()


def test_saving_the_same_again_changes_and_records_nothing(owner):
    owner.post(PAGE, CHOICES)
    owner.post(PAGE, CHOICES)

    assert AuditEntry.objects.filter(action="company.changed").count() == 1


def test_an_empty_limit_asks_nobody_and_zero_always(owner):
    owner.post(PAGE, CHOICES | {"approval_limit": "0"})
    always = jua().approval_limit
    owner.post(PAGE, CHOICES | {"approval_limit": ""})

    assert always == 0
    assert jua().approval_limit is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"approval_limit": "-1"},
        {"approval_limit": "1,000"},
        {"approval_limit": "0.001"},
        {"debt_share_percent": "101"},
        {"debt_share_percent": ""},
        {"unpaid_fee_limit": "-1"},
        {"free_kwh_limit": "-1"},
        {"free_kwh_limit": "0.05"},
        {"free_days_limit": ""},
        {"free_tokens_per_day": "1001"},
        {"debt_order": "x"},
    ],
    ids=str,
)
def test_nonsense_is_refused_and_changes_nothing(owner, wrong):
    said = owner.post(PAGE, CHOICES | wrong)

    assert said.status_code == 422
    assert jua().debt_order == "instalments_first"
    assert not AuditEntry.objects.filter(action="company.changed").exists()


def test_only_admins_may(accountant, clerk):
    for client in (accountant, clerk):
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, CHOICES).status_code == 403
    assert jua().approval_limit is None
