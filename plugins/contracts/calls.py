"""Calls that come in: as they came, what we answer, and where they may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Callback:
    """One HTTP request of an operator or gateway, as it came. Header names are lower case."""

    action: str
    headers: Mapping[str, str]
    body: bytes
    remote_ip: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP answer in the operator's own format."""

    body: bytes
    content_type: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Action:
    """One webhook address of a connection: its word in the path and its label for the admin."""

    name: str
    label: Any
