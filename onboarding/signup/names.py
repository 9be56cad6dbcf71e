"""A short name for a company, made of its name."""

import unicodedata
from collections.abc import Callable, Iterator

LONGEST = 31
HANDY = 18  # no further word is added beyond this
# What a company is, not what it is called.
FORMS = frozenset(
    ["ltd", "limited", "inc", "llc", "plc", "sarl", "sa", "gmbh", "lda", "co", "company"]
)


def proposed(name: str, is_free: Callable[[str], bool]) -> str:
    """Return a short name that is free, or "" where the name gives none."""
    return next((slug for slug in _candidates(name) if is_free(slug)), "")


def _candidates(name: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(sign if sign.isalnum() else " " for sign in plain).split()
    telling = [word for word in words if word not in FORMS] or words
    whole = _joined(telling).lstrip("0123456789")[:LONGEST]
    if len(whole) < 2:
        return
    yield whole
    for number in range(2, 100):
        yield f"{whole[: LONGEST - 2]}{number}"


def _joined(words: list[str]) -> str:
    """Return the first words as one, as many as are still handy to type."""
    joined = ""
    for word in words:
        if joined and len(joined) + len(word) > HANDY:
            break
        joined += word
    return joined
