"""What management commands have in common: plain words or JSON, and never a traceback for bad input."""

import json
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError


@dataclass(frozen=True, slots=True)
class Report:
    """What a command did: lines for people, facts for programs."""

    lines: list[str]
    facts: dict[str, Any] = field(default_factory=dict)


class ReportingCommand(BaseCommand):
    """Base of commands that tell what they did.

    ``run`` returns a report, or raises a ``DomainError`` or ``CommandError``. On failure the sentence goes to
    stderr and the exit code is 1; with ``--json``, stdout gets ``{"error": …}`` too, with ``"problems"`` where
    the error has several.
    """

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--json", action="store_true", help="Print the result as JSON on stdout."
        )
        return parser

    @abstractmethod
    def run(self, **options: Any) -> Report:
        """Do the work.

        :raises DomainError: one of our rules said no
        :raises CommandError: what was written on the command line makes no sense
        """

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options.pop("json")
        try:
            report = self.run(**options)
        except (DomainError, CommandError) as refusal:
            if as_json:
                self.stdout.write(_as_json(_facts_of(refusal)))
            if isinstance(refusal, CommandError):
                raise
            raise CommandError(str(refusal)) from refusal
        if as_json:
            self.stdout.write(_as_json(report.facts))
            return
        for line in report.lines:
            self.stdout.write(line)


def _facts_of(refusal: Exception) -> dict[str, Any]:
    facts: dict[str, Any] = {"error": str(refusal)}
    problems = getattr(refusal, "problems", None) or getattr(refusal, "errors", None)
    if problems:
        facts["problems"] = problems
    return facts


def _as_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, default=str, ensure_ascii=False, indent=2)
