"""The five things that can go wrong outside, sorted by what happens next."""

from common.errors import MpmError

MAX_REASON_CHARS = 300
MAX_CODE_CHARS = 40


class PluginError(MpmError):
    """A manufacturer, operator or gateway did not do what was asked.

    :param reason: one sentence for staff, without secrets
    :param code: the vendor's own code, for the trace
    """

    def __init__(self, reason: str, *, code: str = "") -> None:
        self.reason, self.code = _line(reason, MAX_REASON_CHARS), _line(code, MAX_CODE_CHARS)
        super().__init__(self.reason)


def _line(text: str, max_chars: int) -> str:
    # Vendors' words end in here: what is not printable breaks pages and database alike.
    return "".join(c if c.isprintable() else " " for c in text)[:max_chars].strip()


class Rejected(PluginError):
    """Understood and refused: close as refused, show the reason."""


class Misconfigured(PluginError):
    """Settings are wrong, or the account with the vendor is empty: tell the admin, pause."""


class Unavailable(PluginError):
    """Nothing was sent or nothing was done: try again with growing gaps."""


class OutcomeUnknown(PluginError):
    """The call left and no usable answer came back: park it, never repeat it blindly."""


class Unsupported(PluginError):
    """The capability was not declared: a bug of the caller."""
