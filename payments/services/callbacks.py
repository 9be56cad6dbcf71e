"""Calls as they came: kept before anything is decided, named by their bytes."""

import hashlib

from common.prepared import insert
from payments.models import Callback as KeptCallback
from plugins.contracts import Callback
from plugins.models import Connection


def keep_callback(*, connection: Connection, callback: Callback) -> KeptCallback:
    """Store a call as it came, headers and body encrypted, before anything is decided about it."""
    kept = KeptCallback(
        connection=connection,
        action=callback.action,
        content={
            "headers": dict(callback.headers),
            "body": callback.body.decode("utf-8", "surrogateescape")
            .encode("utf-8", "replace")
            .decode(),
        },
        remote_ip=callback.remote_ip[:45],
        received_at=callback.received_at,
    )
    insert(kept)
    return kept


def refuse_callback(*, kept: KeptCallback, reason: str) -> None:
    """Note that a call was not authentic or not readable; nothing else happened."""
    kept.state, kept.reason = KeptCallback.State.REFUSED, reason[:300]
    kept.save(update_fields=["state", "reason"])


def digest_of(kept: KeptCallback) -> str:
    """Name a money-moving call by its bytes, so that they can never be counted under another reference."""
    content = f"{kept.action}\n{kept.content['body']}"
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
