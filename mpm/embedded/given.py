"""What the surroundings have set already: the environment, NAME_FILE, and the project's .env."""

import os
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ASSIGNMENT = re.compile(r"""^\s*(?:export\s+)?([A-Z_]+)\s*=\s*(['"]?)(.*?)\2\s*$""")


def given(name: str) -> str | None:
    """Return the value somebody chose for this variable, or None when nobody did."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return _from_dotenv(PROJECT / ".env").get(name) or None


def local_folder() -> Path:
    """Return where the embedded servers keep everything: MPM_LOCAL_DIR, else `.local`."""
    return Path(given("MPM_LOCAL_DIR") or PROJECT / ".local").absolute()


def _from_dotenv(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    found = (ASSIGNMENT.match(line) for line in path.read_text().splitlines())
    return {match[1]: match[3] for match in found if match}
