"""What a defect is: a named change of the text of one module or more."""

from dataclasses import dataclass


class NoSuchDefect(Exception):
    """No defect has this name, or its text is not in the product any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """In ``module`` the text ``before``, which stands there once, becomes ``after``."""

    module: str
    before: str
    after: str

    def apply(self, source: str) -> str:
        """Return the changed text.

        :raises NoSuchDefect: the text does not stand there exactly once
        """
        found = source.count(self.before)
        if found != 1:
            raise NoSuchDefect(f"{self.module} holds {found} times: {self.before!r}")
        return source.replace(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Defect:
    """One deliberate defect. ``what`` says what is broken, as a person who finds it in a review would."""

    name: str
    what: str
    changes: tuple[Change, ...]

    @property
    def is_in_schema(self) -> bool:
        """Whether it is in the database from the first migration on."""
        return any(".migrations." in change.module for change in self.changes)


def defect(name: str, what: str, module: str, before: str, after: str) -> Defect:
    """Return a defect of a single change."""
    return Defect(name, what, (Change(module, before, after),))
