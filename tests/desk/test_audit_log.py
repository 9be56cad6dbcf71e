"""The audit log as a page: who did what, before and after, filtered and saved."""

import pytest
from django.urls import reverse

from accounts.audit import audit
from accounts.models import AuditEntry

LOG = reverse("desk:audit", urlconf="mpm.urls")
EXPORT = reverse("desk:audit-export", urlconf="mpm.urls")


@pytest.fixture
def changes(world, amina, asha):
    """What two people did."""
    audit(actor=amina, action="company.changed", target="jua", language="sw", language_before="en")
    audit(actor=asha, action="plugin.switched_off", target="airtel")


def text(answer):
    return answer.content.decode()


def test_it_says_who_changed_what_from_what_to_what(owner, changes):
    page = text(owner.get(LOG))

    assert "Amina Said" in page
    assert "<del>en</del> → sw" in page


def test_it_is_filtered_by_person(owner, changes, asha):
    rows = text(owner.get(LOG, {"person": asha.public_id}))

    assert rows.count('<tr id="entry-') == AuditEntry.objects.filter(actor=asha).count()
    assert "<del>en</del>" not in rows


def test_a_filter_that_finds_nothing_says_so(owner, changes):
    assert "Nothing here" in text(owner.get(LOG, {"until": "2001-01-01"}))


def test_it_is_saved_as_a_file_and_that_is_noted(owner, changes):
    answer = owner.get(EXPORT, {"format": "csv"})
    body = b"".join(answer.streaming_content).decode()

    assert "Amina Said" in body
    assert AuditEntry.objects.filter(action="audit.exported").exists()


def test_it_takes_no_query_per_row(owner, changes, amina, django_assert_max_num_queries):
    owner.get(LOG)
    for number in range(40):
        audit(actor=amina, action="company.changed", target="jua", debt_share_percent=number)
    with django_assert_max_num_queries(16):
        owner.get(LOG)


def test_who_may_not_see_it_is_refused(clerk, accountant):
    assert clerk.get(LOG).status_code == 403
    assert accountant.get(EXPORT).status_code == 403
