"""The application: vendors, control interface and the page with the phone."""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import control, pages, phone, settings_page, statements, strict
from sandbox.options import Options
from sandbox.vendors import (
    africastalking,
    airtel_open,
    calin,
    calin_smart,
    sunking,
    vodacom_mz_push,
    vodacom_tz,
)
from sandbox.world import World

LARGEST_BODY = 1_000_000

BLUEPRINTS = (
    control.bp,
    pages.bp,
    phone.bp,
    settings_page.bp,
    statements.bp,
    calin.bp,
    calin_smart.bp,
    sunking.bp,
    africastalking.bp,
    airtel_open.bp,
    vodacom_tz.bp,
    vodacom_mz_push.bp,
)


def create_app(options: Options | None = None) -> Flask:
    """Make one sandbox with a memory of its own."""
    app = Flask("sandbox", static_folder=None, template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox"] = World.start(options or Options.from_environment())
    app.before_request(refuse_foreign_pages)
    app.register_error_handler(strict.Unacceptable, _unacceptable)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def refuse_foreign_pages() -> AnyResponse | None:
    """Let only this machine's own names in, so that no web page elsewhere can play with us."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost"):
        foreign = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
        if foreign and request.method != "GET":
            return _forbidden("another page sent this form")
        return None
    return _forbidden("the sandbox answers to localhost only")


def _forbidden(reason: str) -> Response:
    return Response(reason, status=403, mimetype="text/plain")


def _unacceptable(error: Exception) -> tuple[dict[str, str], int]:
    status = 415 if isinstance(error, strict.WrongMediaType) else 400
    return {"Message": str(error)}, status
