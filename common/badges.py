"""What a state looks like: a word, a sign and a tone, never a colour alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """What a state means to whoever looks.

    ``GOOD`` went through, ``BUSY`` on its way, ``WARN`` somebody should look, ``BAD`` refused or
    failed, ``DOUBT`` we do not know, ``QUIET`` undone, off or not needed, ``NONE`` not reached.
    """

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    DOUBT = "doubt"
    QUIET = "quiet"
    NONE = ""


_SIGNS = {
    Tone.GOOD: "check",
    Tone.BUSY: "clock",
    Tone.WARN: "warn",
    Tone.BAD: "cross",
    Tone.DOUBT: "ask",
    Tone.QUIET: "undo",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """The badge of one state. ``is_bare``: grey text without a ground, for what is done.

    ``icon`` is the name of a sign in ``static/icons.svg``; left empty, the usual one of the tone.
    """

    tone: Tone
    label: Any
    icon: str = ""
    is_bare: bool = False

    @property
    def sign(self) -> str:
        return self.icon or _SIGNS[self.tone]


Track = tuple[Tone, Tone, Tone, Tone]  # money in, settled, token, SMS
