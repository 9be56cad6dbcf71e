"""The product's webhook addresses, one per operator and action, and the accounts used there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox import credentials
from sandbox.store import Store

# Action by action, with the other names by which a page or a person may call it.
ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "airtel": {"validation": ("validate",), "process": (), "enquiry": ("query",)},
    "vodacom_tz": {
        "request": ("process", "payment", "transaction", "broker"),
        "heartbeat": (),
    },
    "vodacom_mz": {"validate": ("validation",), "process": (), "query": ("enquiry",)},
    "africastalking": {
        "delivery": ("report", "delivery_report", "delivery-report", "status"),
        "incoming": ("inbound", "incoming_sms", "incoming-sms", "inbox"),
    },
}

# What an operator was told by the product's admin; a test may choose other values.
ACCOUNTS: dict[str, dict[str, str]] = {
    "airtel": {
        "jwt_secret": credentials.AIRTEL_JWT_SECRET,
        "sub": "7",
        "username": credentials.AIRTEL_USERNAME,
        "password": credentials.AIRTEL_PASSWORD,
        "merchant_msisdn": credentials.AIRTEL_MERCHANT_MSISDN,
        "country_code": "255",
    },
    "vodacom_tz": {
        "sp_id": credentials.VODACOM_SP_ID,
        "sp_password": credentials.VODACOM_SP_PASSWORD,
        "password_scheme": credentials.VODACOM_SCHEME,
        "name": "Vodacom",
    },
    "vodacom_mz": {"inbound_key": credentials.MOZAMBIQUE_INBOUND_KEY},
    "africastalking": {},
}


class UnknownAddress(ValueError):
    """There is no such operator, action or field, or the address is none."""


@dataclass(frozen=True, slots=True)
class Account:
    """One company's account with an operator: where to call, and as whom."""

    urls: Mapping[str, str]
    fields: Mapping[str, str]


def account(store: Store, operator: str) -> Account:
    """Return the addresses and fields in force for one operator."""
    kept = store.setting("operators", {}).get(operator, {})
    fields = ACCOUNTS[operator] | kept.get("fields", {})
    return Account(kept.get("urls", {}), fields)


def urls(store: Store, operator: str) -> Mapping[str, str]:
    return account(store, operator).urls


def listed(store: Store) -> dict[str, dict[str, str]]:
    """Return every operator's addresses and fields, flat, as `change` takes them."""
    found = {operator: account(store, operator) for operator in ACTIONS}
    return {operator: {**one.urls, **one.fields} for operator, one in found.items()}


def change(store: Store, wanted: Mapping[str, Any]) -> None:
    """Set addresses and fields per operator; an empty value takes one away.

    :raises UnknownAddress: nothing was changed
    """
    kept = store.setting("operators", {})
    for operator, values in wanted.items():
        if operator not in ACTIONS or not isinstance(values, Mapping):
            raise UnknownAddress(f"no operator {operator!r}; there are {', '.join(ACTIONS)}")
        mine = kept.setdefault(operator, {"urls": {}, "fields": {}})
        for name, value in values.items():
            _set(mine, operator, name, value)
    store.remember("operators", kept)


def _set(mine: dict[str, dict[str, str]], operator: str, name: str, value: Any) -> None:
    if not isinstance(value, str | None):
        raise UnknownAddress(f"{operator}: {name} is not text")
    action = _action(operator, name)
    if action is None and name not in ACCOUNTS[operator]:
        known = ", ".join([*ACTIONS[operator], *ACCOUNTS[operator]])
        raise UnknownAddress(f"{operator} has no {name!r}; it has {known}")
    place = mine["fields"] if action is None else mine["urls"]
    if action is not None and value:
        _check_url(value)
    if value or (action is None and value is not None):
        place[action or name] = value
    else:
        place.pop(action or name, None)


def _action(operator: str, name: str) -> str | None:
    for action, others in ACTIONS[operator].items():
        if name == action or name in others:
            return action
    return None


def _check_url(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UnknownAddress(f"{value!r} is not an http address")
