"""Reading what a command line states of a plug-in's settings into what its form reads."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django import forms

from common.errors import DomainError
from common.words import _
from plugins import registry
from plugins.models import Connection

LARGEST_FILE = 64 * 1024
YES = frozenset({"on", "yes", "true", "1"})
NO = frozenset({"off", "no", "false", "0"})


class NotASetting(DomainError):
    message = _("“%(text)s” is not name=value. For example: api_url=https://vendor.example")


class UnknownSetting(DomainError):
    message = _("%(plugin)s has no setting “%(name)s”. Its settings are: %(names)s.")


class StatedTwice(DomainError):
    message = _("“%(name)s” is given twice.")


class NoSuchVariable(DomainError):
    message = _("%(name)s: the environment variable %(variable)s is not set.")


class FileNotRead(DomainError):
    message = _("%(name)s: the file %(path)s cannot be read (%(error)s).")


class NotYesOrNo(DomainError):
    message = _("%(name)s: “%(value)s” is neither on nor off.")


def read_settings(
    words: Sequence[str], *, plugin: str, stored: Connection | None
) -> dict[str, Any]:
    """Return the form's data: what the words say, else what is stored, else the form's usual values.

    A word is ``name=value``; the value may be ``@env:NAME`` or ``@file:PATH``, and ``@@`` stands for one ``@``.
    Secrets that are not given are left out, which keeps the stored ones.

    :raises DomainError: a word makes no sense, or its variable or file is not there
    """
    form = registry.get(plugin).settings_form
    fields: Mapping[str, forms.Field] = form.base_fields
    kept = _kept(fields, stored)
    open_values = {name: kept[name] for name in kept if name not in form.secret_names()}
    return {**open_values, **_said(words, fields, plugin)}


def _kept(fields: Mapping[str, forms.Field], stored: Connection | None) -> dict[str, Any]:
    if stored is not None:
        settings = stored.settings.items()
        return {
            name: fields[name].prepare_value(value) for name, value in settings if name in fields
        }
    return {
        name: field.initial() if callable(field.initial) else field.initial
        for name, field in fields.items()
        if field.initial is not None
    }


def _said(words: Sequence[str], fields: Mapping[str, forms.Field], plugin: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise NotASetting(text=word[:40])
        if name not in fields:
            raise UnknownSetting(plugin=plugin, name=name[:40], names=", ".join(fields) or "—")
        if name in said:
            raise StatedTwice(name=name)
        said[name] = _for_field(fields[name], name, _fetched(name, text))
    return said


def _fetched(name: str, text: str) -> str:
    """Return the value itself, from the environment or a file where it says so."""
    if text.startswith("@env:"):
        variable = text.removeprefix("@env:")
        if variable not in os.environ:
            raise NoSuchVariable(name=name, variable=variable)
        return os.environ[variable]
    if text.startswith("@file:"):
        return _from_file(name, Path(text.removeprefix("@file:")))
    return text.removeprefix("@") if text.startswith("@@") else text


def _from_file(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileNotRead(name=name, path=path, error=error.strerror) from None
    except UnicodeDecodeError:
        raise FileNotRead(name=name, path=path, error=_("not a text")) from None
    if len(text) > LARGEST_FILE:
        raise FileNotRead(name=name, path=path, error=_("too large"))
    return text.rstrip("\r\n")


def _for_field(field: forms.Field, name: str, text: str) -> Any:
    if isinstance(field, forms.BooleanField):
        if text.lower() not in YES | NO:
            raise NotYesOrNo(name=name, value=text[:20])
        return text.lower() in YES
    if isinstance(field, forms.MultipleChoiceField):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text
