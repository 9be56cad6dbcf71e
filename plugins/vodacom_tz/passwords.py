"""The two passwords of the broker's documents: who sends, and who initiates."""

import base64
import hashlib
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

HEX_UPPER = "hex-upper"
RAW = "raw"
HEX_LOWER = "hex-lower"
RAW_UPPER = "raw-upper"

# How the SHA-256 is written before base64: no document says which, all four are in use.
_WRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    HEX_UPPER: lambda digest: digest.hex().upper().encode(),
    RAW: bytes,
    HEX_LOWER: lambda digest: digest.hex().encode(),
    RAW_UPPER: bytes.upper,  # upper-cases whatever bytes happen to be small letters
}


def sp_password(scheme: str, *, sp_id: str, secret: str, timestamp: str) -> str:
    """Return the ``spPassword`` for one timestamp, ``yyyyMMddHHmmss``."""
    digest = hashlib.sha256(f"{sp_id}{secret}{timestamp}".encode()).digest()
    return base64.b64encode(_WRITTEN[scheme](digest)).decode()


def initiator_password(secret: str, broker_key: RSAPublicKey) -> str:
    """Return a secret as only the broker can read it; it differs each time.

    :raises ValueError: the secret is longer than the key can carry
    """
    return base64.b64encode(broker_key.encrypt(secret.encode(), PKCS1v15())).decode()
