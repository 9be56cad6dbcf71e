"""The chain of the books: one link per posting, over all columns of the posting and its entries."""

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
