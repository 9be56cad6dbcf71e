"""What an operator installs from: complete, and in step with the code."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""(?:env(?:\.\w+)?|_required|given|environ\.get)\(\s*["']([A-Z][A-Z_]+)["']""")
# Not for operators: Python's own, and what our own processes tell each other.
INTERNAL = {"PATH"}


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]


def variables_read() -> set[str]:
    paths = [*(PROJECT / "mpm").rglob("*.py"), *(PROJECT / "common").rglob("*.py")]
    return {name for path in paths for name in READ.findall(path.read_text())}


def test_every_variable_that_is_read_stands_in_the_example():
    example = (PROJECT / ".env.example").read_text()
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example, re.MULTILINE))

    assert len(variables_read()) > 15
    assert variables_read() - INTERNAL <= named


def test_every_variable_in_the_example_is_read_somewhere():
    example = (PROJECT / ".env.example").read_text()
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    compose = (PROJECT / "docker-compose.yml").read_text()

    unread = {name for name in named - variables_read() if f"${{{name}" not in compose}
    assert unread == set()


@pytest.mark.parametrize("name", ["web", "worker", "maker", "beat"])
def test_our_processes_wait_for_the_migration(services, name):
    assert services[name]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }


def test_every_lasting_service_has_a_health_check_and_is_restarted(services):
    lasting = {name: service for name, service in services.items() if name != "migrate"}

    assert set(lasting) == {"postgres", "redis", "web", "worker", "maker", "beat"}
    assert all("healthcheck" in service for service in lasting.values())
    assert {service["restart"] for service in lasting.values()} == {"unless-stopped"}


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_web_and_workers_do_not_know_the_owner_of_the_tables(services, name):
    environment = services[name]["environment"]

    assert "DATABASE_OWNER_URL" in services["migrate"]["environment"]
    assert "DATABASE_OWNER_URL" not in environment
    assert environment["POSTGRES_PASSWORD"] == ""
    assert environment["DATABASE_URL"].startswith("postgres://mpm_app:")


def test_who_knows_the_owner_beside_it_hears_one_queue_and_nobody_from_outside(services):
    maker = services["maker"]

    assert "DATABASE_OWNER_URL" in maker["environment"]
    assert "-A mpm.maker worker --queues companies" in maker["command"]
    assert "ports" not in maker


def test_the_queue_of_an_installation_forgets_nothing(services):
    assert "--appendonly yes" in services["redis"]["command"]
    assert "noeviction" in services["redis"]["command"]


def test_the_image_runs_as_an_ordinary_user():
    lines = (PROJECT / "Dockerfile").read_text().splitlines()

    assert "USER mpm" in lines
    assert lines.index("USER mpm") < next(n for n, line in enumerate(lines) if "CMD" in line)


def test_production_installs_the_versions_that_were_tested():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (PROJECT / name).read_text(), re.MULTILINE))

    assert pins("requirements.production.lock") < pins("requirements.lock")


def test_make_help_has_one_line_for_every_target():
    makefile = (PROJECT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)

    shown = subprocess.check_output(
        ["make", "--no-print-directory", "help"], cwd=PROJECT, text=True
    ).splitlines()

    assert [line.split()[1] for line in shown] == targets
    assert {"demo", "test", "run", "lint", "bench", "stop", "reset"} <= set(targets)
