"""Whether two names may be one person's, however they were spelled. Pure; no database extension is needed."""

import itertools
import unicodedata

SHORTEST_WITH_SLIP = 4  # letters; shorter words must be equal
SHORTEST_WITH_TWO = 8
MOST_MORE_WORDS = 2
# Spellings of one sound that people write now this way, now that.
_SOUNDS = (("ph", "f"), ("dh", "d"), ("kh", "h"), ("th", "t"), ("ou", "u"), ("y", "i"), ("q", "k"))


def folded(text: str) -> list[str]:
    """Return the words of a name as they are compared: no case, accents, doubled letters or signs."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(
        character if character.isalnum() else " "
        for character in plain
        if not unicodedata.combining(character) and character not in "'’`"
    )
    return [_sounded(word) for word in letters.split()]


def _sounded(word: str) -> str:
    for written, sound in _SOUNDS:
        word = word.replace(written, sound)
    return "".join(letter for letter, _again in itertools.groupby(word))


def alike(one: str, other: str) -> bool:
    """Return whether the words of the shorter name all stand in the longer one, slips aside.

    A single word is not enough where the other name has more: too many people are called Juma.
    """
    short, long = sorted((folded(one), folded(other)), key=len)
    if not short or (len(short) == 1 < len(long)) or len(long) - len(short) > MOST_MORE_WORDS:
        return False
    left = list(long)
    for word in short:
        found = next((each for each in left if _near(word, each)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _near(one: str, other: str) -> bool:
    if one == other:
        return True
    shortest = min(len(one), len(other))
    if shortest < SHORTEST_WITH_SLIP:
        return False
    most = 2 if shortest >= SHORTEST_WITH_TWO else 1
    return abs(len(one) - len(other)) <= most and slips(one, other) <= most


def slips(one: str, other: str) -> int:
    """Return how many letters were added, dropped, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, facing in enumerate(other, start=1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != facing))
            swapped = row > 1 and column > 1 and letter == other[column - 2]
            if swapped and one[row - 2] == facing:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]
