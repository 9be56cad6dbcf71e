"""What the person who starts the sandbox can choose."""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

VARIABLE = "MPM_SANDBOX_OPTIONS"


@dataclass(frozen=True)
class Options:
    """The choices of one run; they reach the serving process through one environment variable."""

    state_dir: str = ""
    memory: bool = False
    app_url: str = "http://jua.localhost:8000"
    bearer_seconds: int = 300
    report_seconds: float = 1.0

    def to_text(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read what `to_text` wrote; without it, the defaults and the usual state folder."""
        if VARIABLE in environ:
            return cls(**json.loads(environ[VARIABLE]))
        return cls(state_dir=str(default_state_dir(environ)))

    @property
    def database(self) -> str:
        """Where the SQLite file stands; the folder is made when it is missing."""
        if self.memory:
            return ":memory:"
        folder = Path(self.state_dir) if self.state_dir else default_state_dir()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder / "sandbox.sqlite3")


def default_state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `sandbox` below MPM_LOCAL_DIR, or below `.local` in the current folder."""
    return Path(environ.get("MPM_LOCAL_DIR") or ".local") / "sandbox"
