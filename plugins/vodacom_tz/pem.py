"""Keys and certificates as the admin pastes them: PEM texts."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import (
    PrivateKeyTypes,
    PublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)


def read_certificates(text: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, the holder's own first.

    :raises ValueError: there is none, or one is broken
    """
    return x509.load_pem_x509_certificates(text.encode())


def read_private_key(text: str) -> PrivateKeyTypes:
    """:raises ValueError: not a private key, or one that is locked with a password"""
    try:
        return load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise ValueError("locked with a password") from error


def read_rsa_public_key(text: str) -> RSAPublicKey:
    """Return the RSA key of a certificate or of a bare public key.

    :raises ValueError: neither of them, or not RSA
    """
    key: PublicKeyTypes
    if "BEGIN CERTIFICATE" in text:
        key = read_certificates(text)[0].public_key()
    else:
        key = load_pem_public_key(text.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


@contextlib.contextmanager
def as_files(**texts: str) -> Iterator[dict[str, str]]:
    """Write texts to files that only this user can read, and remove them when the call is over.

    TLS libraries take keys by path only. An empty text makes no file and no entry.
    """
    with tempfile.TemporaryDirectory(prefix="mpm-") as folder:
        paths = {name: str(Path(folder, name)) for name, text in texts.items() if text}
        for name, path in paths.items():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{texts[name]}\n")
        yield paths
