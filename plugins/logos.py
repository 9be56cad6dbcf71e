"""The small pictures beside the names of plug-ins: each folder may bring a ``logo.svg``."""

import functools
import importlib
from pathlib import Path
from urllib.parse import quote

from plugins import registry

MOST_BYTES = 2000


@functools.cache
def logo_of(slug: str) -> str:
    """Return a plug-in's picture as an address for ``img``, empty where it brings none that is small.

    As an image nothing in it runs, and it asks nobody for anything.
    """
    adapter = importlib.import_module(registry.get(slug).__module__)
    path = Path(str(adapter.__file__)).with_name("logo.svg")
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return ""
    return "data:image/svg+xml," + quote(path.read_text().strip(), safe=" ='/:;,()-")


def initials_of(label: str) -> str:
    """Return one or two letters for a plug-in without a picture."""
    words = [word for word in label.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()
