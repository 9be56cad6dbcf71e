"""Doorbells of this room. None of these belongs to a company: the rows are in the public schema."""

from celery import shared_task


@shared_task
def mail_sign_up(*, sign_up_id: int, **_: object) -> None:
    """Send what is due to whoever signs up: the link, or the welcome."""
    from onboarding.signup import mails

    mails.mail_sign_up(sign_up_id=sign_up_id)


@shared_task
def make_company(*, sign_up_id: int, **_: object) -> None:
    """Make the company of a confirmed sign-up. Needs the owner of the tables, so it has a queue of its own."""
    from onboarding.signup import making

    making.make(sign_up_id=sign_up_id)


@shared_task
def answer_enquiry(*, enquiry_id: int, **_: object) -> None:
    """Mail somebody the addresses of their companies."""
    from onboarding.signup import finding

    finding.answer(enquiry_id=enquiry_id)
