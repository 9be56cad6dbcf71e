"""System checks for dangerous combinations of settings."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from tenants import roles


@register(Tags.security, deploy=True)
def production_is_closed(**_: object) -> list[CheckMessage]:
    """Say what must not be in production."""
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DEBUG shows secrets to visitors: switch it off.", id="mpm.E001"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error("ALLOWED_HOSTS is *: name the hosts, the host picks the company.", id="mpm.E002")
        )
    if not settings.IS_HTTPS:
        found.append(
            Error("PUBLIC_SCHEME is http: passwords would travel in clear.", id="mpm.E003")
        )
    return found


@register(Tags.database, deploy=True)
def application_owns_nothing(databases: object = None, **_: object) -> list[CheckMessage]:
    """Say when who breaks into the application could rewrite the books."""
    if not databases or settings.IS_OWNER or not roles.can_rewrite():
        return []
    return [
        Warning(
            "DATABASE_URL names the owner of the tables or a superuser: a hole in the application could"
            " rewrite the books. Set DATABASE_OWNER_URL and name a role of its own here.",
            id="mpm.W005",
        )
    ]


@register()
def time_is_utc(**_: object) -> list[CheckMessage]:
    if settings.TIME_ZONE != "UTC" or not settings.USE_TZ:
        return [Error("TIME_ZONE must be UTC: companies have their own zones.", id="mpm.E004")]
    return []
