"""What the pages share: the frame, the files they load, the policy they are served under."""

import importlib.util
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, send_file

from sandbox import phonebook
from sandbox.world import World, world

HERE = Path(__file__).parent
PRODUCT_STATIC = HERE.parent / "static"

bp = Blueprint("pages", __name__)

# File by file: the package (or none) that ships it, and its path there.
FILES = {
    "bootstrap.min.css": ("bootstrap", "static/bootstrap/css/bootstrap.min.css"),
    "htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "app.css": ("", "app.css"),
    "icons.svg": ("", "icons.svg"),
    "sandbox.css": ("sandbox", "assets/sandbox.css"),
}


@bp.get("/static/<name>")
def static_file(name: str) -> Response:
    """Serve one of the few files that the pages load."""
    path = _path(name)
    if path is None or not path.is_file():
        abort(404)
    return send_file(path, max_age=300)


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Render a whole page under a policy that allows no inline style or script."""
    here = world()
    book = phonebook.phonebook(here.store)
    text = render_template(template, book=book, app_url=here.options.app_url, **context)
    answer = make_response(text, status)
    answer.headers["Content-Security-Policy"] = _policy(here)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def money(amount: str, currency: str) -> str:
    """Return `TZS 10,000` with a no-break space; what is no number stays as it was typed."""
    try:
        return f"{currency}\u00a0{Decimal(amount):,}"
    except InvalidOperation:
        return f"{currency}\u00a0{amount}"


def phone_text(phone: str) -> str:
    """Return +255 754 123 456 for +255754123456."""
    found = re.fullmatch(r"(\+\d{3})(\d{2,3})(\d{3})(\d{3})", phone)
    return "\u00a0".join(found.groups()) if found else phone


def _policy(here: World) -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {here.options.app_url}"
    )


def _path(name: str) -> Path | None:
    if name not in FILES:
        return None
    package, path = FILES[name]
    if not package:
        return PRODUCT_STATIC / path
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / path
