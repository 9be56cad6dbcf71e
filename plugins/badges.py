"""How a connection stands, as a badge."""

from common.badges import Badge, Tone
from common.words import _
from plugins.models import Connection

WORKING = Badge(Tone.GOOD, _("Working"), is_bare=True)
ATTENTION = Badge(Tone.WARN, _("Needs attention"))
FAILED = Badge(Tone.BAD, _("Check failed"))
CHECKING = Badge(Tone.BUSY, _("Being checked"))
OFF = Badge(Tone.QUIET, _("Off"), icon="pause", is_bare=True)
NOT_CHECKED = Badge(Tone.QUIET, _("Not checked yet"), icon="ask", is_bare=True)
NOT_SET_UP = Badge(Tone.WARN, _("Not set up"))


def connection_badge(connection: Connection | None, *, has_worked: bool = True) -> Badge:
    """Return the badge of a connection; None is a plug-in without one.

    ``has_worked``: a call has gone through, so a check that was never asked for is not missed.
    """
    if connection is None or not connection.is_set_up:
        return NOT_SET_UP
    if not connection.is_on:
        return OFF
    if connection.paused_reason:
        return ATTENTION
    if connection.check_state == Connection.CheckState.FAILED:
        return FAILED
    if connection.check_state == Connection.CheckState.ASKED:
        return CHECKING
    if connection.check_state == Connection.CheckState.NEVER and not has_worked:
        return NOT_CHECKED
    return WORKING
