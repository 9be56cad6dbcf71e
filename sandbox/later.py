"""Work that happens a moment after the answer: late charges and delivery reports."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

logger = logging.getLogger(__name__)

Work = Callable[[], object]


class Later:
    """A clock thread and a few workers, started with the first piece of work."""

    def __init__(self, worker_count: int = 8) -> None:
        self._due: list[tuple[float, int, Work]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._workers = ThreadPoolExecutor(worker_count, thread_name_prefix="sandbox-later")
        self._clock: threading.Thread | None = None
        self._is_closed = False

    def after(self, seconds: float, work: Work) -> None:
        """Run `work` in another thread, not before `seconds` have passed."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._number), work))
            if self._clock is None:
                self._clock = threading.Thread(target=self._run, daemon=True)
                self._clock.start()
            self._changed.notify()

    def forget(self) -> None:
        """Drop what is not due yet."""
        with self._changed:
            self._due.clear()
            self._changed.notify()

    def close(self) -> None:
        """Drop what is not due yet, and end."""
        with self._changed:
            self._is_closed = True
        self.forget()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while (work := self._wait_for_next()) is not None:
            self._workers.submit(work).add_done_callback(_report)

    def _wait_for_next(self) -> Work | None:
        with self._changed:
            while not self._is_closed:
                seconds = self._due[0][0] - time.monotonic() if self._due else None
                if seconds is not None and seconds <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(seconds)
            return None


def _report(done: Future[object]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.error("later.failed", exc_info=error)
