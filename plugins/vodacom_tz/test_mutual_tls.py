"""The result goes out with our certificate, to the pinned broker only, and leaves no key behind."""

import datetime as dt
import ipaddress
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from plugins.errors import PluginError, Unavailable
from plugins.testing import adapter_for, load_exchange
from plugins.vodacom_tz import pem
from plugins.vodacom_tz.adapter import VodacomTanzania
from plugins.vodacom_tz.test_adapter import YES

CONFIRMATION = load_exchange(__file__, "result_confirmed")["exchanges"][0]["response"]["text"]


@dataclass
class Identity:
    """A key and its certificate, PEM."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def locked_key_pem(self) -> str:
        return self.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")
        ).decode()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def identity(name: str, signer: Identity | None = None) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(signer.key if signer else key, SHA256())
    )
    return Identity(key, certificate)


AUTHORITY = identity("Broker authority")
STRANGER = identity("Somebody else's authority")
BROKER = identity("broker", AUTHORITY)
COMPANY = identity("company", AUTHORITY)


class Broker(BaseHTTPRequestHandler):
    """Confirms every result and remembers who sent it, and which key files lay about meanwhile."""

    seen: list[tuple[str, list[Path]]]
    key_folder: Path

    def do_POST(self) -> None:
        certificate: Any = self.connection.getpeercert()  # type: ignore[attr-defined]
        common_name = certificate["subject"][0][0][1]
        self.seen.append((common_name, sorted(self.key_folder.rglob("*"))))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONFIRMATION.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def broker(key_folder: Path, tmp_path: Path) -> Iterator[HTTPServer]:
    for name, text in {"cert": BROKER.pem, "key": BROKER.key_pem}.items():
        (tmp_path / name).write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=AUTHORITY.pem)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    context.verify_mode = ssl.CERT_REQUIRED
    handler = type("ThisBroker", (Broker,), {"seen": [], "key_folder": key_folder})
    server = HTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def report_to(server: HTTPServer, **tls: str) -> None:
    adapter = adapter_for(
        VodacomTanzania,
        sp_id="300300",
        sp_password="sp-secret",
        request_url=f"https://127.0.0.1:{server.server_port}/result",
        **tls,
    )
    adapter.report_result(YES)


def test_the_broker_sees_our_certificate_and_no_key_stays_behind(broker, key_folder):
    report_to(
        broker,
        ssl_cert=COMPANY.pem,
        ssl_key=COMPANY.key_pem,
        certificate_authority=AUTHORITY.pem,
    )

    ((name, files),) = broker.RequestHandlerClass.seen
    assert name == "company"
    assert len(files) == 4  # a folder and three files, while the call lasts
    assert list(key_folder.iterdir()) == []


def test_a_broker_of_another_authority_gets_nothing(broker, key_folder):
    with pytest.raises(Unavailable):
        report_to(
            broker,
            ssl_cert=COMPANY.pem,
            ssl_key=COMPANY.key_pem,
            certificate_authority=STRANGER.pem,
        )

    assert broker.RequestHandlerClass.seen == []
    assert list(key_folder.iterdir()) == []


def test_without_our_certificate_the_broker_takes_nothing(broker):
    with pytest.raises(PluginError):
        report_to(broker, certificate_authority=AUTHORITY.pem)

    assert broker.RequestHandlerClass.seen == []


@pytest.mark.usefixtures("key_folder")
def test_key_files_are_for_this_user_only():
    with pem.as_files(ssl_key="secret", ssl_cert="") as paths:
        file = Path(paths["ssl_key"])

        assert set(paths) == {"ssl_key"}
        assert file.read_text().strip() == "secret"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
