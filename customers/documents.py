"""Documents of a customer: taken in by what they are, not by what they are called, and handed out as files."""

import base64
import datetime as dt
import hashlib
import re

from django.db import transaction
from django.db.models import QuerySet, Sum

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.texts import is_text
from common.words import _
from customers.records import Document, DocumentFile
from customers.services import lock_customer

MEGABYTE = 1024 * 1024
MAX_BYTES = 5 * MEGABYTE
MOST = 10  # of one customer
MOST_OF_COMPANY = 5_000 * MEGABYTE
NAME_CHARS = 100
_BEGINS = {
    Document.Type.PDF: re.compile(rb"%PDF-\d"),
    Document.Type.JPEG: re.compile(rb"\xff\xd8\xff"),
    Document.Type.PNG: re.compile(rb"\x89PNG\r\n\x1a\n"),
    Document.Type.WEBP: re.compile(rb"RIFF....WEBP", re.DOTALL),
}
MIME = {
    Document.Type.PDF: "application/pdf",
    Document.Type.JPEG: "image/jpeg",
    Document.Type.PNG: "image/png",
    Document.Type.WEBP: "image/webp",
}
ENDINGS = {Document.Type.JPEG: "jpg"}


class NotADocument(DomainError):
    message = _("This is neither a PDF nor a JPEG, PNG or WebP picture.")


class DocumentTooLarge(DomainError):
    message = _("The file is larger than 5 MB. Scan it with fewer dots, or take a smaller picture.")


class TooManyDocuments(DomainError):
    message = _("A customer has at most %(most)s documents. Remove one first.")


class DocumentKnown(DomainError):
    message = _("This very file is there already, as “%(name)s”.")


class NoRoomLeft(DomainError):
    message = _("The company's documents fill all the room they have. Remove some first.")


def type_of(content: bytes) -> Document.Type:
    """Return what a file is by its first bytes.

    :raises NotADocument: nothing that we take
    """
    for kind, begins in _BEGINS.items():
        if begins.match(content):
            return kind
    raise NotADocument


def safe_name(name: str, kind: Document.Type) -> str:
    """Return a name to save a file under: no path, no control character, the ending of what it is."""
    if not is_text(name):
        name = ""
    base = re.split(r"[\\/]", name)[-1].rpartition(".")
    stem = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\"<>|:*?%]+", " ", base[0] or base[2]
    )
    stem = " ".join(stem.split()).strip(". ")[:NAME_CHARS]
    return f"{stem or 'document'}.{ENDINGS.get(kind, kind)}"


@transaction.atomic
def add_document(
    *, customer_id: int, name: str, kind: str, content: bytes, now: dt.datetime, actor: User
) -> Document:
    """Keep a file about a customer.

    :param kind: what it is, in words
    :raises DomainError: not a kind of file we take, too large, too many, or there already; nothing was kept
    """
    if len(content) > MAX_BYTES:
        raise DocumentTooLarge
    found = type_of(content)
    customer = lock_customer(customer_id)
    digest = hashlib.sha256(content).hexdigest()
    _require_room(customer.documents.all(), digest, len(content))
    document = Document.objects.create(
        customer=customer,
        name=safe_name(name, found),
        kind=kind,
        type=found,
        size_bytes=len(content),
        digest=digest,
        uploaded_at=now,
        uploaded_by=str(actor),
    )
    DocumentFile.objects.create(document=document, content=base64.b64encode(content).decode())
    _audit(actor, "customer.document_added", document)
    return document


def _require_room(documents: QuerySet[Document], digest: str, size: int) -> None:
    known = documents.filter(digest=digest).first()
    if known:
        raise DocumentKnown(name=known.name)
    if documents.count() >= MOST:
        raise TooManyDocuments(most=MOST)
    used = Document.objects.aggregate(total=Sum("size_bytes"))["total"] or 0
    if used + size > MOST_OF_COMPANY:
        raise NoRoomLeft


def open_document(*, document: Document, actor: User) -> bytes:
    """Return the bytes of a document, and note who opened it."""
    content = base64.b64decode(document.file.content)
    _audit(actor, "customer.document_opened", document)
    return content


@transaction.atomic
def remove_document(*, document_id: int, actor: User) -> None:
    """Forget a document with its file."""
    document = Document.objects.select_related("customer").get(pk=document_id)
    _audit(actor, "customer.document_removed", document)
    document.delete()


def _audit(actor: User, action: str, document: Document) -> None:
    target = str(document.customer.public_id)
    audit(
        actor=actor, action=action, target=target, document=document.kind, size=document.size_bytes
    )
