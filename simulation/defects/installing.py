"""Having Python load the defective text of a module instead of its own."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from simulation.defects.catalogue import DEFECTS
from simulation.defects.defect import Change, NoSuchDefect


def install(name: str) -> None:
    """Make this process defective. Called before any of the modules is loaded.

    :raises NoSuchDefect: no defect has this name, or one of its modules is loaded already
    """
    found = DEFECTS.get(name)
    if found is None:
        raise NoSuchDefect(f"MPM_DEFECT is {name!r}; there are: {', '.join(sorted(DEFECTS))}")
    loaded = [each.module for each in found.changes if each.module in sys.modules]
    if loaded:
        raise NoSuchDefect(f"{name} comes too late: {', '.join(loaded)} is loaded")
    sys.meta_path.insert(0, _Finder(found.changes))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that a defect changes, and leaves all others to Python."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        changes = [each for each in self.changes if each.module == fullname]
        if not changes:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            raise NoSuchDefect(f"There is no module {fullname}")
        spec.loader = _Loader(fullname, spec.origin, changes)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the changed text; what Python has compiled before does not count."""

    def __init__(self, fullname: str, path: str, changes: Sequence[Change]) -> None:
        super().__init__(fullname, path)
        self.changes = changes

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        for change in self.changes:
            source = change.apply(source)
        return self.source_to_code(source, self.path)
