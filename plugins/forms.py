"""What an adapter's settings form is made of."""

import ipaddress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from common.words import _


class SecretTextarea(forms.Textarea):
    """Many lines that no page shows again, also when the form comes back for another field."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class SecretField(forms.CharField):
    """A value that is stored encrypted, never shown again, and kept when left empty."""

    def __init__(self, **kwargs: Any) -> None:
        many_lines = kwargs.pop("many_lines", False)
        kwargs.setdefault("strip", True)
        kwargs["widget"] = (
            SecretTextarea(attrs={"rows": 4, "autocomplete": "off"})
            if many_lines
            else forms.PasswordInput(attrs={"autocomplete": "new-password"})
        )
        super().__init__(**kwargs)


class ApiUrlField(forms.URLField):
    """A vendor's address without its last slash; left empty, the usual one.

    Plain http is allowed, because some vendors offer nothing else.
    """

    default_validators = [URLValidator(schemes=["http", "https"])]

    def __init__(self, *, default: str, **kwargs: Any) -> None:
        self.default = default
        super().__init__(assume_scheme="https", initial=default, required=False, **kwargs)

    def clean(self, value: Any) -> str:
        return str(super().clean(value) or self.default).rstrip("/")


class AddressListField(forms.CharField):
    """Network addresses, one per line or separated by commas; cleaned to a list of texts."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        words = super().clean(value).replace(",", "\n").split()
        for word in words:
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                raise ValidationError(
                    _(
                        "“%(word)s” is not a network address. Write one like 196.201.214.200 per line."
                    ),
                    params={"word": word},
                ) from None
        return words


class PluginSettingsForm(forms.Form):
    """Base of every adapter's form. Field names are the names of the settings the adapter reads.

    ``stored_secrets`` names the secret fields that hold a value already: they may be left empty.
    """

    def __init__(
        self, *args: Any, stored_secrets: frozenset[str] = frozenset(), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stored_secrets = stored_secrets
        for name in self.secret_names() & stored_secrets:
            self.fields[name].required = False

    @classmethod
    def secret_names(cls) -> frozenset[str]:
        fields = cls.base_fields.items()
        return frozenset(name for name, field in fields if isinstance(field, SecretField))

    def has_value(self, name: str) -> bool:
        """Return whether this setting will hold something after saving, new or kept."""
        return bool(self.cleaned_data.get(name)) or name in self.stored_secrets


def is_allowed(remote_ip: str, allowed: list[str]) -> bool:
    """Return whether an address is on a list of addresses and networks; an empty list allows nobody."""
    try:
        address = ipaddress.ip_address(remote_ip)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(entry, strict=False) for entry in allowed)
