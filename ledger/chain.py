"""The chain of the books: one link per posting, over all columns of the posting and its entries."""

from django.db import transaction

from accounts.audit import audit
from common.chain import Chain, sealing
from common.chain.definition import moment, text
from ledger.models import Seal, SealedPosting

_CONTENT = f"""
SELECT entries.parts, concat_ws(
    '|', posting.id, posting.public_id, {text("posting.event")}, {text("posting.source")},
    posting.source_id, {text("posting.memo")}, {text("posting.actor_name")},
    {moment("posting.occurred_at")}, {moment("posting.recorded_at")}, entries.content
) AS content
FROM ledger_posting posting
CROSS JOIN LATERAL (
    SELECT count(*) AS parts, string_agg(concat_ws(
        '|', entry.id, {text("entry.account")}, coalesce(entry.subject_id::text, '-'),
        trim_scale(entry.amount)
    ), '|' ORDER BY entry.id) AS content
    FROM ledger_entry entry WHERE entry.posting_id = posting.id
) AS entries
WHERE posting.id = {{row}}
"""  # noqa: S608

BOOKS = Chain(
    name="books",
    link=SealedPosting,
    seal=Seal,
    row="posting",
    written_at="recorded_at",
    content=_CONTENT,
    below={"ledger_entry": "posting_id"},
)


def seal_books(*, seconds: float = 20.0) -> int:
    """Seal the postings that are committed, in the open company; return how many. See ``sealing.seal``."""
    return sealing.seal(BOOKS, seconds=seconds)


@transaction.atomic
def seal_stragglers() -> list[int]:
    """Seal postings that turned up when the past was thought complete; return their ids. Written to the audit log.

    For a person who looked at each of them: it ends their being named by ``verify_books``.
    """
    last = Seal.objects.order_by("-number").first()
    end = last.last_position if last else 0
    sealing.seal_batch(BOOKS, stragglers=True)
    links = SealedPosting.objects.filter(position__gt=end).order_by("position")
    late = links.filter(posting_id__lte=last.complete_to) if last else links.none()
    ids = list(late.values_list("posting_id", flat=True))
    if ids:
        audit(actor=None, action="books.stragglers_sealed", postings=", ".join(map(str, ids[:50])))
    return ids
