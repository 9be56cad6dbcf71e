"""The guide for a new manufacturer is followed to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "adding-a-manufacturer.md"
CONFIG = str(ROOT / "pyproject.toml")
FILE = re.compile(r"^`(plugins/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOUND_BY_FOLDER = """
import plugins
plugins.__path__.append({folder!r})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The guide's files, where a newcomer would put them."""
    for name, text in FILE.findall(GUIDE.read_text()):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plugins = tmp_path / "plugins"
    (plugins / "jirani" / "__init__.py").touch()
    (tmp_path / "newcomer.py").write_text(FOUND_BY_FOLDER.format(folder=str(plugins)))
    return plugins / "jirani"


def run(*command: str, path: Path = ROOT) -> str:
    """Run a module of this Python with the project's configuration; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_folder_of_the_guide_passes_its_own_tests(folder: Path) -> None:
    home = folder.parents[1]

    printed = run("pytest", "-q", "-c", CONFIG, "-p", "newcomer", str(folder), path=home)

    assert re.search(r"\b1[0-9] passed", printed)


def test_the_folder_of_the_guide_keeps_the_contract(folder: Path) -> None:
    contract = [str(path) for path in Path(__file__).parent.glob("test_every_*.py")]

    printed = run(
        "pytest", "-q", "-p", "newcomer", "-k", "jirani", *contract, path=folder.parents[1]
    )

    assert re.search(r"\b[3-9][0-9] passed", printed)


def test_the_code_of_the_guide_is_clean(folder: Path) -> None:
    run("ruff", "format", "--check", "--config", CONFIG, str(folder))
    # Outside the project's folder ruff knows neither our modules nor what tests may do.
    run("ruff", "check", "--config", CONFIG, "--ignore", "I001,S105", str(folder))
