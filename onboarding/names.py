"""What other systems call a manufacturer or a kind of device: found by slug, by label, and by older names."""

import functools
import re

from devices.models import Device
from plugins import registry
from plugins.contracts import Kind

# As the predecessor's files name them.
OLD_MAKERS = {
    "calinmeters": "calin_meter",
    "calinmeter": "calin_meter",
    "calin": "calin_meter",
    "calinsmartmeters": "calin_smart_meter",
    "calinsmartmeter": "calin_smart_meter",
    "calinsmart": "calin_smart_meter",
    "sunkingshs": "sunking",
    "sunkingsolarhomesystem": "sunking",
    "sunking": "sunking",
}
OLD_KINDS = {
    "meter": Device.Kind.METER,
    "prepaidmeter": Device.Kind.METER,
    "shs": Device.Kind.SHS,
    "solarhomesystem": Device.Kind.SHS,
    "kit": Device.Kind.SHS,
    "ebike": Device.Kind.EBIKE,
}
_SIGNS = re.compile(r"[\W_]+")


def bare(text: str) -> str:
    """Return a name as it is compared: small letters and digits only."""
    return _SIGNS.sub("", text.casefold())


def maker_named(text: str) -> str:
    """Return the slug of the plug-in that is meant, or the text where none is."""
    if text in _makers():
        return text
    by_name = {bare(label): slug for slug, label in _makers().items()}
    by_name |= {bare(slug): slug for slug in _makers()}
    name = bare(text)
    old = OLD_MAKERS.get(name, "")
    return by_name.get(name) or (old if old in _makers() else text)


def kind_named(text: str) -> str:
    """Return the kind of device that is meant, or the text in small letters where none is."""
    return str(OLD_KINDS.get(bare(text), text.lower()))


def only_kind_of(manufacturer: str) -> str:
    """Return the kind that this make is, where it makes one only."""
    if manufacturer not in _makers():
        return ""
    kinds = registry.manufacturer(manufacturer).device_kinds
    return next(iter(kinds)) if len(kinds) == 1 else ""


@functools.cache
def _makers() -> dict[str, str]:
    return {cls.slug: str(cls.label) for cls in registry.of_kind(Kind.MANUFACTURER)}
