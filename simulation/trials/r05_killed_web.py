"""R5: acknowledged is committed, whenever the web server is killed."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from simulation.airtel import Answer
from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import CLIENTS, Payers, booked, ensure

TARGET = (
    "kill -9 of the web server at random under 10,000 posts: every 200 is in the database, every other answer can"
    " be repeated"
)
PREFIX = "CUT"


def run(site: Site, *, full: bool, posts: int = 0) -> Figure:
    """Post while somebody kills the server; then repeat what got no yes."""
    ensure(site, "web")
    posts = posts or (10_000 if full else 500)
    payers, killer = Payers(site), _Killer(site, posts)
    killer.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda n: killer.count(_post(payers, n)), range(posts)))
    killer.stop()
    ensure(site, "web")
    yes = {n for n, answer in enumerate(answers) if answer is not None and answer.status == "200"}
    before = booked(site, PREFIX)
    lost = [n for n in yes if before.get(_reference(n)) != 1]
    again = [_post(payers, n) for n in range(posts) if n not in yes]
    refused = [each for each in again if each is None or each.status != "200"]
    after = booked(site, PREFIX)
    twice = [reference for reference, count in after.items() if count > 1]
    site.check_books()
    said = (
        f"{posts} posts, {killer.kills} kills, {posts - len(yes)} posts cut off: {len(lost)} of {len(yes)} yeses"
        f" lost, {len(refused)} repeats refused, {len(twice)} counted twice"
    )
    is_held = not (lost or refused or twice) and len(after) == posts and killer.kills > 0
    return Figure("r05", said, is_held)


def _reference(number: int) -> str:
    return f"{PREFIX}{number:05d}"


def _post(payers: Payers, number: int) -> Answer | None:
    """Post; where nobody listens, the server is being started again: wait for it before the next."""
    try:
        return payers.pay(_reference(number), number)
    except requests.RequestException:
        time.sleep(0.2)
        payers.site.await_web()
        return None


class _Killer:
    """Kills the whole web server after chance numbers of posts, and starts it again."""

    def __init__(self, site: Site, posts: int) -> None:
        self.site, self.kills, self.answered = site, 0, 0
        most = range(posts // 20, posts * 9 // 10)
        self._at = sorted(random.sample(most, 2 + posts // 500))
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.join()

    def _await(self, number: int) -> None:
        until(lambda: self.answered >= number, seconds=3600, what="the next kill")

    def count(self, answer: Answer | None) -> Answer | None:
        self.answered += 1
        return answer

    def _run(self) -> None:
        for number in self._at:
            self._await(number)
            self.site.kill("web")
            self.kills += 1
            self.site.start_web()
