"""Vodacom's OpenAPI for Mozambique: addresses, the bearer, and what the codes mean."""

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from plugins.errors import Misconfigured, PluginError, Unavailable

LIVE, TEST = "https://api.vm.co.mz", "https://api.sandbox.vm.co.mz"
PUSH_PORT, QUERY_PORT = 18352, 18353
PUSH_PATH = "/ipg/v1x/c2bPayment/singleStage/"
QUERY_PATH = "/ipg/v1x/queryTransactionStatus/"

DONE, DUPLICATE = "INS-0", "INS-10"
NOT_YET_VISIBLE = frozenset({"INS-23", "INS-6140"})
# Key, short code, initiator, credential, permission, market: our account, not this payer.
OUR_ACCOUNT = frozenset(
    {"INS-2", "INS-4", "INS-13", "INS-24", "INS-25", "INS-26", "INS-998", "INS-2001"}
)
# The payer was asked and nothing was paid: cancelled, failed, customer's account, too little money.
NOT_PAID = frozenset({"INS-5", "INS-6", "INS-995", "INS-996", "INS-997", "INS-2006"})
# A field was refused, the payer was never asked.
NOT_TAKEN = frozenset(
    {
        "INS-14", "INS-15", "INS-17", "INS-18", "INS-19", "INS-20", "INS-21", "INS-22",
        "INS-993", "INS-994", "INS-2002", "INS-2051", "INS-2057",
    }
)  # fmt: skip


def address(api_url: str, *, is_live: bool, port: int, path: str) -> str:
    """Return where a call goes; an address that names its own port is taken as it is."""
    base = (api_url or (LIVE if is_live else TEST)).rstrip("/")
    parts = urlsplit(base)
    if parts.port is None:
        base = parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
    return base + path


def read_public_key(text: str) -> RSAPublicKey:
    """Return the key of the portal: bare base64, with or without PEM lines and breaks.

    :raises ValueError: not base64, or not an RSA key
    """
    bare = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (binascii.Error, UnsupportedAlgorithm) as error:
        raise ValueError("not a public key") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def bearer(api_key: str, public_key: str) -> str:
    """Return the API key as only Vodacom can read it; it differs each time.

    :raises Misconfigured: the public key cannot be used, or not for a key of this length
    """
    try:
        encrypted = read_public_key(public_key).encrypt(api_key.encode(), PKCS1v15())
    except ValueError as error:
        raise Misconfigured("The public key cannot encrypt the API key.") from error
    return base64.b64encode(encrypted).decode()


def read_answer(
    response: requests.Response, *, reference: str, in_doubt: type[PluginError]
) -> dict[str, Any]:
    """Return the answer to our call about this reference, with a code in it.

    :raises Misconfigured: our key was refused
    :raises Unavailable: too many calls
    :raises PluginError: ``in_doubt``, for everything that is no such answer
    """
    status = str(response.status_code)
    if response.status_code == 429:
        raise Unavailable("Vodacom asks us to slow down.", code=status)
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise in_doubt(f"The answer with HTTP {status} is not JSON.", code=status) from error
    if not isinstance(answer, dict):
        raise in_doubt(f"The answer with HTTP {status} is not an object.", code=status)
    code = answer.get("output_ResponseCode")
    if not code or not isinstance(code, str):
        if answer.get("output_error"):
            raise Misconfigured(f"Vodacom refused our key: {answer['output_error']}", code=status)
        raise in_doubt(f"The answer with HTTP {status} has no code.", code=status)
    if answer.get("output_ThirdPartyReference") not in (None, "", "N/A", reference):
        raise in_doubt("The answer is about another payment.")
    if code == DONE and response.status_code not in {200, 201}:
        raise in_doubt(f"The answer says success with HTTP {status}.", code=status)
    return answer


def described(answer: dict[str, Any]) -> str:
    """Return Vodacom's own words on a code."""
    return str(answer.get("output_ResponseDesc") or answer["output_ResponseCode"])[:200]
