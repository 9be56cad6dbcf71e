"""Takes secrets out of what people may read later."""

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

BLANK = "••••"
SHORTEST_SECRET = 4  # blanking "12" wherever it stands would make a log unreadable and hide nothing
MAX_RECORDED_CHARS = 20_000


class Redactor:
    """Blanks secret values wherever they stand and named fields whatever they hold.

    :param values: secrets of this connection, as the admin entered them
    :param names: fields and headers that this adapter declares, in any spelling of case
    """

    names = frozenset(
        {
            "access_token",
            "api_key",
            "apikey",
            "authorization",
            "ciphertext",
            "client_secret",
            "cookie",
            "password",
            "refresh_token",
            "x-api-key",
        }
    )

    def __init__(
        self, *, values: frozenset[str] = frozenset(), names: frozenset[str] = frozenset()
    ) -> None:
        self.values = sorted(_spellings(values), key=len, reverse=True)
        self.names = Redactor.names | {name.lower() for name in names}
        self._patterns = _patterns_of(self.names)

    def text(self, text: str) -> str:
        """Return a text without the secret values."""
        for value in self.values:
            text = text.replace(value, BLANK)
        return text

    def url(self, url: str) -> str:
        """Return an address without secret values and named parameters."""
        return self.text(self._without_names(url))

    def headers(self, headers: Mapping[str, Any]) -> dict[str, str]:
        """Return headers without secret values and named headers."""
        return {
            name: BLANK if name.lower() in self.names else self.text(str(value))
            for name, value in headers.items()
        }

    def body(self, body: str | bytes | None) -> str:
        """Return a body fit to be stored: JSON, XML and form fields by name, all else by value."""
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
        try:
            text = json.dumps(self._without_named(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            text = self._without_names(text)
        return _storable(self.text(text))[:MAX_RECORDED_CHARS]

    def _without_named(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {
                name: BLANK if name.lower() in self.names else self._without_named(child)
                for name, child in node.items()
            }
        return [self._without_named(child) for child in node] if isinstance(node, list) else node

    def _without_names(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(rf"\g<kept>{BLANK}", text)
        return text


def _spellings(values: Iterable[str]) -> set[str]:
    """Return each secret as it stands in a JSON string, a form, an address and in XML."""
    secrets = {value for value in values if len(value) >= SHORTEST_SECRET}
    spell = (
        str,
        quote,
        quote_plus,
        html.escape,
        lambda value: quote(value, safe=""),
        lambda value: html.escape(value, quote=False),
        lambda value: json.dumps(value)[1:-1],
        lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    )
    return {write(secret) for secret in secrets for write in spell}


def _patterns_of(names: Iterable[str]) -> list[re.Pattern[str]]:
    """Find named values in what does not parse as JSON: a cut answer, a form, XML."""
    any_name = "|".join(re.escape(name) for name in sorted(names))
    shapes = (
        rf'(?P<kept>"(?:{any_name})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s",}}\]]+)',
        rf"(?P<kept><(?:[\w.-]+:)?(?:{any_name})(?:\s[^>]*[^>/])?>)(?!</).+?(?=</|\Z)",
        rf"(?P<kept>\s(?:{any_name})\s*=\s*)(?:\"[^\"]*\"|'[^']*')",
        rf"(?P<kept>(?:^|[?&])(?:{any_name})=)[^&\s<]+",
    )
    return [re.compile(shape, re.IGNORECASE | re.DOTALL) for shape in shapes]


def _storable(text: str) -> str:
    # PostgreSQL refuses NUL and lone surrogates: a vendor's rubbish must not stop the record.
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
