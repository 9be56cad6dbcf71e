"""Access tokens that a vendor hands out and looks up again."""

import secrets
import threading
import time


class Bearers:
    """The access tokens of one run; a restart forgets them, as a vendor's deploy does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends_at: dict[str, float] = {}

    def issue(self, seconds: int) -> str:
        bearer = secrets.token_urlsafe(40)
        now = time.time()
        with self._lock:
            self._ends_at = {old: end for old, end in self._ends_at.items() if end > now}
            self._ends_at[bearer] = now + seconds
        return bearer

    def is_good(self, bearer: str) -> bool:
        return self._ends_at.get(bearer, 0.0) > time.time()

    def forget(self) -> None:
        with self._lock:
            self._ends_at = {}
