"""allauth, fitted to companies: nobody signs up on a company's host, limits count per company."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse

from accounts.middleware import remember_language
from accounts.models import User
from common.encryption import decrypt, encrypt
from common.http import remote_ip
from common.words import _


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
    """Seeds of second steps are stored encrypted, like every other secret."""

    def encrypt(self, text: str) -> str:
        return encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text.encode()).decode()
