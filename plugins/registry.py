"""Finds adapters: folders of this package, and the entry-point group ``mpm.plugins``."""

import functools
import importlib.util
import pkgutil
from importlib.metadata import entry_points
from typing import TypeVar

import plugins
from plugins.contracts import Kind, Manufacturer, PaymentProvider, Plugin, SmsGateway

GROUP = "mpm.plugins"
P = TypeVar("P", bound=type[Plugin])
_by_slug: dict[str, type[Plugin]] = {}


class UnknownPlugin(LookupError):
    """No adapter of this name is installed."""


def register(cls: P) -> P:
    """Class decorator: offer this adapter under its slug, which is the name of its folder."""
    folder = cls.__module__.rsplit(".", 2)[-2]
    if cls.slug != folder:
        raise TypeError(f"{cls.__name__}.slug is {cls.slug!r}, its folder is {folder!r}")
    if _by_slug.get(cls.slug, cls).__module__ != cls.__module__:
        raise TypeError(f"two adapters are named {cls.slug!r}")
    _by_slug[cls.slug] = cls
    return cls


@functools.cache
def load() -> dict[str, type[Plugin]]:
    """Return all installed adapters by slug."""
    for module in pkgutil.iter_modules(plugins.__path__):
        name = f"plugins.{module.name}.adapter"
        if module.ispkg and importlib.util.find_spec(name):
            importlib.import_module(name)
    for entry in entry_points(group=GROUP):
        entry.load()
    return dict(sorted(_by_slug.items()))


def get(slug: str) -> type[Plugin]:
    """:raises UnknownPlugin: no adapter of this name is installed"""
    try:
        return load()[slug]
    except KeyError:
        raise UnknownPlugin(slug) from None


def of_kind(kind: Kind) -> list[type[Plugin]]:
    return [cls for cls in load().values() if cls.kind == kind]


def manufacturer(slug: str) -> type[Manufacturer]:
    """:raises UnknownPlugin: not installed, or not a manufacturer"""
    cls = get(slug)
    if not issubclass(cls, Manufacturer):
        raise UnknownPlugin(slug)
    return cls


def payment_provider(slug: str) -> type[PaymentProvider]:
    """:raises UnknownPlugin: not installed, or not an operator"""
    cls = get(slug)
    if not issubclass(cls, PaymentProvider):
        raise UnknownPlugin(slug)
    return cls


def sms_gateway(slug: str) -> type[SmsGateway]:
    """:raises UnknownPlugin: not installed, or not an SMS gateway"""
    cls = get(slug)
    if not issubclass(cls, SmsGateway):
        raise UnknownPlugin(slug)
    return cls
