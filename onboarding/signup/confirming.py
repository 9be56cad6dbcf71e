"""The e-mail of the first user is confirmed by a link that works once and not for long.

Nothing is made before: whoever cannot read the mail leaves a row that is forgotten after some days.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from common.errors import DomainError
from common.queue import after_commit
from common.words import _
from onboarding import tasks
from tenants.directory import digest_of
from tenants.models import SignUp
from tenants.services import check_slug

LINK_WORKS = dt.timedelta(days=2)
NOT_THE_PASSWORD = _("This is not the password that was chosen.")
_signer = TimestampSigner(salt="onboarding.signup.confirming", sep=".")


class NotComplete(DomainError):
    message = _("Something is still missing. Fill in the steps before.")


class LinkRefused(DomainError):
    message = _("This link does not work. Perhaps the mail program cut it in two.")


class LinkTooOld(LinkRefused):
    message = _("This link is too old. It worked for two days.")

    def __init__(self, sign_up: SignUp) -> None:
        self.sign_up = sign_up
        super().__init__()


class AnswersChanged(LinkRefused):
    message = _("The answers were changed after this mail was sent. A newer mail has the link.")


class TriedTooSoon(DomainError):
    message = _("Too many attempts. Wait a while, then try again.")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of signing up: the name of its page, and whether its questions are answered."""

    name: str
    label: object
    is_done: bool


def steps_of(row: SignUp | None) -> list[Step]:
    """Return the four steps, in their order."""
    return [
        Step("company", _("Company"), row is not None),
        Step("plugins", _("Plug-ins"), row is not None and row.plugins is not None),
        Step("person", _("First user"), row is not None and bool(row.owner_password)),
        Step(
            "protected",
            _("Second password"),
            row is not None and row.protected_password is not None,
        ),
    ]


def ask(*, sign_up_id: int) -> SignUp:
    """Have the link mailed to the first user, also once more.

    :raises NotComplete: a step is missing
    :raises DomainError: the short name was taken meanwhile
    """
    with transaction.atomic():
        row = SignUp.objects.select_for_update(no_key=True).get(pk=sign_up_id)
        if row.state not in (SignUp.State.DRAFT, SignUp.State.ASKED):
            return row
        if not all(step.is_done for step in steps_of(row)):
            raise NotComplete
        check_slug(row.slug)
        row.state, row.tries, row.leased_until = SignUp.State.ASKED, 0, None
        row.due_at = row.rung_at = Now()
        row.save(
            update_fields=["state", "tries", "due_at", "rung_at", "leased_until", "changed_at"]
        )
        after_commit(tasks.mail_sign_up, sign_up_id=row.pk)
    return row


def token_for(row: SignUp) -> str:
    """Return what the link carries: which sign-up, and for which e-mail, signed with the time."""
    return _signer.sign(f"{row.public_id.hex}{digest_of(row.owner_email)[:16]}")


def of_token(token: str) -> SignUp:
    """Return the sign-up that a link is about, in whatever state.

    :raises LinkTooOld: signed more than two days ago
    :raises AnswersChanged: the first user has another e-mail now
    :raises LinkRefused: not a link of ours, or the sign-up is gone
    """
    is_old = False
    try:
        text = _signer.unsign(token, max_age=LINK_WORKS)
    except SignatureExpired:
        is_old, text = True, _signer.unsign(token)
    except BadSignature:
        raise LinkRefused from None
    row = SignUp.objects.filter(public_id=UUID(text[:32])).first()
    if row is None:
        raise LinkRefused
    if digest_of(row.owner_email)[:16] != text[32:]:
        raise AnswersChanged
    if is_old and row.state in (SignUp.State.DRAFT, SignUp.State.ASKED):
        raise LinkTooOld(row)
    return row


def confirm(*, sign_up_id: int) -> SignUp:
    """The e-mail is confirmed: have the company made. Confirming twice does it once.

    Where the short name was taken meanwhile, the sign-up waits for another.

    :raises AnswersChanged: it is being filled in again
    """
    with transaction.atomic():
        row = SignUp.objects.select_for_update(no_key=True).get(pk=sign_up_id)
        if row.state == SignUp.State.DRAFT:
            raise AnswersChanged
        if row.state == SignUp.State.ASKED:
            begin_making(row)
    return row


def begin_making(row: SignUp) -> None:
    """Make a confirmed sign-up due, or note that its name is taken; in the caller's transaction, row locked."""
    row.failure = SignUp.Failure.TAKEN if not _hold_name(row) else ""
    row.state = SignUp.State.FAILED if row.failure else SignUp.State.CONFIRMED
    row.tries = row.stage = 0
    row.leased_until = None
    row.due_at = row.rung_at = None if row.failure else Now()
    row.save()
    if not row.failure:
        after_commit(tasks.make_company, sign_up_id=row.pk)


def _hold_name(row: SignUp) -> bool:
    """Return whether the short name is ours now: of two that are confirmed at once, one gets it."""
    try:
        check_slug(row.slug)
        with transaction.atomic():
            SignUp.objects.filter(pk=row.pk).update(slug=row.slug, state=SignUp.State.CONFIRMED)
    except (DomainError, IntegrityError):
        return False
    return True
