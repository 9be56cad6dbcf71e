"""Setting up companies."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.audit import audit
from accounts.models import User
from accounts.services import create_user
from common.errors import DomainError
from common.words import _
from plugins.services import connect_plugin
from tenants.models import Company
from tenants.scope import forget_companies
from tenants.selectors import forget_hosts
from tenants.services import add_company

FIRST_GATEWAY = "console_sms"


class OwnerRefused(DomainError):
    """``problems`` maps "email", "name" and "password" to what is wrong with them."""

    message = _("The owner cannot be added. %(sentences)s")

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        self.problems = dict(problems)
        sentences = " ".join(f"{field}: {' '.join(said)}" for field, said in self.problems.items())
        super().__init__(sentences=sentences)


def create_company(
    *,
    slug: str,
    name: str,
    country: str,
    currency: str,
    timezone: str,
    owner_email: str,
    owner_name: str,
    owner_password: str,
    language: str = "en",
    address: str = "",
    phone: str = "",
    email: str = "",
    usage_types: Sequence[str] = (),
) -> Company:
    """Make a company with its owner, who can log in at once, and a gateway for its first messages.

    Whatever fails leaves nothing behind.

    :param usage_types: what it sells for, of ``Company.UsageType``; none stands for all

    :raises OwnerRefused: not an e-mail address, no name, or a weak password
    :raises DomainError: see ``tenants.services.add_company``
    """
    _check_owner(owner_email, owner_name, owner_password)

    def furnish(company: Company) -> None:
        owner = create_user(
            email=owner_email,
            name=owner_name.strip(),
            role=User.Role.OWNER,
            password=owner_password,
            actor=None,
        )
        # Whoever made the company vouches for the address.
        EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
        connect_plugin(slug=FIRST_GATEWAY, data={}, actor=None)
        audit(actor=None, action="company.created", target=company.slug)

    return add_company(
        slug=slug,
        name=name,
        country=country,
        currency=currency,
        timezone=timezone,
        language=language,
        about={
            "address": address.strip(),
            "phone": phone,
            "email": email,
            "usage_types": list(usage_types),
        },
        furnish=furnish,
    )


def _check_owner(email: str, name: str, password: str) -> None:
    problems: dict[str, list[str]] = {}
    try:
        validate_email(email)
    except ValidationError as error:
        problems["email"] = error.messages
    if not 1 <= len(name.strip()) <= 100:
        problems["name"] = [str(_("Write a name of 1 to 100 characters."))]
    try:
        validate_password(password, user=User(email=email, name=name))
    except ValidationError as error:
        problems["password"] = error.messages
    if problems:
        raise OwnerRefused(problems)


class NotAShare(DomainError):
    message = _("The share for old debts is %(value)s; write a per cent from 0 to 100.")


class NotALimit(DomainError):
    message = _("The limit of unpaid access fees is %(value)s; write a number from 0 to 100.")


class NotAFreeLimit(DomainError):
    message = _("Not a limit for tokens without payment, 0 to %(most)s: %(value)s")


class NotAnApprovalLimit(DomainError):
    message = _("The limit for refunds is %(value)s; write an amount from 0 on, or leave it empty.")


class Unchanged(Enum):
    """Stands for a choice that is left as it is, where None is a choice of its own."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
MOST_FREE = 1000  # more than anybody gives away: what was meant is something else


def change_company(
    *,
    company: Company,
    actor: User | None,
    language: str | None = None,
    debt_order: str | None = None,
    debt_share_percent: int | None = None,
    unpaid_fee_limit: int | None = None,
    free_kwh_limit: Decimal | None = None,
    free_days_limit: int | None = None,
    free_tokens_per_day: int | None = None,
    approval_limit: Decimal | Unchanged | None = UNCHANGED,
) -> dict[str, str | int]:
    """Change the choices that are given; return those that changed, with their new values.

    The next payment, refund or token without payment follows them; what is settled stays as it was split.

    :param free_kwh_limit: the most energy of one token without payment; ``free_days_limit`` the same in days
    :param free_tokens_per_day: how many tokens without payment may be ordered on one day
    :param approval_limit: above it a second person approves refunds; None: never

    :raises NotAShare: not a per cent
    :raises NotALimit: not a sensible number of periods
    :raises NotAFreeLimit: below zero, or more than anybody gives away
    :raises NotAnApprovalLimit: below zero
    """
    if debt_share_percent is not None and not 0 <= debt_share_percent <= 100:
        raise NotAShare(value=debt_share_percent)
    if unpaid_fee_limit is not None and not 0 <= unpaid_fee_limit <= 100:
        raise NotALimit(value=unpaid_fee_limit)
    for limit in (free_kwh_limit, free_days_limit, free_tokens_per_day):
        if limit is not None and not 0 <= limit <= MOST_FREE:
            raise NotAFreeLimit(value=limit, most=MOST_FREE)
    wanted: dict[str, Any] = {
        "language": language,
        "debt_order": debt_order,
        "debt_share_percent": debt_share_percent,
        "unpaid_fee_limit": unpaid_fee_limit,
        "free_kwh_limit": free_kwh_limit,
        "free_days_limit": free_days_limit,
        "free_tokens_per_day": free_tokens_per_day,
    }
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(company, name)
    }
    if not isinstance(approval_limit, Unchanged) and approval_limit != company.approval_limit:
        if approval_limit is not None and approval_limit < 0:
            raise NotAnApprovalLimit(value=approval_limit)
        changed["approval_limit"] = approval_limit
    if changed:
        before: dict[str, Any] = {
            f"{name}_before": _fact(getattr(company, name)) for name in changed
        }
        after: dict[str, Any] = {name: _fact(value) for name, value in changed.items()}
        Company.objects.filter(pk=company.pk).update(**changed)
        audit(actor=actor, action="company.changed", target=company.slug, **after, **before)
        forget_companies()
        forget_hosts()
    return {name: _fact(value) for name, value in changed.items()}


def _fact(value: Any) -> str | int:
    """Return a choice as the audit log and a command write it."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "never" if value is None else value
