"""Which tables are never changed once written.

A model says so with ``append_only = True``; its migration puts the trigger that refuses change, and
``grant_roles`` gives the role of the web server and the workers no right to it.
"""

from django.apps import apps
from django.db.models import Model


def models() -> list[type[Model]]:
    """Return the models whose rows are only ever added."""
    return [model for model in apps.get_models() if getattr(model, "append_only", False)]
