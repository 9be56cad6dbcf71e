"""Setting up companies."""

from collections.abc import Mapping

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
) -> Company:
    """Make a company with its owner, who can log in at once, and a gateway for its first messages.

    Whatever fails leaves nothing behind.

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
