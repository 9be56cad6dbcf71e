"""Whether the books are what was sealed, and in words which posting is not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from common.chain import proving
from common.chain.proving import Finding, Proof
from ledger.chain import BOOKS
from ledger.models import Posting

_SENTENCES = {
    proving.CHANGED: "{posting} is not what was sealed: it or one of its entries was changed.",
    proving.PARTS_ADDED: "{posting} is not what was sealed: entries were added.",
    proving.PARTS_REMOVED: "{posting} is not what was sealed: entries are gone.",
    proving.MISSING: "{posting} was sealed and is gone.",
    proving.GAP: "Position {position} of the chain is gone.",
    proving.FINGERPRINT: "{posting} is as it was, but its fingerprint was changed.",
    proving.BAD_SEAL: "Seal {seal} does not follow from what it closes and the seal before it.",
    proving.UNSEALED_LINKS: "From position {position} on, fingerprints have no seal.",
    proving.NEVER_SEALED: "{posting} was never sealed, though later ones were: it appeared afterwards.",
    proving.UNKNOWN_NOTE: "No seal has the fingerprint that was noted: the books were sealed anew.",
}

# What a transaction after the sealing wrote; the words of a posting and its entries are of one transaction.
_WRITTEN_LATER = """
SELECT 'ledger_posting', posting.id
FROM ledger_sealedposting link JOIN ledger_posting posting ON posting.id = link.posting_id
WHERE link.position = ANY(%(positions)s) AND age(posting.xmin) < age(link.xmin)
UNION ALL
SELECT 'ledger_entry', entry.id
FROM ledger_sealedposting link JOIN ledger_entry entry ON entry.posting_id = link.posting_id
WHERE link.position = ANY(%(positions)s) AND age(entry.xmin) < age(link.xmin)
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding in words; ``rows`` names rows that were written after the sealing, as (table, id)."""

    kind: str
    sentence: str
    posting: int | None
    event: str | None
    source: str | None
    source_id: int | None
    position: int | None
    seal: int | None
    rows: list[tuple[str, int]]

    @property
    def facts(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def prove_books(*, noted: str = "") -> tuple[Proof, list[Violation]]:
    """Compute the chain of the open company's books anew; return what there is and what does not fit.

    ``noted`` is a fingerprint that was kept outside, or at least its first digits: it must still be in the chain.
    """
    proof = proving.prove(BOOKS, noted=noted)
    return proof, list(_in_words(proof.findings))


def _in_words(findings: list[Finding]) -> Iterator[Violation]:
    known = Posting.objects.in_bulk([each.row_id for each in findings if each.row_id])
    for finding in findings:
        posting = known.get(finding.row_id or 0)
        rows = _written_later(finding)
        facts = {
            "posting": _name(finding, posting),
            "position": finding.position,
            "seal": finding.seal,
        }
        yield Violation(
            kind=finding.kind,
            sentence=_SENTENCES[finding.kind].format(**facts) + _evidence(rows),
            posting=finding.row_id,
            event=posting.event if posting else None,
            source=posting.source if posting else None,
            source_id=posting.source_id if posting else None,
            position=finding.position,
            seal=finding.seal,
            rows=rows,
        )


def _name(finding: Finding, posting: Posting | None) -> str:
    if posting is None:
        return f"Posting {finding.row_id}"
    return f"Posting {posting.pk} ({posting.event}, {posting.source} {posting.source_id})"


def _written_later(finding: Finding) -> list[tuple[str, int]]:
    """Return which rows of this posting, or of the one before, are younger than their seal."""
    if finding.kind not in {proving.CHANGED, proving.PARTS_ADDED, proving.PARTS_REMOVED}:
        return []
    assert finding.position is not None
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN_LATER, {"positions": [finding.position - 1, finding.position]})
        return [(table, row_id) for table, row_id in cursor.fetchall()]


def _evidence(rows: list[tuple[str, int]]) -> str:
    if not rows:
        return ""
    named = ", ".join(f"{table} {row_id}" for table, row_id in rows[:5])
    return f" Written after the sealing: {named}."
