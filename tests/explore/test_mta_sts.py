"""The MTA-STS policy: read strictly, held against the servers' names, fetched from an HTTPS server of the tests' own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from smtpnb.explore import policy_file
from smtpnb.explore.mta_sts import Fetched, Policy, judgement
from smtpnb.explore.policy_file import fetched
from smtpnb.explore.rules import DnsAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.good.test\r\nmx: *.backup.test\r\nmax_age: 1209600\r\n"
RECORD = DnsAnswer("found", ("v=STSv1; id=20260101",))


# -- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [POLICY, POLICY.replace("\r\n", "\n"), POLICY.rstrip(), POLICY + "x-later: thing\r\n"])
def test_policy_is_read(text: str) -> None:
    assert Policy.parse(text) == Policy("enforce", 1_209_600, ("mx1.good.test", "*.backup.test"))


def test_of_repeated_fields_the_first_counts() -> None:
    assert Policy.parse(POLICY + "mode: none\r\n").mode == "enforce"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version: STSv1", "version: STSv2", "version is STSv1, not “STSv2”"),
        ("version: STSv1\r\n", "", "version is STSv1, not missing"),
        ("enforce", "Enforce", "mode is enforce, testing, none, not “Enforce”"),
        ("mode: enforce\r\n", "", "not missing"),
        ("1209600", "-1", "max_age"),
        ("1209600", "31557601", "max_age"),
        ("1209600", "1" * 5_000, "max_age"),
        ("1209600", "\u0661", "max_age"),
        ("max_age: 1209600\r\n", "", "not missing"),
        ("mx1.good.test", "*", "mx is a host's name"),
        ("mx1.good.test", "mx.*.test", "mx is a host's name"),
        ("mx1.good.test", "bücher.test", "mx is a host's name"),
        ("mx: mx1.good.test\r\nmx: *.backup.test\r\n", "", "it names no mx"),
        ("mode", "mode enforce\r\nmode", "no “name: value”"),
        ("version", "\r\nversion", "no “name: value”"),
        ("version", "<html>\r\nversion", "no “name: value”"),
        ("mx1", "\x1b[2Jmx1", "no “name: value”"),
    ],
)
def test_what_is_no_policy_is_refused_with_a_reason(old: str, new: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("*", ".")):
        Policy.parse(POLICY.replace(old, new, 1))


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("mx1.good.test", True), ("MX1.Good.Test.", True), ("a.backup.test", True),
        ("mx2.good.test", False), ("backup.test", False), ("a.b.backup.test", False), ("x.mx1.good.test", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_one_label(host: str, covered: bool) -> None:
    assert Policy.parse(POLICY).covers(host) is covered


HOSTS = ["mx1.good.test"]


@pytest.mark.parametrize(
    ("record", "policy", "hosts", "status", "words"),
    [
        (DnsAnswer("unknown", (), "Timeout"), None, HOSTS, "unknown", "no answer"),
        (DnsAnswer("none"), None, HOSTS, "warn", "no MTA-STS record"),
        (DnsAnswer("found", ("v=STSv1; id=1", "v=STSv1; id=2")), None, HOSTS, "fail", "2 records"),
        (DnsAnswer("found", ("v=STSv1",)), None, HOSTS, "fail", "id="),
        (DnsAnswer("found", ("v=STSv1; id=a-b",)), None, HOSTS, "fail", "id="),
        (RECORD, None, HOSTS, "unknown", "not fetched"),
        (RECORD, Fetched("none", note="the web server answers 404"), HOSTS, "fail", "404"),
        (RECORD, Fetched("unknown", note="refused"), HOSTS, "unknown", "refused"),
        (RECORD, Fetched("found", "hello"), HOSTS, "fail", "cannot be used"),
        (RECORD, Fetched("found", POLICY), HOSTS, "pass", "mode enforce"),
        (RECORD, Fetched("found", POLICY), [*HOSTS, "mx9.evil.test"], "fail", "does not name mx9.evil.test"),
        (RECORD, Fetched("found", POLICY), None, "unknown", "not known"),
        (RECORD, Fetched("found", POLICY.replace("enforce", "testing")), HOSTS, "warn", "delivered all the same"),
        (RECORD, Fetched("found", POLICY.replace("enforce", "testing")), ["x.test"], "fail", "does not name"),
        (RECORD, Fetched("found", POLICY.replace("enforce", "none")), HOSTS, "warn", "withdrawn"),
        (RECORD, Fetched("found", POLICY.replace("1209600", "3600")), HOSTS, "pass", "weeks are usual"),
    ],
)
def test_record_policy_and_servers_together(
    record: DnsAnswer, policy: Fetched | None, hosts: list[str] | None, status: str, words: str
) -> None:
    said = judgement(record, policy, hosts)
    assert (said[0], words in said[1]) == (status, True), said


# -- fetching ----------------------------------------------------------------------------------------------------


class WebServer:
    """Says `answer` over TLS to each connection: pieces of octets with pauses, then closes; keeps what it was asked."""

    def __init__(self, context: ssl.SSLContext, *answer: bytes | float, goodbye: bool = True) -> None:
        self.context, self.answer, self.goodbye = context, answer, goodbye
        self.asked: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            plain.settimeout(3)
            with contextlib.suppress(OSError), plain, self.context.wrap_socket(plain, server_side=True) as sock:
                self.asked.append(sock.recv(4_096))
                for piece in self.answer:
                    time.sleep(piece) if isinstance(piece, float) else sock.sendall(piece)
                if self.goodbye:
                    sock.unwrap()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode("ascii")


def context_for(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def right() -> ssl.SSLContext:
    return context_for("mta-sts.good.test")


def http(status: str = "200 OK", body: str = POLICY, kind: str = "text/plain", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return (head + body).encode()


@contextlib.contextmanager
def fetching(monkeypatch: pytest.MonkeyPatch, server: WebServer, seconds: float = 3.0) -> Iterator[Fetched]:
    with server:
        monkeypatch.setattr(policy_file, "PORT", server.port)
        yield fetched("good.test", ["127.0.0.1"], seconds, PEM)


CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = f"{CHUNKED}{len(POLICY):x}\r\n{POLICY}\r\n0\r\n\r\n".encode()
UNCOUNTED = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{POLICY}".encode()


@pytest.mark.parametrize(
    "answer",
    [(http(),), tuple(bytes([octet]) for octet in http()), (http(), 2.0), (CHUNKS,), (CHUNKS, 2.0), (UNCOUNTED,)],
    ids=["whole", "byte by byte", "kept alive", "chunked", "chunked, kept alive", "to the end"],
)
def test_policy_is_fetched(
    answer: tuple[bytes | float, ...], right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.monotonic()
    server = WebServer(right, *answer)
    with fetching(monkeypatch, server) as found:
        assert found == Fetched("found", POLICY)
        assert time.monotonic() - started < 1.5
    assert server.asked[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.good.test\r\n")
    assert len(server.asked) == 1


def test_counted_policy_is_whole_without_tls_goodbye(right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with fetching(monkeypatch, WebServer(right, http(), goodbye=False)) as found:
        assert found.outcome == "found"


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        ((http("404 Not Found"),), "none", "404"),
        ((http("301 Moved", extra="Location: https://127.0.0.1/\r\n"),), "none", "redirect is not followed"),
        ((http("503 Later"),), "unknown", "503"),
        ((http("429 Slow down"),), "unknown", "429"),
        ((http(kind="text/html"),), "none", "media type"),
        ((http(body="a" * 70_000),), "none", "longer than"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,), "none", "longer than"),
        ((http()[:-30],), "unknown", "no whole HTTP response"),
        ((CHUNKS[:-30],), "unknown", "no whole HTTP response"),
        ((b"220 mx.example ESMTP\r\n",), "unknown", "no whole HTTP response"),
        ((http(body="").replace(b"Length: 0", b"Length: 2") + b"\xff\xfe",), "none", "UTF-8"),
        ((), "unknown", "said nothing"),
    ],
)
def test_no_is_told_from_could_not_find_out(
    answer: tuple[bytes, ...], outcome: str, words: str, right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = WebServer(right, *answer)
    with fetching(monkeypatch, server) as found:
        assert (found.outcome, words in found.note) == (outcome, True), found
    assert len(server.asked) == 1  # no redirect was followed, nothing asked again


def test_dripping_web_server_ends_by_the_deadline(right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    drip = [piece for octet in http() for piece in (bytes([octet]), 0.05)]
    started = time.monotonic()
    with fetching(monkeypatch, WebServer(right, *drip), seconds=0.6) as found:
        assert found.outcome == "unknown"
        assert time.monotonic() - started < 1.5


def test_certificate_is_verified(right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    server = WebServer(context_for("good.test"), http())
    with fetching(monkeypatch, server) as found:
        assert (found.outcome, found.note) == ("none", "the certificate of mta-sts.good.test is for another name")
    assert server.asked == []
    with WebServer(right, http()) as other:
        monkeypatch.setattr(policy_file, "PORT", other.port)
        assert "unknown issuer" in fetched("good.test", ["127.0.0.1"], 3.0).note


def test_second_address_is_asked_where_the_first_refuses(
    right: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebServer(right, http()) as server:
        monkeypatch.setattr(policy_file, "PORT", server.port)
        assert fetched("good.test", ["127.0.0.2", "127.0.0.1"], 3.0, PEM).outcome == "found"
        refused = fetched("good.test", ["127.0.0.2"], 3.0, PEM)
        assert (refused.outcome, "refused" in refused.note) == ("unknown", True)


def test_on_binder_it_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.1.2.3")
    found = fetched("good.test", ["127.0.0.1"], 3.0)
    assert (found.outcome, "Binder" in found.note) == ("unknown", True)
