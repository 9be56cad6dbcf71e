"""Two workers look after one company at the same moment."""

from django.core import mail as outgoing

from tenants.models import JobRecord
from tests.conftest import make_user
from tests.threads import at_once
from tests.watch.conftest import ago
from watch import mailing, services
from watch.models import Alert


def test_two_workers_at_once_open_one_alert_and_send_one_mail(fresh_company, monkeypatch):
    monkeypatch.setattr(services, "ring", lambda *_, **__: True)
    company = fresh_company.company
    make_user("owner", "Owner", "owner@own.example")
    fresh_company.maker.paused_reason, fresh_company.maker.checked_at = "No.", ago(hours=1)
    fresh_company.maker.save()
    outgoing.outbox.clear()

    looked = at_once(company.slug, *[lambda: services.look(company)] * 3)
    alerts = Alert.objects.filter(kind="plugin").count()
    sent = at_once(company.slug, *[lambda: mailing.mail(company)] * 3)

    JobRecord.objects.filter(company=None).delete()  # as it was before
    assert looked == [None, None, None]
    assert alerts == 1
    assert sorted(sent) == [0, 0, 1]
    assert len(outgoing.outbox) == 1
