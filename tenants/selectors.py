"""Reading companies."""

import time

from django.conf import settings
from django.db.models import QuerySet

from common.schema import open_public
from tenants.models import Company, Domain

CACHE_SECONDS = 5.0
_by_host: dict[str, tuple[float, Company]] = {}


def company_for_host(host: str) -> Company | None:
    """Return the active company of a host name, at most five seconds old."""
    kept = _by_host.get(host)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    open_public()
    domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    if domain is None or not domain.tenant.is_active or domain.tenant.schema_name == "public":
        return None
    company: Company = domain.tenant
    _by_host[host] = (time.monotonic() + CACHE_SECONDS, company)
    return company


def forget_hosts() -> None:
    """Drop what ``company_for_host`` remembers, after a change in this process."""
    _by_host.clear()


def companies() -> QuerySet[Company]:
    active: QuerySet[Company] = Company.objects.filter(is_active=True)
    return active.exclude(schema_name="public").order_by("pk")


def host_of(company: Company) -> str:
    return f"{company.schema_name}.{settings.PUBLIC_HOST}"


def address_of(company: Company) -> str:
    """Return the company's own address, like ``https://jua.mpm.example``, without a slash at the end."""
    return _address(host_of(company))


def address_of_slug(slug: str) -> str:
    """Return the address that a company of this short name has or would have."""
    return _address(f"{slug}.{settings.PUBLIC_HOST}")


def host_of_slug(slug: str) -> str:
    """Return the same for reading: without the scheme."""
    return address_of_slug(slug).partition("://")[2]


def public_address() -> str:
    """Return the address of the public pages, without a slash at the end."""
    return _address(settings.PUBLIC_HOST)


def _address(host: str) -> str:
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return f"{settings.PUBLIC_SCHEME}://{host}{port}"
