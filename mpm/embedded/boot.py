"""Start of a supervisor process, run as a script.

It loads this package without the packages of the environment and without `mpm/__init__`, which
would bring the whole queue into a process that only waits.
"""

import os
import sys
import types
from pathlib import Path


def main() -> None:
    """Leave the caller behind and supervise: boot.py LOCK NAME HOME INSTALL."""
    if os.fork():
        os._exit(0)
    parent = types.ModuleType("mpm")
    parent.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["mpm"] = parent

    from mpm.embedded import supervisor

    supervisor.main(sys.argv[2:], lock=int(sys.argv[1]))


if __name__ == "__main__":
    main()
