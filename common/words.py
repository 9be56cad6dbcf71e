"""Lazy translation under its usual short name, also for modules that must not load a language."""

from django.utils.translation import gettext_lazy as _

__all__ = ["_"]
