"""The way out, tried against real sockets: what may be repeated, and what may not."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from plugins.errors import Misconfigured, OutcomeUnknown, Unavailable
from plugins.http import MAX_ANSWER_BYTES, ProviderSession, Recorded, Redactor
from tests.plugins.loopback import Server, answer, certificate, serving


@pytest.fixture
def records() -> list[Recorded]:
    return []


@pytest.fixture
def session(records: list[Recorded]) -> ProviderSession:
    return ProviderSession(
        read_seconds=0.3,
        total_seconds=0.9,
        record=records.append,
        redactor=Redactor(values=frozenset({"s3cr3t+/&"}), names=frozenset({"spPassword"})),
    )


def test_an_answer_comes_back_with_what_was_sent_recorded(
    session: ProviderSession, records: list[Recorded]
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b'{"token": "1"}'))

    with serving(behave) as server:
        response = session.post(f"{server.address}/tokennew", json={"amount": 12.5})

    assert response.json() == {"token": "1"}
    assert server.requests[0].endswith(b'{"amount": 12.5}')
    assert [(it.method, it.status, it.error) for it in records] == [("POST", 200, "")]
    assert records[0].request_text == '{"amount": 12.5}'
    assert records[0].response_text == '{"token": "1"}'


def test_every_call_opens_a_connection_of_its_own(session: ProviderSession) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b"{}", "Connection: keep-alive"))

    with serving(behave) as server:
        session.get(server.address)
        session.get(server.address)

    assert len(server.requests) == 2


def never_answer(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    server.stopped.wait(5)


def test_silence_after_a_purchase_is_doubt(
    session: ProviderSession, records: list[Recorded]
) -> None:
    with serving(never_answer) as server, pytest.raises(OutcomeUnknown, match="in time"):
        session.post(server.address, json={})

    assert len(server.requests) == 1
    assert records[0].error.startswith("OutcomeUnknown: ")
    assert records[0].status is None


def test_silence_after_a_look_up_is_no_doubt(session: ProviderSession) -> None:
    with serving(never_answer) as server, pytest.raises(Unavailable):
        session.get(server.address)


def test_silence_after_a_repeatable_post_is_no_doubt(session: ProviderSession) -> None:
    with serving(never_answer) as server, pytest.raises(Unavailable):
        session.post(server.address, repeatable=True)


def drip_head(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000:
        sock.sendall(bytes([byte]))
        server.stopped.wait(0.05)


def drip_body(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    sock.sendall(answer("200 OK", b"", length=1000))
    for _ in range(1000):
        sock.sendall(b" ")
        server.stopped.wait(0.05)


def drip_body_without_length(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(1000):
        sock.sendall(b" ")
        server.stopped.wait(0.05)


@pytest.mark.parametrize("drip", [drip_head, drip_body, drip_body_without_length])
def test_a_slow_drip_ends_at_the_total_deadline(session: ProviderSession, drip) -> None:
    started = time.monotonic()

    with serving(drip) as server, pytest.raises(OutcomeUnknown, match="in time"):
        session.post(server.address, json={})

    assert 0.8 < time.monotonic() - started < 3


def test_a_slow_drip_over_tls_ends_at_the_total_deadline(
    session: ProviderSession, tls: ssl.SSLContext, pem: Path
) -> None:
    started = time.monotonic()

    with serving(drip_body, tls=tls) as server, pytest.raises(OutcomeUnknown, match="in time"):
        session.post(server.address, json={}, verify=str(pem))

    assert 0.8 < time.monotonic() - started < 3


def test_a_cut_body_is_doubt_and_its_beginning_is_recorded(
    session: ProviderSession, records: list[Recorded]
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b'{"result": "2276809', length=60))

    with serving(behave) as server, pytest.raises(OutcomeUnknown, match="broke"):
        session.post(server.address, json={})

    assert (records[0].status, records[0].response_text) == (200, '{"result": "2276809')


def test_a_connection_closed_without_an_answer_is_doubt(session: ProviderSession) -> None:
    with serving(Server.read_request) as server, pytest.raises(OutcomeUnknown):
        session.post(server.address, json={})


def test_rubbish_instead_of_http_is_doubt(session: ProviderSession) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

    with serving(behave) as server, pytest.raises(OutcomeUnknown):
        session.post(server.address, json={})


def test_an_answer_over_one_mebibyte_is_doubt(
    session: ProviderSession, records: list[Recorded]
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b"x" * (MAX_ANSWER_BYTES + 1)))

    with serving(behave) as server, pytest.raises(OutcomeUnknown):
        session.post(server.address, json={})

    assert len(records[0].response_text) <= 20_000


def test_an_answer_of_one_mebibyte_is_taken(session: ProviderSession) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b"x" * MAX_ANSWER_BYTES))

    with serving(behave) as server:
        assert len(session.get(server.address).content) == MAX_ANSWER_BYTES


def test_a_redirect_is_handed_back_and_not_followed(session: ProviderSession) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("302 Found", b"", f"Location: {server.address}/elsewhere"))

    with serving(behave) as server:
        assert session.post(server.address, json={}).status_code == 302

    assert len(server.requests) == 1


@pytest.mark.parametrize(("repeatable", "error"), [(False, OutcomeUnknown), (True, Unavailable)])
def test_a_5xx_is_doubt_unless_the_call_may_be_repeated(
    session: ProviderSession, records: list[Recorded], repeatable: bool, error: type[Exception]
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("503 Busy", b"<html>later</html>"))

    with serving(behave) as server, pytest.raises(error) as raised:
        session.post(server.address, json={}, repeatable=repeatable)

    assert raised.value.code == "503"
    assert (records[0].status, records[0].response_text) == (503, "<html>later</html>")


def test_a_4xx_is_an_answer_for_the_adapter(session: ProviderSession) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("404 Not Found", b"{}"))

    with serving(behave) as server:
        assert session.post(server.address, json={}).status_code == 404


# --- nothing left --------------------------------------------------------------------------------


def test_a_refused_connection_means_nothing_was_sent(
    session: ProviderSession, records: list[Recorded]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(Unavailable, match=r"No connection to 127\.0\.0\.1"):
        session.post(address, json={})

    assert records[0].error.startswith("Unavailable: ")


def test_an_unknown_host_name_means_nothing_was_sent(
    session: ProviderSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unavailable):
        session.post("https://calin.test/tokennew", json={})


def test_an_untrusted_certificate_means_nothing_was_sent(
    session: ProviderSession, tls: ssl.SSLContext
) -> None:
    with serving(never_answer, tls=tls) as server, pytest.raises(Unavailable, match="self-signed"):
        session.post(server.address, json={})

    assert server.requests == []


def test_a_certificate_that_the_caller_trusts_is_good(
    session: ProviderSession, tls: ssl.SSLContext, pem: Path
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer("200 OK", b"{}"))

    with serving(behave, tls=tls) as server:
        assert session.post(server.address, json={}, verify=str(pem)).status_code == 200


def test_a_server_without_tls_on_a_tls_address_means_nothing_was_sent(
    session: ProviderSession,
) -> None:
    def behave(_: Server, sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(behave) as server, pytest.raises(Unavailable):
        session.post(server.address.replace("http:", "https:"), json={})


def test_silence_in_the_hand_shake_means_nothing_was_sent(session: ProviderSession) -> None:
    def behave(server: Server, _: socket.socket) -> None:
        server.stopped.wait(5)

    started = time.monotonic()
    with serving(behave) as server, pytest.raises(Unavailable):
        session.post(server.address.replace("http:", "https:"), json={})

    assert time.monotonic() - started < 3


def test_a_connection_broken_inside_tls_is_doubt(
    session: ProviderSession, tls: ssl.SSLContext, pem: Path
) -> None:
    def behave(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        raw = socket.socket(fileno=sock.detach())
        raw.sendall(b"this is no TLS record")
        raw.close()

    with serving(behave, tls=tls) as server, pytest.raises(OutcomeUnknown):
        session.post(server.address, json={}, verify=str(pem))

    assert len(server.requests) == 1


def test_a_deadline_that_passes_while_connecting_sends_nothing(
    session: ProviderSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slow(*args, **kwargs):
        time.sleep(session.total_seconds + 0.1)
        return look_up(*args, **kwargs)

    with serving(never_answer) as server:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        with pytest.raises(Unavailable):
            session.post(server.address, json={})

    assert server.requests == []


def test_a_deadline_that_passes_while_dialing_starts_no_hand_shake(
    session: ProviderSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, heard = socket.getaddrinfo, []

    def slow(*args, **kwargs):
        time.sleep(session.total_seconds + 0.1)
        return look_up(*args, **kwargs)

    with serving(lambda _, sock: heard.append(sock.recv(1000))) as server:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        with pytest.raises(Unavailable):
            session.post(server.address.replace("http:", "https:"), json={})

    assert heard == [b""]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("calin.test/api", {}),
        ("ftp://calin.test/api", {}),
        ("http://", {}),
        ("http://127.0.0.1:1/", {"headers": {"Authorization": "Bearer one\ntwo"}}),
        ("https://127.0.0.1:1/", {"cert": "/nowhere/certificate.pem"}),
    ],
)
def test_settings_that_fit_into_no_request_are_the_admins_to_mend(
    session: ProviderSession, address: str, parts: dict[str, object]
) -> None:
    with pytest.raises(Misconfigured):
        session.post(address, json={}, **parts)


# --- what is recorded ----------------------------------------------------------------------------


@pytest.fixture
def echo() -> Iterator[Server]:
    def behave(server: Server, sock: socket.socket) -> None:
        sock.sendall(answer("200 OK", server.read_request(sock)))

    with serving(behave) as server:
        yield server


@pytest.mark.parametrize(
    "parts",
    [
        {"json": {"password": "other", "nested": [{"anything": "s3cr3t+/&"}]}},
        {"data": {"grant_type": "x", "client_secret": "other", "y": "s3cr3t+/&"}},
        {"data": {"first": "1", "spPassword": "other"}},
        {"data": "<a><ns:spPassword k='1'>other</ns:spPassword><b>s3cr3t+/&amp;</b></a>"},
        {"data": "<a><spPassword><![CDATA[other]]></spPassword></a>"},
        {"data": '{"access_token": "other", "expires_in'},
        {"data": '{"access_token": "oth\\"er'},
        {"headers": {"Authorization": "Bearer other", "X-Api-Key": "other"}},
        {"headers": {"X-Own": "s3cr3t+/&"}},
        {"params": {"password": "other", "x": "s3cr3t+/&"}},
    ],
)
def test_secrets_are_blanked_by_value_and_by_name(
    session: ProviderSession, records: list[Recorded], echo: Server, parts: dict[str, object]
) -> None:
    session.post(echo.address, **parts)

    told = repr(records[0])
    assert "other" not in told
    assert 'er"' not in told.replace("••••", "")
    assert "s3cr3t" not in told
    assert "••••" in told


def test_a_secret_that_needs_escaping_is_blanked_all_the_same(
    records: list[Recorded], echo: Server
) -> None:
    session = ProviderSession(
        read_seconds=1,
        total_seconds=2,
        record=records.append,
        redactor=Redactor(values=frozenset({'quo"te é'})),
    )

    session.post(echo.address, json={"x": 'quo"te é'})
    session.post(echo.address, data={"x": 'quo"te é'})

    assert "quo" not in repr(records)


def test_what_no_database_can_store_is_replaced_in_the_record(
    session: ProviderSession, records: list[Recorded], echo: Server
) -> None:
    session.post(echo.address, data=b'{"reason": "\\u0000 \\ud800", "token": "1"}')

    assert "\x00" not in records[0].response_text
    assert records[0].response_text.encode()
    assert '"token": "1"' in records[0].response_text


def test_an_answer_without_bottom_is_doubt_and_recorded(
    session: ProviderSession, records: list[Recorded], echo: Server
) -> None:
    with pytest.raises(OutcomeUnknown):
        session.post(echo.address, data=b"[" * 200_000 + b"]" * 200_000)

    assert records[0].response_text.startswith("[[[[")


def test_a_deep_answer_that_can_be_read_is_recorded_too(
    session: ProviderSession, records: list[Recorded], echo: Server
) -> None:
    response = session.post(echo.address, data=b"[" * 600 + b"]" * 600)

    assert response.json()
    assert records[0].response_text.startswith("[[[[")


def test_what_is_handed_to_the_adapter_is_not_blanked(
    session: ProviderSession, echo: Server
) -> None:
    response: requests.Response = session.post(echo.address, json={"access_token": "s3cr3t+/&"})

    assert response.json() == {"access_token": "s3cr3t+/&"}


# --- set-up --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
