"""Whether the books are what was sealed, and in words which posting is not."""

from common.chain.proving import Proof, prove
from common.chain.words import Description, Violation, violations
from ledger.chain import BOOKS
from ledger.models import Posting


def prove_books(*, noted: str = "") -> tuple[Proof, list[Violation]]:
    """Compute the chain of the open company's books anew; return what there is and what does not fit.

    ``noted`` is a fingerprint that was kept outside, or at least its first digits: it must still be in the chain.
    """
    proof = prove(BOOKS, noted=noted)
    return proof, list(violations(BOOKS, proof.findings, _describe))


def _describe(ids: list[int]) -> dict[int, Description]:
    postings = Posting.objects.in_bulk(ids)
    gone = {pk: Description(f"Posting {pk}", {"posting": pk}) for pk in ids}
    return gone | {pk: _words(posting) for pk, posting in postings.items()}


def _words(posting: Posting) -> Description:
    facts = {
        "posting": posting.pk,
        "event": posting.event,
        "source": posting.source,
        "source_id": posting.source_id,
    }
    words = f"Posting {posting.pk} ({posting.event}, {posting.source} {posting.source_id})"
    return Description(words, facts)
