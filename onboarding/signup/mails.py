"""Mails to people who sign up: the link that confirms, and the welcome."""

import datetime as dt
import logging
import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from common import crash
from common.schema import open_public
from onboarding.signup.confirming import token_for
from tenants import publicwork
from tenants.models import Company, PublicWork, SignUp
from tenants.selectors import address_of, public_address

logger = logging.getLogger(__name__)
LEASE = dt.timedelta(minutes=2)
TROUBLE = (smtplib.SMTPException, OSError)
PUBLIC_URLS = "mpm.urls_public"


def mail_sign_up(*, sign_up_id: int) -> None:
    """Send what is due: the link while it is to be confirmed, the welcome once the company is made.

    A worker that dies between sending and noting it sends the same mail again.
    """
    open_public()
    states = (SignUp.State.ASKED, SignUp.State.MADE)
    row = publicwork.take(SignUp, sign_up_id, lease=LEASE, state__in=states)
    if row is None:
        return
    if row.state == SignUp.State.ASKED:
        is_sent = send("confirm", row, to=row.owner_email, language=row.language, **_link_of(row))
    else:
        is_sent = _welcome(row)
    crash.point("signup.mailed")
    if is_sent:
        SignUp.objects.filter(pk=row.pk, state=row.state, leased_until=row.leased_until).update(
            due_at=None, leased_until=None
        )


def _link_of(row: SignUp) -> dict[str, Any]:
    path = reverse("sign-up-confirm", urlconf=PUBLIC_URLS, args=[token_for(row)])
    return {"sign_up": row, "link": public_address() + path, "public_address": public_address()}


def _welcome(row: SignUp) -> bool:
    company: Company | None = row.company
    if company is None:  # gone again
        return True
    facts = {"sign_up": row, "company": company, "address": address_of(company)}
    return send("welcome", row, to=row.owner_email, language=row.language, **facts)


def send(event: str, work: PublicWork, *, to: str, language: str, **context: Any) -> bool:
    """Send one mail; with a mail server in trouble put the work off, and give it up in the end.

    :return: whether nothing is left to do
    """
    with translation.override(language):
        subject, body = (
            render_to_string(f"onboarding/email/{event}_{part}.txt", context).strip()
            for part in ("subject", "text")
        )
    try:
        EmailMessage(subject, body, to=[to]).send()
    except TROUBLE as error:
        pause = publicwork.pause_after(work.tries)
        facts = {"event": event, "work_id": work.pk, "error": type(error).__name__}
        logger.warning("signup.not_mailed", extra=facts)
        if pause is None:
            return True
        publicwork.put_off(work, by=pause)
        return False
    return True
