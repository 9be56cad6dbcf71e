"""The guide for a new payment provider is followed to the letter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "adding-a-payment-provider.md"
CONFIG = str(ROOT / "pyproject.toml")
FILE = re.compile(r"^`(plugins/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOUND_BY_FOLDER = """
import plugins
plugins.__path__.append({folder!r})

def pytest_collection_finish(session):
    from plugins import registry
    assert registry.payment_provider("pesa_moja").label == "Pesa Moja"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The guide's files, where a newcomer would put them."""
    for name, text in FILE.findall(GUIDE.read_text()):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plugins = tmp_path / "plugins"
    (plugins / "pesa_moja" / "__init__.py").touch()
    (plugins / "conftest.py").write_text(FOUND_BY_FOLDER.format(folder=str(plugins)))
    return plugins / "pesa_moja"


def run(*command: str) -> str:
    """Run a module of this Python with the project's configuration; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_folder_of_the_guide_passes_its_own_tests(folder):
    printed = run("pytest", "-q", "-c", CONFIG, str(folder))

    assert re.search(r"\b[0-9]{2} passed", printed)


def test_the_code_of_the_guide_is_clean(folder):
    run("ruff", "format", "--check", "--config", CONFIG, str(folder))
    # Outside the project's folder ruff cannot know that the folder's own modules are ours.
    run("ruff", "check", "--config", CONFIG, "--ignore", "I001", str(folder))
