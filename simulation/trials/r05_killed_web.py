"""R5: acknowledged is committed, whenever the web server is killed."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import requests

from simulation.airtel import Answer
from simulation.site import Site
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
    payers = Payers(site)
    with ThreadPoolExecutor(CLIENTS) as pool:
        calls = [pool.submit(_post, payers, number) for number in range(posts)]
        kills = _kill_at_random(site, calls)
        answers = [call.result() for call in calls]
    yes = {n for n, answer in enumerate(answers) if answer is not None and answer.status == "200"}
    before = booked(site, PREFIX)
    lost = [n for n in yes if before.get(_reference(n)) != 1]
    again = [_post(payers, n) for n in range(posts) if n not in yes]
    refused = [each for each in again if each is None or each.status != "200"]
    after = booked(site, PREFIX)
    twice = [reference for reference, count in after.items() if count > 1]
    site.check_books()
    said = (
        f"{posts} posts, {kills} kills, {posts - len(yes)} posts cut off: {len(lost)} of {len(yes)} yeses"
        f" lost, {len(refused)} repeats refused, {len(twice)} counted twice"
    )
    is_held = not (lost or refused or twice) and len(after) == posts and kills > 0
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


def _kill_at_random(site: Site, calls: Sequence[Future[Answer | None]]) -> int:
    """Kill the whole web server after chance numbers of posts and start it again; return how often.

    By the main thread: Linux stops a program when the thread ends that started it.
    """
    posts = len(calls)
    numbers = random.sample(range(posts // 20, posts * 9 // 10), 2 + posts // 500)
    for number in sorted(numbers):
        while sum(call.done() for call in calls) < number:
            time.sleep(0.02)
        site.kill("web")
        site.start_web()
    return len(numbers)
