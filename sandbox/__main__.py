"""`python -m sandbox`: start the pretend vendors."""

import argparse
import sys

from sandbox.options import Options, default_state_dir
from sandbox.server import ADDRESS, APP, serve


def main(arguments: list[str] | None = None, *, app: str = APP) -> int:
    """Read the command line and serve until stopped."""
    chosen = _parser().parse_args(arguments)
    options = Options(
        state_dir=chosen.state,
        memory=chosen.memory,
        app_url=chosen.app_url.rstrip("/"),
        bearer_seconds=chosen.bearer_seconds,
        report_seconds=chosen.report_seconds,
    )
    print(f"Sandbox on http://{ADDRESS}:{chosen.port}/", flush=True)
    serve(options, chosen.port, app=app)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8010, help="port on 127.0.0.1 (default 8010)")
    add("--state", default=str(default_state_dir()), help="folder of the SQLite file")
    add("--memory", action="store_true", help="keep nothing on disk; fastest")
    add("--app-url", default=Options.app_url, help="where the product's pages are")
    add("--bearer-seconds", type=int, default=Options.bearer_seconds, help="life of a bearer")
    add(
        "--report-seconds",
        type=float,
        default=Options.report_seconds,
        help="how long an SMS is on its way",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
