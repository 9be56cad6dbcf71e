"""Find my company: a mail lists the companies where this e-mail logs in. Nobody else is told anything."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from common.queue import after_commit, ring
from common.schema import open_public
from onboarding import tasks
from onboarding.signup.mails import send
from tenants import directory, publicwork
from tenants.models import Company, Enquiry
from tenants.scope import in_company
from tenants.selectors import address_of

LEASE = dt.timedelta(minutes=2)


@transaction.atomic
def ask(*, email: str) -> Enquiry:
    """Have the question answered by a worker: here nothing is looked up, so nothing can be told by the time."""
    row = Enquiry.objects.create(email=email, due_at=Now(), rung_at=Now())
    after_commit(tasks.answer_enquiry, enquiry_id=row.pk)
    return row


def answer(*, enquiry_id: int) -> None:
    """Mail the addresses of the companies where this e-mail is an active user's; without any, nothing.

    The question is forgotten when it is answered.
    """
    open_public()
    row = publicwork.take(Enquiry, enquiry_id, lease=LEASE)
    if row is None:
        return
    found = [
        company for company in directory.companies_of(row.email) if _logs_in(company, row.email)
    ]
    open_public()
    if not found or _mail(row, found):
        row.delete()


def _logs_in(company: Company, email: str) -> bool:
    """Ask the company itself: the list of digests is a hint that may be a day old."""
    with in_company(company.slug):
        return User.objects.filter(email__iexact=email, is_active=True).exists()


def _mail(row: Enquiry, found: list[Company]) -> bool:
    places = [(company.name, address_of(company)) for company in found]
    languages = {company.language for company in found}
    language = languages.pop() if len(languages) == 1 else settings.LANGUAGE_CODE
    return send("companies", row, to=row.email, language=language, places=places)


def take_up() -> None:
    """Ring for questions that nobody answered: the broker lost the bell, or the worker died."""
    for row in publicwork.due_again(Enquiry):
        ring(tasks.answer_enquiry, enquiry_id=row.pk)
