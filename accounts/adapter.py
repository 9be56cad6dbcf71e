"""allauth, fitted to companies: nobody signs up on a company's host, limits count per company."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from accounts import noting
from accounts.middleware import remember_language
from accounts.models import User
from common.encryption import decrypt, encrypt
from common.http import remote_ip
from common.words import _
from tenants.scope import current_company
from tenants.selectors import host_of


class CompanyAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("E-mail or password is not right."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes, then try again."),
        "rate_limited": _("Too many attempts. Wait a few minutes, then try again."),
        "incorrect_code": _("This code is not right, or it is too old."),
        "incorrect_password": _("This password is not right."),
        "enter_current_password": _("This is not your password until now."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return remote_ip(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by e-mail alone: allauth's own key begins with the Host header, which the guesser writes.

        The company comes from the cache, whose keys begin with the schema.
        """
        return str(credentials.get("email", "")).lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            noting.login_locked(str(credentials.get("email", "")))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        noting.login_failed(str(credentials.get("email", "")))

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of this host: a log-in never leads elsewhere."""
        return bool(url) and str(url).startswith("/") and not str(url).startswith(("//", "/\\"))

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).lower()

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Go on in the language that this user chose, if one was chosen."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return remember_language(response, user.language) if user.language else response

    def populate_username(self, request: Any, user: Any) -> None:
        """Users have no user name."""


class CompanyMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds of second steps are stored encrypted, like every other secret; keys belong to the company's host."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not right, or it is too old. Try once more."),
        "unverified_email": _(
            "Set a new password by e-mail first: that proves that the e-mail is yours."
        ),
    }

    def get_totp_issuer(self) -> str:
        return current_company().name

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whom a key is made for: the company's host as we know it, not as the request spells it."""
        company = current_company()
        return {"id": host_of(company), "name": company.name}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return str(_("Key %(number)s")) % {"number": count + 1}

    def encrypt(self, text: str) -> str:
        return encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text.encode()).decode()
