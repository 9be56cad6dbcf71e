from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from tenants.models import Company


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import noting, sessions
        from tenants import sweeping, tidying
        from tenants.models import DueWork

        noting.connect()
        tidying.register("open_sessions", sessions.forget_ended)
        tidying.register("sessions", _forget_sessions)
        tidying.register("known e-mails", _rewrite_directory)
        sweeping.register(DueWork.Kind.SEALS, sweeping.Sweep(_seal_audit_log, lambda _: None))


def _forget_sessions(_: "Company") -> int:
    """Delete the sessions that ended."""
    from django.contrib.sessions.models import Session
    from django.db.models.functions import Now

    from tenants import tidying

    return tidying.forget(Session.objects.filter(expire_date__lt=Now()))


def _rewrite_directory(company: "Company") -> int:
    """Have the public list of digests hold the e-mails of those who may log in, and no other."""
    from accounts.models import User
    from tenants import directory

    emails = User.objects.filter(is_active=True).values_list("email", flat=True)
    return directory.rewrite(company, emails)


def _seal_audit_log(_: "Company") -> None:
    """Seal what people did since the last look; the books say when the next one is."""
    from accounts.chain import seal_audit_log

    seal_audit_log()
