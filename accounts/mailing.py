"""Mails about accounts, in the language of whoever reads them."""

import logging
import smtplib
from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from tenants.scope import current_company

logger = logging.getLogger(__name__)
TROUBLE = (smtplib.SMTPException, OSError)


def send_mail(template: str, context: Mapping[str, Any], *, to: str, language: str = "") -> bool:
    """Send ``<template>_subject.txt`` and ``<template>_text.txt``; return whether the mail server took it.

    Call it outside a transaction. ``language`` is the reader's; empty takes the company's.
    """
    company = current_company()
    wanted = language or company.language
    with translation.override(wanted if translation.check_for_language(wanted) else "en"):
        known = {**context, "company": company}
        subject = " ".join(render_to_string(f"{template}_subject.txt", known).split())
        text = render_to_string(f"{template}_text.txt", known).strip() + "\n"
    try:
        sent = EmailMessage(subject, text, to=[to]).send()
    except TROUBLE as error:
        logger.warning("account.not_mailed", extra={"error": type(error).__name__})
        return False
    return bool(sent)
