"""What every template keeps to: it compiles, says its context, and brings nothing inline."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(
    str(path.relative_to(FOLDER))
    for path in FOLDER.rglob("*")
    if path.suffix in {".html", ".txt", ".xml"}
)
PAGES = [name for name in TEMPLATES if name.endswith(".html")]
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}", re.DOTALL)


def source(name):
    return (FOLDER / name).read_text()


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_says_its_context_in_its_first_comment(name):
    first_lines = "\n".join(source(name).splitlines()[:4])
    assert COMMENT.search(first_lines), f"{name} does not say what it is given"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_inline_that_the_policy_forbids(name):
    text = re.sub(r"\{#.*?#\}", "", source(name))
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "hx-on" not in text
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert " src=" in tag
    assert "<style" not in text


@pytest.mark.parametrize("name", PAGES)
def test_it_takes_no_colour_classes_of_bootstrap(name):
    text = source(name)
    forbidden = r"\b(text-muted|text-body\b|bg-light|alert-\w+|btn-outline-\w+|badge bg-\w+)"
    assert not re.search(forbidden, text)


def test_the_stylesheet_keeps_its_limit():
    assert (Path(settings.BASE_DIR) / "static" / "app.css").stat().st_size <= 12_000


def test_every_sign_that_a_template_names_is_drawn():
    drawn = set(
        re.findall(r'id="i-([a-z]+)"', (Path(settings.BASE_DIR) / "static/icons.svg").read_text())
    )
    for name in PAGES:
        for sign in re.findall(r'\{% icon "([a-z]+)" %\}', source(name)):
            assert sign in drawn, (name, sign)
