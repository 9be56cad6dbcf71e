"""What holds for every adapter, whoever wrote it: a new folder is covered by being there."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils.functional import Promise

from plugins import registry
from plugins.contracts import (
    Idempotency,
    Kind,
    Manufacturer,
    PaymentProvider,
    Plugin,
    SmsGateway,
)
from plugins.errors import Misconfigured, Rejected, Unavailable
from plugins.forms import PluginSettingsForm
from tests.plugins.adapters import (
    METHOD_OF,
    built,
    everywhere,
    example_form,
    home,
    over,
    silence_everywhere,
)

CONTRACTS = {
    Kind.MANUFACTURER: Manufacturer,
    Kind.PAYMENT: PaymentProvider,
    Kind.SMS: SmsGateway,
}
WHOLE_FOLDER = ("__init__.py", "adapter.py", "forms.py", "test_adapter.py", "README.md")

# What an adapter needs of this project; everything else of it is out of bounds.
OPEN_TO_ADAPTERS = {
    "common",
    *(
        f"plugins.{name}"
        for name in ("contracts", "errors", "forms", "http", "registry", "sts", "wire")
    ),
}
FORBIDDEN = {"logging", "django.db", "django.conf", "celery", "socket", "urllib.request"}


def test_there_are_adapters_of_each_kind() -> None:
    assert {cls.kind for cls in registry.load().values()} == set(CONTRACTS)


@over(registry.load().values())
def test_a_plugin_is_one_whole_folder(cls: type[Plugin]) -> None:
    missing = [name for name in WHOLE_FOLDER if not (home(cls) / name).is_file()]

    assert missing == []
    assert len(list((home(cls) / "exchanges").glob("*.json"))) >= 1
    assert len((home(cls) / "README.md").read_text()) > 200


@over(registry.load().values())
def test_it_declares_itself(cls: type[Plugin]) -> None:
    assert issubclass(cls, CONTRACTS[cls.kind])
    assert cls.slug == home(cls).name == registry.get(cls.slug).slug
    assert isinstance(cls.label, str)
    assert cls.label.strip()
    assert isinstance(cls.description, Promise), "descriptions are translated when shown"
    assert str(cls.description).endswith(".")
    assert 0 < cls.read_seconds <= cls.total_seconds
    assert cls.settle_seconds >= 0
    assert isinstance(cls.idempotency, Idempotency)
    assert all(isinstance(name, str) for name in cls.redacted)


@over(registry.load().values())
def test_what_it_can_do_is_what_it_overrides(cls: type[Plugin]) -> None:
    base = CONTRACTS[cls.kind]
    overridden = {
        capability
        for capability, method in METHOD_OF.items()
        if hasattr(base, method) and getattr(cls, method) is not getattr(base, method)
    }

    assert cls.capabilities & METHOD_OF.keys() == overridden


@over(registry.load().values())
def test_its_example_settings_pass_its_own_form(cls: type[Plugin]) -> None:
    form = example_form(cls)

    assert isinstance(form, PluginSettingsForm)
    assert form.data.keys() <= form.fields.keys()
    assert form.is_valid(), form.errors
    assert all(field.label for field in form.fields.values())
    assert json.loads(json.dumps(form.cleaned_data)) == form.cleaned_data, "kept as JSON"


@over(registry.load().values())
def test_its_secrets_may_stay_empty_once_they_are_stored(cls: type[Plugin]) -> None:
    secrets = cls.settings_form.secret_names()
    entered = {k: v for k, v in example_form(cls).data.items() if k not in secrets}

    form = cls.settings_form(entered, stored_secrets=frozenset(secrets))

    assert form.is_valid(), form.errors


@over(registry.load().values())
def test_it_reaches_for_nothing_that_is_not_open_to_adapters(cls: type[Plugin]) -> None:
    own = cls.__module__.rpartition(".")[0]
    strange = {
        name
        for path in home(cls).glob("*.py")
        if not path.name.startswith("test_")
        for name in _imports(path)
        if not _is_open(name, own)
    }

    assert strange == set()


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _is_open(name: str, own: str) -> bool:
    def within(allowed: set[str]) -> bool:
        return any(name == it or name.startswith(f"{it}.") for it in allowed)

    ours = {path.name for path in Path(registry.__file__).parents[1].iterdir() if path.is_dir()}
    if name.partition(".")[0] in ours:
        return within(OPEN_TO_ADAPTERS | {own})
    return not within(FORBIDDEN)


@over(registry.load().values())
@pytest.mark.parametrize(
    "answer",
    [{"status": 200, "body": "<html>"}, {"status": 200, "json": {}}, {"status": 404}],
    ids=["page", "nothing", "not found"],
)
def test_checking_tells_a_sentence_or_why_not(cls: type[Plugin], answer: dict[str, Any]) -> None:
    with everywhere(**answer):
        _check(cls)


@over(registry.load().values())
def test_checking_a_silent_vendor_leaves_no_doubt_behind(cls: type[Plugin]) -> None:
    with silence_everywhere():
        _check(cls)


def _check(cls: type[Plugin]) -> None:
    try:
        said = built(cls).check()
    except (Misconfigured, Unavailable, Rejected) as error:
        said = error.reason
    assert said.strip()
