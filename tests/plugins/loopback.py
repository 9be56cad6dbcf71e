"""Real servers on loopback that misbehave on purpose."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Server:
    """One listening socket; ``requests`` holds the raw bytes of each request that was read."""

    address: str = ""
    requests: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def read_request(self, sock: socket.socket) -> bytes:
        """Read a head and the body its Content-Length promises."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += _more(sock)
        head, _, body = raw.partition(b"\r\n\r\n")
        while len(body) < _content_length(head):
            body += _more(sock)
        self.requests.append(head + b"\r\n\r\n" + body)
        return body


def _more(sock: socket.socket) -> bytes:
    chunk = sock.recv(65_536)
    if not chunk:
        raise ConnectionError("the client went away")
    return chunk


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def answer(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return the bytes of an answer; ``length`` may promise more than there is."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


@contextlib.contextmanager
def serving(
    behave: Callable[[Server, socket.socket], None], *, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Run a server that treats each connection by ``behave`` until the block ends."""
    server = Server()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    scheme = "https" if tls else "http"
    server.address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=_accept, args=(server, listener, behave, tls), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        thread.join(5)
        listener.close()


def _accept(
    server: Server,
    listener: socket.socket,
    behave: Callable[[Server, socket.socket], None],
    tls: ssl.SSLContext | None,
) -> None:
    while not server.stopped.is_set():
        with contextlib.suppress(TimeoutError):
            sock, _ = listener.accept()
            # A client that goes away, or refuses our certificate, is what these tests are about.
            with contextlib.suppress(OSError), sock:
                sock.settimeout(5)
                with tls.wrap_socket(sock, server_side=True) if tls else sock as stream:
                    behave(server, stream)


def certificate(folder: Path) -> Path:
    """Write a self-signed certificate for 127.0.0.1 with its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "loopback.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path
