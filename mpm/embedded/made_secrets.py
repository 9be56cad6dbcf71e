"""Keys for a development machine: made once, kept below `.local/`, the same in every process."""

import base64
import json
import os
import secrets
from pathlib import Path

from . import locks
from .service import write_private


def development_secrets(home: Path) -> dict[str, str]:
    """Return SECRET_KEY and FIELD_KEYS of this folder, making them the first time."""
    path = home / "secrets.json"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = locks.wait_for(home / "secrets.lock", seconds=10)
        if not path.exists():
            write_private(path, json.dumps(_new_secrets()))
        if lock is not None:
            os.close(lock)
    made: dict[str, str] = json.loads(path.read_text())
    return made


def _new_secrets() -> dict[str, str]:
    field_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {"SECRET_KEY": secrets.token_urlsafe(50), "FIELD_KEYS": field_key}
