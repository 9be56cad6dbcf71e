"""python -m mpm.embedded: run a command with the servers, or look after them."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from . import EmbeddedError, ensure, status, stop


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.act(options)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mpm.embedded", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a command with DATABASE_URL and REDIS_URL set")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    run.set_defaults(act=_run)
    state = commands.add_parser("status", help="tell how the servers are and who uses them")
    state.add_argument("--json", action="store_true", help="print JSON")
    state.set_defaults(act=_print_status)
    commands.add_parser("stop", help="stop the servers").set_defaults(act=_stop)
    url = commands.add_parser("url", help="print the addresses, with their passwords")
    url.set_defaults(act=_print_urls)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Become the command: it inherits our hold, and its signals and exit code are its own."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        print("Say which command to run, after --", file=sys.stderr)
        return 2
    for descriptor in ensure(role=Path(command[0]).name).descriptors:
        os.set_inheritable(descriptor, True)
    sys.stdout.flush()
    try:
        os.execvp(command[0], command)  # noqa: S606  the command is what the person typed
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)
    return 127


def _print_status(options: argparse.Namespace) -> int:
    services = status()
    if options.json:
        shown = [{**asdict(one), "folder": str(one.folder), "url": None} for one in services]
        print(json.dumps(shown, indent=2))
        return 0
    for one in services:
        state = f"running, pid {one.pid}" if one.is_ready else "stopped"
        users = f", used by {', '.join(one.users)}" if one.users else ""
        print(f"{one.name}: {state}{users} ({one.folder})")
    return 0


def _print_urls(_: argparse.Namespace) -> int:
    services = status()
    if not all(one.is_ready for one in services):
        print("The servers are not running.", file=sys.stderr)
        return 1
    for name, one in zip(("DATABASE_URL", "REDIS_URL"), services, strict=True):
        print(f"{name}={one.url}")
    return 0


def _stop(_: argparse.Namespace) -> int:
    stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
