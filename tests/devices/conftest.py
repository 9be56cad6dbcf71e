"""Fixtures of this room."""

from tests.committed import public_committed  # noqa: F401
