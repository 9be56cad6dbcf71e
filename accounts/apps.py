from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from tenants.models import Company


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from tenants import tidying

        tidying.register("sessions", _forget_sessions)


def _forget_sessions(_: "Company") -> int:
    """Delete the sessions that ended."""
    from django.contrib.sessions.models import Session
    from django.db.models.functions import Now

    from tenants import tidying

    return tidying.forget(Session.objects.filter(expire_date__lt=Now()))
