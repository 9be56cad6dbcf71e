"""Three proofs that a call comes from Airtel: where from, the signed token, the password inside.

Each function passes when its check is switched off.
"""

import hmac
from collections.abc import Mapping
from typing import Any

import jwt

from plugins.contracts import Callback
from plugins.errors import Rejected
from plugins.forms import is_allowed

NOT_AUTHENTIC = "401"
CHECKS = ("check_jwt", "check_ip", "check_password")

# Expiry goes by the time of the call, so that a kept callback reads the same later. The company may
# come as a number, which the library would not accept as "sub".
SIGNATURE_ONLY: Any = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_sub": False,
}


def require_sender(settings: Mapping[str, Any], callback: Callback) -> None:
    """:raises Rejected: no check is on at all, or the address is not Airtel's"""
    if not any(settings.get(check) for check in CHECKS):
        raise Rejected("No check of the sender is switched on", code=NOT_AUTHENTIC)
    if settings.get("check_ip") and not is_allowed(callback.remote_ip, settings["allowed_ips"]):
        raise Rejected("Sender is not allowed", code=NOT_AUTHENTIC)


def require_token(settings: Mapping[str, Any], callback: Callback) -> str | None:
    """Return the transaction that the token was made for, or None where tokens are not checked.

    :raises Rejected: no token, a forged or expired one, or one for another company
    """
    if not settings.get("check_jwt"):
        return None
    claims = _claims(callback.headers.get("authorization", ""), settings["jwt_secret"])
    if not _is_current(claims.get("exp"), callback.received_at.timestamp()):
        raise Rejected("Token has expired", code=NOT_AUTHENTIC)
    company = settings.get("jwt_sub")
    if company and not _same(_text(claims.get("sub")), company):
        raise Rejected("Access token is for another company", code=NOT_AUTHENTIC)
    return _transaction(claims)


def require_transaction(granted: str | None, reference: str) -> None:
    """:raises Rejected: the token was made for another transaction"""
    if granted is not None and not _same(granted, reference):
        raise Rejected("Access token is for another transaction", code=NOT_AUTHENTIC)


def require_password(settings: Mapping[str, Any], fields: Mapping[str, str], action: str) -> None:
    """:raises Rejected: user name or password in the body are not ours"""
    if not settings.get("check_password"):
        return
    # Airtel's enquiry has no place for them, and a refused enquiry may give settled money back.
    if action == "enquiry" and not fields.keys() & {"USERNAME", "PASSWORD"}:
        return
    is_user = _same(fields.get("USERNAME", ""), settings["username"])
    is_password = _same(fields.get("PASSWORD", ""), settings["password"])
    if not (is_user and is_password):
        raise Rejected("Invalid user name or password", code=NOT_AUTHENTIC)


def _claims(authorization: str, secret: str) -> dict[str, Any]:
    scheme, _, token = authorization.partition(" ")
    try:
        claims: dict[str, Any] = jwt.decode(
            token.strip() if scheme.lower() == "bearer" else "",
            secret,
            algorithms=["HS512"],
            options=SIGNATURE_ONLY,
        )
    except jwt.PyJWTError:
        raise Rejected("Invalid Token", code=NOT_AUTHENTIC) from None
    return claims


def _is_current(expires_at: Any, now: float) -> bool:
    is_number = isinstance(expires_at, int | float) and not isinstance(expires_at, bool)
    return is_number and now < expires_at


def _transaction(claims: Mapping[str, Any]) -> str:
    payload = claims.get("payload", claims.get("Payload"))
    return _text(payload.get("txnId")) if isinstance(payload, dict) else ""


def _text(claim: Any) -> str:
    return str(claim) if isinstance(claim, str | int) else ""


def _same(theirs: str, ours: str) -> bool:
    return hmac.compare_digest(theirs.encode(), ours.encode())
