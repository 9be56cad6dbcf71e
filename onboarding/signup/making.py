"""Making the company of a confirmed sign-up: by a worker, from the row, whole or not at all.

A killed worker's sign-up is taken up again; what it left half made is removed first. The database's lock on the
short name keeps two workers apart, so the lease may be short.
"""

import datetime as dt
import logging
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models.functions import Now

from accounts.audit import audit
from accounts.models import User
from accounts.services import adopt_password, adopt_protection, create_user
from common import crash
from common.errors import DomainError
from common.queue import after_commit, ring, waiting_in
from common.schema import open_public
from onboarding import tasks
from onboarding.services import FIRST_GATEWAY
from onboarding.signup import confirming
from plugins import registry
from plugins.services import choose_plugin, connect_plugin
from tenants import publicwork
from tenants.models import Company, SignUp
from tenants.publicwork import put_off
from tenants.scope import forget_companies
from tenants.selectors import forget_hosts
from tenants.services import (
    CompanyBeingMade,
    Stage,
    add_company,
    clear_half_made,
)

logger = logging.getLogger(__name__)
LEASE = dt.timedelta(seconds=20)
MAKER_QUEUE = "companies"
MOST_WAITING = 50


def make(*, sign_up_id: int) -> SignUp | None:
    """Make the company now, if it is due and nobody else is at it; return the sign-up as it was taken."""
    open_public()
    row = publicwork.take(SignUp, sign_up_id, lease=LEASE, state=SignUp.State.CONFIRMED)
    if row is None:
        return None
    crash.point("signup.taken")
    try:
        _make(row)
    except CompanyBeingMade:
        put_off(row, by=dt.timedelta(seconds=5), is_try=False)
    except DomainError:
        logger.info("signup.name_taken", extra={"sign_up_id": row.pk})
        _fail(row, SignUp.Failure.TAKEN)
    except Exception:
        logger.exception("signup.not_made", extra={"sign_up_id": row.pk, "tries": row.tries})
        _try_later(row)
    return row


def _make(row: SignUp) -> None:
    if row.tries > publicwork.MOST_TRIES:  # killed every time
        clear_half_made(row.slug)
        _fail(row, SignUp.Failure.ERROR)
        return
    add_company(
        slug=row.slug,
        name=row.name,
        country=row.country,
        currency=row.currency,
        timezone=row.timezone,
        language=row.language,
        about={
            "address": row.address,
            "phone": row.phone,
            "email": row.email,
            "usage_types": row.usage_types,
        },
        furnish=lambda company: _furnish(row, company),
        on_stage=lambda stage: _note(row, stage),
        on_live=lambda company: _made(row, company),
    )
    forget_companies()
    forget_hosts()
    logger.info("signup.made", extra={"sign_up_id": row.pk})


def _furnish(row: SignUp, company: Company) -> None:
    """Fill the new company: its owner, and a connection for each plug-in that was chosen."""
    owner = create_user(
        email=row.owner_email,
        name=row.owner_name,
        role=User.Role.OWNER,
        password=None,
        actor=None,
    )
    adopt_password(user=owner, password_hash=row.owner_password)
    if row.protected_password:
        adopt_protection(password_hash=row.protected_password)
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    connect_plugin(slug=FIRST_GATEWAY, data={}, actor=None)
    installed = registry.load()
    chosen = [slug for slug in row.plugins or () if slug in installed]
    for slug in chosen:
        choose_plugin(slug=slug, actor=None)
    audit(
        actor=None,
        action="company.created",
        target=company.slug,
        by="sign-up",
        plugins=", ".join(chosen),
    )


def _note(row: SignUp, stage: Stage) -> None:
    SignUp.objects.filter(pk=row.pk).update(stage=stage)


def _made(row: SignUp, company: Company) -> None:
    """In the transaction that lets people in: nobody is let in twice, and the welcome is due."""
    SignUp.objects.filter(pk=row.pk).update(
        state=SignUp.State.MADE,
        company=company,
        stage=Stage.LIVE,
        owner_password="",
        protected_password="",
        due_at=Now(),
        rung_at=Now(),
        leased_until=None,
        tries=0,
    )
    after_commit(tasks.mail_sign_up, sign_up_id=row.pk)


def _try_later(row: SignUp) -> None:
    pause = publicwork.pause_after(row.tries)
    if pause is None:
        _fail(row, SignUp.Failure.ERROR)
    else:
        put_off(row, by=pause)


def _fail(row: SignUp, failure: SignUp.Failure) -> None:
    open_public()
    SignUp.objects.filter(pk=row.pk, state=SignUp.State.CONFIRMED).update(
        state=SignUp.State.FAILED,
        failure=failure,
        stage=Stage.WAITING,
        due_at=None,
        leased_until=None,
    )


def try_again(*, public_id: UUID, slug: str = "") -> SignUp:
    """Have a company that was not made tried again, under another short name if one is given.

    In any other state nothing is done.
    """
    with transaction.atomic():
        row = SignUp.objects.select_for_update(no_key=True).get(public_id=public_id)
        if row.state == SignUp.State.FAILED:
            row.slug = slug or row.slug
            confirming.begin_making(row)
    return row


def take_up() -> None:
    """Ring for due sign-ups that nobody took: the broker lost the bell, or the worker died."""
    for row in publicwork.due_again(SignUp):
        if row.state != SignUp.State.CONFIRMED:
            ring(tasks.mail_sign_up, sign_up_id=row.pk)
        elif waiting_in(MAKER_QUEUE) < MOST_WAITING:
            ring(tasks.make_company, sign_up_id=row.pk)
