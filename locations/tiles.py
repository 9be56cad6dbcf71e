"""The address of map tiles: a template that a company writes and that enters the page's policy."""

import re
from urllib.parse import urlsplit

from common.errors import DomainError
from common.words import _

PLACES = ("{z}", "{x}", "{y}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
_PATH = re.compile(r"[A-Za-z0-9._~/{}?=&%@+-]+")


class TilesRefused(DomainError):
    message = _(
        "A tile address starts with https://, names a host, and has {z}, {x} and {y} in it, like"
        " https://tile.openstreetmap.org/{z}/{x}/{y}.png."
    )

    def __str__(self) -> str:
        return str(self.message)


def check_tile_address(address: str) -> str:
    """Return the address of tiles when it is one, or empty when none is wanted.

    :raises TilesRefused: no https, no host, or the places of zoom, column and row are not named
    """
    address = address.strip()
    if address and not _is_address(address):
        raise TilesRefused
    return address


def _is_address(address: str) -> bool:
    bare = address.replace("{s}.", "s.", 1)
    for place in (*PLACES, "{r}"):
        bare = bare.replace(place, "0")
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        return False
    named = all(address.count(place) == 1 for place in PLACES)
    host = parts.hostname or ""
    written = host if port is None else f"{host}:{port}"
    return (
        named
        and address.startswith("https://")
        and parts.netloc.lower() == written
        and bool(_HOST.fullmatch(host))
        and "{" not in bare
        and bool(_PATH.fullmatch(address.split("/", 3)[3] if address.count("/") > 2 else ""))
        and _is_below_host(address)
    )


def _is_below_host(address: str) -> bool:
    """Only ``{s}.`` may stand in the host, and it may stand nowhere else."""
    host, _slash, path = address.removeprefix("https://").partition("/")
    return "{" not in host.removeprefix("{s}.") and "{s}" not in path


def source_of(address: str) -> str:
    """Return what the page's policy must allow for these tiles, empty without tiles."""
    if not address:
        return ""
    host = address.removeprefix("https://").partition("/")[0]
    return f"https://{host.replace('{s}.', '*.')}"
