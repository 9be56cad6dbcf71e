"""System checks for dangerous combinations of settings."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


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


@register()
def time_is_utc(**_: object) -> list[CheckMessage]:
    if settings.TIME_ZONE != "UTC" or not settings.USE_TZ:
        return [Error("TIME_ZONE must be UTC: companies have their own zones.", id="mpm.E004")]
    return []
