"""The chain of the audit log: one link per entry, over all its columns."""

from accounts.models import AuditEntry, AuditSeal, SealedAuditEntry
from common.chain import Chain, sealing
from common.chain.definition import moment, text
from common.chain.proving import Proof, prove
from common.chain.words import Description, Violation, violations

_CONTENT = f"""
SELECT 0 AS parts, concat_ws(
    '|', entry.id, {moment("entry.at")}, coalesce(entry.actor_id::text, '-'),
    {text("entry.actor_name")}, {text("entry.action")}, {text("entry.target")},
    {text("entry.facts::text")}, {text("entry.remote_ip")}
) AS content
FROM accounts_auditentry entry WHERE entry.id = {{row}}
"""  # noqa: S608

AUDIT_LOG = Chain(
    name="audit_log",
    link=SealedAuditEntry,
    seal=AuditSeal,
    row="entry",
    written_at="at",
    content=_CONTENT,
)


def seal_audit_log(*, seconds: float = 20.0) -> int:
    """Seal the entries that are committed, in the open company; return how many. See ``sealing.seal``."""
    return sealing.seal(AUDIT_LOG, seconds=seconds)


def prove_audit_log() -> tuple[Proof, list[Violation]]:
    """Compute the chain of the open company's audit log anew; return what there is and what does not fit."""
    proof = prove(AUDIT_LOG)
    return proof, list(violations(AUDIT_LOG, proof.findings, _describe))


def _describe(ids: list[int]) -> dict[int, Description]:
    entries = AuditEntry.objects.in_bulk(ids)
    gone = {pk: Description(f"Audit entry {pk}", {"audit_entry": pk}) for pk in ids}
    return gone | {
        pk: Description(f"Audit entry {pk} ({entry.action})", {"audit_entry": pk})
        for pk, entry in entries.items()
    }
