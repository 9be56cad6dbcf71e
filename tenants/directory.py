"""At which companies an e-mail logs in: found by a keyed digest, so that the list itself tells nobody.

A hint, not the truth: whoever reads it asks the company. Rooms note an e-mail when it begins to log in; the
nightly tidying writes a company's part anew, which forgets the others and mends what was missed.
"""

from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from tenants.models import Company, KnownEmail


def digest_of(email: str) -> str:
    """Return what stands for an e-mail; it takes SECRET_KEY to make one."""
    return salted_hmac("tenants.directory", email.strip().lower(), algorithm="sha256").hexdigest()


def note_email(company: Company, email: str) -> None:
    """Remember that this e-mail logs in here, in the caller's transaction."""
    KnownEmail.objects.bulk_create(
        [KnownEmail(company=company, digest=digest_of(email))], ignore_conflicts=True
    )


def companies_of(email: str) -> list[Company]:
    """Return the active companies where this e-mail may log in; each must still be asked."""
    known = KnownEmail.objects.filter(digest=digest_of(email)).values("company_id")
    return list(Company.objects.filter(pk__in=known, is_active=True).order_by("name", "pk"))


def rewrite(company: Company, emails: Iterable[str]) -> int:
    """Make a company's part of the list that of these e-mails; return how many were forgotten."""
    digests = {digest_of(email) for email in emails}
    gone, _by_model = (
        KnownEmail.objects.filter(company=company).exclude(digest__in=digests).delete()
    )
    KnownEmail.objects.bulk_create(
        [KnownEmail(company=company, digest=digest) for digest in sorted(digests)],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return gone
