"""The five things that can go wrong outside, sorted by what happens next."""

from common.errors import MpmError


class PluginError(MpmError):
    """A manufacturer, operator or gateway did not do what was asked.

    :param reason: one sentence for staff, without secrets
    :param code: the vendor's own code, for the trace
    """

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Rejected(PluginError):
    """Understood and refused: close as refused, show the reason."""


class Misconfigured(PluginError):
    """Credentials or settings are wrong, or the account with the vendor is empty: tell the admin, pause."""


class Unavailable(PluginError):
    """Nothing was sent or nothing was done: try again with growing gaps."""


class OutcomeUnknown(PluginError):
    """The call left and no usable answer came back: park it, never repeat it blindly."""


class Unsupported(PluginError):
    """The capability was not declared: a bug of the caller."""
