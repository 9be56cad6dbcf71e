"""A chain of fingerprints over an append-only table: who changes a row afterwards cannot hide it.

Rows are written as ever; nobody who writes waits for the chain. A job takes what has been committed since, in
batches (``sealing``). Each row becomes a *link*: its fingerprint is the SHA-256 of the fingerprint before it and
of the row's content. A *seal* closes the batch, is a link itself, and is what is noted outside. ``proving``
computes everything anew and names each row that is not what was sealed.

Not the order of ids counts but membership: what commits late is sealed late.
"""

from common.chain.definition import Chain
from common.chain.models import LinkModel, SealModel

__all__ = ["Chain", "LinkModel", "SealModel"]
