"""Findings in words, with the evidence that the database has of its own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from common.chain import proving
from common.chain.definition import Chain
from common.chain.proving import Finding

_SENTENCES = {
    proving.CHANGED: "{row} is not what was sealed: it was changed, or a row below it.",
    proving.PARTS_ADDED: "{row} is not what was sealed: rows below it were added.",
    proving.PARTS_REMOVED: "{row} is not what was sealed: rows below it are gone.",
    proving.MISSING: "{row} was sealed and is gone.",
    proving.GAP: "Position {position} of the chain is gone.",
    proving.FINGERPRINT: "{row} is as it was, but its fingerprint was changed.",
    proving.BAD_SEAL: "Seal {seal} does not follow from what it closes and the seal before it.",
    proving.UNSEALED_LINKS: "From position {position} on, fingerprints have no seal.",
    proving.NEVER_SEALED: "{row} was never sealed, though later ones were: it appeared afterwards.",
    proving.WITHOUT_ROW: "{row} is not there and never was sealed, but rows below it are there.",
    proving.UNKNOWN_NOTE: "No seal has the fingerprint that was noted: everything was sealed anew.",
}
_WITH_EVIDENCE = {proving.CHANGED, proving.PARTS_ADDED, proving.PARTS_REMOVED}

# What is sealed is older than its link; a younger row was written by a transaction after the sealing.
_WRITTEN_LATER = """
SELECT {below}.id FROM {links} AS link JOIN {below} ON {below}.{column} = link.{row}
WHERE link.position = ANY(%s) AND age({below}.xmin) < age(link.xmin) ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Description:
    """How a row is called, and its facts for programs."""

    words: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding in words. ``written_later`` names rows that are younger than their seal, as (table, id)."""

    chain: str
    kind: str
    sentence: str
    row_id: int | None
    position: int | None
    seal: int | None
    written_later: list[tuple[str, int]]
    about: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """For programs."""
        facts = {name: getattr(self, name) for name in self.__slots__ if name != "about"}
        return {**facts, **self.about}


def violations(
    chain: Chain,
    findings: Iterable[Finding],
    describe: Callable[[list[int]], dict[int, Description]],
) -> Iterator[Violation]:
    """Put findings into words; ``describe`` knows the rows that are still there."""
    findings = list(findings)
    known = describe([each.row_id for each in findings if each.row_id])
    for finding in findings:
        nobody = Description(f"Row {finding.row_id} of {chain.names['rows']}")
        row = known.get(finding.row_id or 0, nobody)
        later = list(_written_later(chain, finding))
        yield Violation(
            chain=chain.name,
            kind=finding.kind,
            sentence=_sentence(finding, row.words, later),
            row_id=finding.row_id,
            position=finding.position,
            seal=finding.seal,
            written_later=later,
            about=row.facts,
        )


def _sentence(finding: Finding, row: str, later: list[tuple[str, int]]) -> str:
    sentence = _SENTENCES[finding.kind].format(
        row=row, position=finding.position, seal=finding.seal
    )
    if not later:
        return sentence
    named = ", ".join(f"{table} {row_id}" for table, row_id in later[:5])
    return f"{sentence} Written after the sealing: {named}."


def _written_later(chain: Chain, finding: Finding) -> Iterator[tuple[str, int]]:
    """Yield which rows of this link are younger than it, or of the one before, which may be the cause."""
    if finding.kind not in _WITH_EVIDENCE:
        return
    assert finding.position is not None
    tables = {chain.names["rows"]: "id", **chain.below}
    for table, column in tables.items():
        sql = _WRITTEN_LATER.format(below=table, column=column, **chain.names)
        with connection.cursor() as cursor:
            cursor.execute(sql, [[finding.position - 1, finding.position]])
            yield from [(table, row_id) for (row_id,) in cursor.fetchall()]
