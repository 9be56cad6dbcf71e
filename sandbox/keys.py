"""The sandbox's own RSA key: Vodacom's key for push requests and for initiator passwords."""

import base64
import binascii
import functools
import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from sandbox.store import Store

_PEM = serialization.Encoding.PEM


def public_key_base64(store: Store) -> str:
    """Return the public key as Vodacom's portal shows it: bare base64, no armour."""
    der = (
        _private_key(store)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()


def certificate_pem(store: Store) -> str:
    """Return the broker's certificate; it is made once and kept."""
    kept = store.setting("broker_certificate")
    if kept is None:
        kept = _self_signed(_private_key(store))
        store.remember("broker_certificate", kept)
    return str(kept)


def decrypt(store: Store, text: str) -> str | None:
    """Return what was encrypted for us with PKCS#1 v1.5, or None when it was not."""
    try:
        clear = _private_key(store).decrypt(
            base64.b64decode(text, validate=True), padding.PKCS1v15()
        )
        return clear.decode()
    except (binascii.Error, ValueError):
        return None


def _private_key(store: Store) -> rsa.RSAPrivateKey:
    kept = store.setting("rsa_key")
    if kept is None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        plain = serialization.NoEncryption()
        kept = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, plain).decode()
        with store.transaction() as db:
            db.execute("INSERT OR IGNORE INTO settings VALUES ('rsa_key', ?)", (json.dumps(kept),))
        kept = store.setting("rsa_key")
    return _load(kept)


@functools.lru_cache(maxsize=8)
def _load(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(type(key))
    return key


def _self_signed(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(_PEM).decode()
