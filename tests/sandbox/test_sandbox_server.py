"""The sandbox as a whole: its options, its life, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import pickle
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smtpnb.sandbox import (
    EXTENSIONS,
    Answer,
    Behaviour,
    Close,
    Delays,
    Drips,
    GreetsAs,
    HangsUp,
    Moment,
    Pause,
    Rambles,
    Sandbox,
    Stall,
    Stalls,
    TalksBehindStartTls,
)
from smtpnb.sandbox.connection import Connection
from smtpnb.sandbox.server import CERTIFICATES


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("smtpnb-sandbox")]


def open_descriptors() -> set[str]:
    """What the descriptors of this process are; socket pairs and epolls included."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    return {str(target) for fd in Path("/proc/self/fd").iterdir() if (target := _target(fd))}


def _target(descriptor: Path) -> str:
    try:
        target = str(descriptor.readlink())
    except OSError:  # the descriptor of iterdir() itself
        return ""
    return target if target.startswith(("socket", "anon_inode", tempfile.gettempdir())) else ""


def connected(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection((sandbox.host, sandbox.port), timeout=10)


def read_all(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65_536):
        data += piece
    return data


def test_listens_from_the_moment_it_is_made() -> None:
    sandbox = Sandbox()
    try:
        with connected(sandbox) as sock:
            assert sock.recv(100) == b"220 sandbox.example ESMTP smtpnb teaching server\r\n"
    finally:
        sandbox.close()


def test_close_leaves_nothing() -> None:
    before = open_descriptors()
    sandbox = Sandbox()
    clients = [connected(sandbox) for _ in range(5)]
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as tls:
        tls.starttls(context=ssl.create_default_context(cafile=sandbox.ca_file))
        ca_file = Path(sandbox.ca_file)
        assert ca_file.exists()
    started = time.monotonic()
    sandbox.close()
    assert time.monotonic() - started < 2
    assert threads() == []
    assert not ca_file.exists()
    for client in clients:
        with client, contextlib.suppress(ConnectionError):
            read_all(client)  # the greeting, then an end: it does not hang
    assert open_descriptors() == before
    sandbox.close()
    assert repr(sandbox) == "<Sandbox sandbox.example, closed, 0 messages>"


def test_close_ends_those_who_pause_stall_and_shake_hands() -> None:
    for options in ({"behaviours": [Delays(seconds=60)]}, {"behaviours": [Stalls()]}, {"implicit_tls": True}):
        sandbox = Sandbox(**options)  # type: ignore[arg-type]
        with connected(sandbox):
            while not threads()[1:]:
                time.sleep(0.01)
            started = time.monotonic()
            sandbox.close()
            assert time.monotonic() - started < 2
            assert threads() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"behaviours": [Stalls(at="EHLO", octets=9)]}, b"EHLO x.example\r\n"),
        ({"behaviours": [Drips(at="EHLO", seconds=60)]}, b"EHLO x.example\r\n"),
        ({"behaviours": [Rambles(at="EHLO", octets=50_000_000)]}, b"EHLO x.example\r\n"),  # nobody reads it
        ({"behaviours": [HangsUp(at="EHLO")]}, b"EHLO x.example\r\n"),  # and lingers, as the client stays
        ({"greeting": "silent"}, b""),
        ({"latency": 60}, b""),
        ({"script": [(None, Stall())]}, b""),
        ({"script": [(None, [Pause(60), "220 late"])]}, b""),
        ({}, b"EHLO x.example\r\nSTARTTLS\r\n"),  # and no handshake
        ({}, b"EHLO x.example\r\nSTARTTLS\r\n\x16\x03\x01"),  # a handshake that goes no further
        ({"implicit_tls": True}, b"\x16"),
        ({}, b"EHLO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nhalf a li"),
        ({}, b"EHLO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 9\r\nhalf"),
        ({}, b"EHLO x.example\r\nAUTH LOGIN\r\n"),
        ({}, b"half a li"),
    ],
)
def test_close_in_the_middle_of_anything_ends_at_once(options: dict[str, Any], said: bytes) -> None:
    before = open_descriptors()
    sandbox = Sandbox(**options)
    with connected(sandbox) as sock:
        sock.sendall(said)
        time.sleep(0.1)  # long enough to be in the middle of it
        started = time.monotonic()
        sandbox.close()
        assert time.monotonic() - started < 2
        assert threads() == []
        assert not any(record.open for record in sandbox.sessions)
    assert open_descriptors() == before


@dataclass(frozen=True, kw_only=True)
class CollectsGarbage(Behaviour):
    """What the collector does where it finds a sandbox that nobody holds: it closes it, in whatever thread it runs."""

    end: Any = None

    def before(self, moment: Moment, argument: str) -> Answer | None:
        if moment.point == "NOOP":
            self.end()
        return None


def test_sandbox_that_a_session_s_own_thread_closes_ends() -> None:
    sandbox = Sandbox(behaviours=[CollectsGarbage(end=lambda: sandbox.close())])  # noqa: PLW0108 - it is not there yet
    with connected(sandbox) as sock:
        sock.sendall(b"NOOP\r\n")
        with contextlib.suppress(ConnectionError):
            read_all(sock)
    deadline = time.monotonic() + 5
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threads() == []


def test_dropped_sandbox_ends_too() -> None:
    sandbox = Sandbox()
    address = sandbox.host, sandbox.port
    del sandbox
    gc.collect()
    assert threads() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1)


def test_client_keeps_its_sandbox() -> None:
    client = Sandbox().client()
    gc.collect()
    with client:
        assert client.noop().code == 250
    del client
    gc.collect()
    assert threads() == []


def test_start_after_close_listens_again_and_remembers() -> None:
    with Sandbox() as sandbox:
        with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
            client.sendmail("a@b.example", ["bob@example.org"], "Subject: x\r\n\r\n")
        sandbox.close()
        assert sandbox.start() is sandbox
        with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
            assert client.noop()[0] == 250
        assert len(sandbox.messages) == 1
        assert [record.number for record in sandbox.sessions] == [1, 2]


def test_chosen_port_is_shown_and_a_free_one_is_not(sandbox: Sandbox) -> None:
    port = sandbox.port
    assert str(port) not in repr(sandbox) + sandbox.to_text()
    sandbox.close()
    with Sandbox(port=port) as chosen:
        assert chosen.port == port
        assert repr(chosen) == f"<Sandbox sandbox.example, listening on 127.0.0.1:{port}, 0 messages>"
        with pytest.raises(OSError, match=r".+"):
            Sandbox(port=port)


def test_interpreter_does_not_wait() -> None:
    code = (
        "import socket; from smtpnb.sandbox import Sandbox; s = Sandbox(); s.ca_file; print(s.ca_file);"
        "c = socket.create_connection((s.host, s.port)); c.recv(10)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20, check=True, cwd=root)
    assert done.stderr == b""
    assert not Path(done.stdout.decode().strip()).exists()


def test_import_is_light() -> None:
    code = (
        "import sys, smtpnb.sandbox; print([m for m in ('ssl', 'trustme', 'cryptography', 'htpy') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20, check=True, cwd=root)
    assert done.stdout.strip() == b"[]"


def test_client_that_resets_harms_nobody(sandbox: Sandbox) -> None:
    for said in (b"", b"EHLO x.example\r\n", b"EHLO x.example\r\nSTARTTLS\r\n"):
        sock = connected(sandbox)
        sock.sendall(said)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        assert client.noop()[0] == 250


def test_garbage_in_place_of_a_handshake(sandbox: Sandbox) -> None:
    with connected(sandbox) as sock:
        sock.sendall(b"EHLO x.example\r\nSTARTTLS\r\n")
        while b"220 2.0.0" not in sock.recv(4096):
            pass
        sock.sendall(b"EHLO in.clear.example\r\n" * 3)
        assert b"250" not in read_all(sock)


def test_end_of_tls_is_said() -> None:
    with Sandbox(implicit_tls=True) as sandbox:
        context = ssl.create_default_context(cafile=sandbox.ca_file)
        with context.wrap_socket(connected(sandbox), server_hostname="localhost", suppress_ragged_eofs=False) as sock:
            sock.sendall(b"QUIT\r\nNOOP\r\n")
            assert read_all(sock).endswith(b"221 2.0.0 sandbox.example closes the connection\r\n")


def test_reply_is_not_lost_in_a_reset() -> None:
    with Sandbox(max_errors=1) as sandbox, connected(sandbox) as sock:
        sock.sendall(b"X\r\n" * 20_000)
        assert read_all(sock).endswith(b"421 4.7.0 sandbox.example closes: too many errors\r\n")


def test_reset_on_request() -> None:
    with Sandbox(behaviours=[HangsUp(at="EHLO", reset=True)]) as sandbox, connected(sandbox) as sock:
        sock.sendall(b"EHLO x.example\r\n")
        with pytest.raises(ConnectionResetError):
            read_all(sock)


def test_drip_over_tcp() -> None:
    drips = Drips(octets=5, seconds=0.001)
    with Sandbox(behaviours=[drips]) as sandbox, smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        assert client.ehlo()[0] == 250


def test_plain_replies_behind_starttls_come_in_clear() -> None:
    with Sandbox(behaviours=[TalksBehindStartTls(octets=b"250 injected\r\n")]) as sandbox, connected(sandbox) as sock:
        sock.sendall(b"EHLO x.example\r\nSTARTTLS\r\n")
        data = b""
        while not data.endswith(b"injected\r\n"):
            data += sock.recv(4096)


def test_many_sessions_at_once(sandbox: Sandbox) -> None:
    def send(number: int) -> None:
        with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
            client.sendmail(f"a{number}@b.example", ["staff@example.org"], f"Subject: {number}\r\n\r\n")

    workers = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [message.number for message in sandbox.messages] == list(range(1, 21))
    assert len({message.sender for message in sandbox.messages}) == 20
    assert len(sandbox.sessions) == 20


def test_one_connection_too_many(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpnb.sandbox.host.MAX_CONNECTIONS", 1)
    with connected(sandbox) as first:
        first.recv(100)
        with connected(sandbox) as second:
            assert read_all(second) == b"421 Too many connections\r\n"


def test_idle_client_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpnb.sandbox.connection.IDLE", 0.05)
    with Sandbox() as sandbox, connected(sandbox) as sock:
        assert read_all(sock).endswith(b"421 4.4.2 sandbox.example waited too long\r\n")


@pytest.mark.parametrize("certificate", ["good", "two-level"])
def test_certificates_that_are_trusted(certificate: str) -> None:
    with Sandbox(certificate=certificate) as sandbox:
        context = ssl.create_default_context(cafile=sandbox.ca_file)
        for name in ("127.0.0.1", "localhost", "sandbox.example"):
            with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
                client._host = name  # the name that smtplib verifies
                assert client.starttls(context=context)[0] == 220


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [("expired", "expired"), ("wrong-name", "mismatch"), ("unknown-ca", "unable to get local issuer")],
)
def test_certificates_that_are_not(certificate: str, reason: str) -> None:
    with Sandbox(certificate=certificate) as sandbox:
        context = ssl.create_default_context(cafile=sandbox.ca_file)
        client = smtplib.SMTP(sandbox.host, sandbox.port, timeout=10)
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            client.starttls(context=context)
        client.close()


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_names_in_certificates_are_the_same_every_day(certificate: str) -> None:
    from cryptography.x509 import load_pem_x509_certificate

    from smtpnb.sandbox.certificates import _KINDS

    made = _KINDS[certificate](), _KINDS[certificate]()
    names = [
        [
            (cert.subject, cert.issuer)
            for cert in (load_pem_x509_certificate(pem.bytes()) for pem in leaf.cert_chain_pems)
        ]
        for leaf in made
    ]
    assert names[0] == names[1]


def test_own_client_over_tcp(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        assert client.ehlo().lines[0] == "sandbox.example greets notebook.example"
        assert client.starttls().code == 220
        client.ehlo()
        assert client.auth_plain("alice", "wonderland").code == 235
    (record,) = sandbox.sessions
    assert (record.secure, record.authenticated_as) == (True, "alice")
    assert record.commands == (
        "EHLO notebook.example",
        "STARTTLS",
        "EHLO notebook.example",
        "AUTH PLAIN ⟨hidden⟩",
        "QUIT",
    )


def test_own_client_with_implicit_tls() -> None:
    with Sandbox(implicit_tls=True) as sandbox, sandbox.client() as client:
        assert client.secure
        assert client.ehlo().code == 250


@pytest.mark.parametrize("on_tcp", [True, False])
def test_own_client_in_memory(on_tcp: bool) -> None:
    with Sandbox(in_memory=not on_tcp) as sandbox:
        listening = threads()
        with sandbox.client(in_memory=True) as client:
            assert "STARTTLS" not in client.ehlo().lines
            assert client.mail("alice@example.org").code == 250
            assert client.rcpt("bob@example.org").code == 250
            assert client.data().code == 354
            assert client.data_body("Subject: x\n\n.\n").code == 250
            assert sandbox.sessions[0].open
        assert not sandbox.sessions[0].open
        assert sandbox.messages[0].raw == b"Subject: x\r\n\r\n.\r\n"
        assert threads() == listening
    assert bool(listening) == on_tcp


def test_session_in_memory_is_over_when_its_client_leaves_without_a_word() -> None:
    with Sandbox(in_memory=True) as sandbox:
        client = sandbox.client()
        client.connect()
        assert sandbox.sessions[0].open
        client.disconnect()
        assert not sandbox.sessions[0].open


def test_in_memory_shares_behaviours() -> None:
    with Sandbox(in_memory=True, behaviours=[GreetsAs(protocol="ssh")]) as sandbox:
        assert repr(sandbox) == "<Sandbox sandbox.example, in memory, 0 messages>"
        with pytest.raises(Exception, match=r"."):
            sandbox.client().connect()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"list": {}}, "did you mean 'lists'"),
        ({"requiretls": True}, "did you mean 'require_tls'"),
        ({"host": "0.0.0.0"}, "loopback only"),  # noqa: S104
        ({"host": "example.org"}, "loopback only"),
        ({"port": 70_000}, "65535"),
        ({"port": "25"}, "port is a whole number, not str"),
        ({"port": -1}, "1 to 65535"),
        ({"certificate": "bad"}, "there is expired, good"),
        ({"vrfy": "hidden"}, "did you mean 'hide'"),
        ({"expn": {"staff": "showing"}}, "did you mean 'show'"),
        ({"relay": "closed"}, "there is"),
        ({"mechanisms": "PLAIN"}, "is a list"),
        ({"mechanisms": ["PLIAN"]}, "did you mean 'PLAIN'"),
        ({"refused_mechanisms": {"PLAIN": 500}}, "500"),
        ({"size": 0}, "size is from 1"),
        ({"size": "big"}, "size is a whole number, not str"),
        ({"size": True}, "size is a whole number, not bool"),
        ({"extensions": "PIPELINING"}, "not one text"),
        ({"extensions": ["A\r\nB"]}, "no EHLO line"),
        ({"extensions_in_tls": "PIPELINING"}, "not one text"),
        ({"requier_tls": True}, "did you mean 'require_tls'"),
        ({"require_tls": "yes"}, "require_tls is True or False, not str"),
        ({"require_auth": 1}, "require_auth is True or False, not int"),
        ({"in_memory": None}, "in_memory is True or False, not NoneType"),
        ({"greylisting": -1}, "above 0"),
        ({"greylisting": True}, "greylisting is a number, not bool"),
        ({"greylisting": float("nan")}, "above 0"),
        ({"latency": "slow"}, "latency is a number, not str"),
        ({"seed": "x"}, "seed is a whole number, not str"),
        ({"max_recipients": 1.5}, "max_recipients is a whole number, not float"),
        ({"host": 7}, "host is text, not int"),
        ({"forwards": []}, "forwards is a mapping"),
        ({"moved": {"alice": 7}}, "an address in moved is text, not int"),
        ({"lists": {1: ["alice"]}}, "a name in lists is text, not int"),
        ({"lists": {"all": "alice"}}, "is a list of names, not str"),
        ({"lists": {"all": ["nobody"]}}, "nobody@example.org in the list all does not exist"),
        ({"forwards": {"x": "y@e.example"}, "moved": {"X": "z@e.example"}}, "among forwards and moved"),
        ({"refused_mechanisms": ["PLAIN"]}, "refused_mechanisms is a mapping"),
        ({"refused_mechanisms": {"CRAM-MD5": 534}}, "there is LOGIN, PLAIN"),
        ({"full_mailboxes": ["carol"]}, "full_mailboxes is a mapping"),
        ({"full_mailboxes": {"carol@example.net": 452}}, "did you mean 'carol@example.org'"),
        ({"vrfy": {"alice@example.net": "hide"}}, "did you mean 'alice@example.org'"),
        ({"mailboxes": {"alice": "x"}}, "a list of names, not dict"),
        ({"behaviours": Stalls()}, r"write behaviours=\[Stalls\(\)\]"),
        ({"behaviours": Stalls}, "a list of them, not type"),
        ({"behaviours": 7}, "a list of them, not int"),
        ({"greeting": "gopher"}, "there is"),
        ({"latency": -1}, "0 to 3600"),
        ({"max_errors": 0}, "from 1"),
        ({"in_memory": True, "implicit_tls": True}, "neither TLS nor a port"),
        ({"in_memory": True, "certificate": "expired"}, "neither TLS nor a port"),
        ({"in_memory": True, "port": 25}, "neither TLS nor a port"),
        ({"vrfy": {"alcie": "hide"}}, "did you mean 'alice'"),
        ({"script": [], "behaviours": [Stalls()]}, "leave out script, or behaviours"),
        ({"script": [], "users": {}, "require_auth": True}, "leave out script, or require_auth, users"),
        ({"extensions": ["SIZE 9"], "size": 9, "mechanisms": []}, "leave out extensions, or mechanisms, size"),
        ({"extensions": ["ENHANCEDSTATUSCODES"], "enhanced_codes": False}, "leave out one of them"),
        ({"extensions": ["DSN"], "certificate": "expired"}, "put STARTTLS among the extensions"),
        ({"extensions_in_tls": [], "mechanisms_in_tls": []}, "leave out mechanisms_in_tls"),
        ({"in_memory": True, "mechanisms_in_tls": ["PLAIN"]}, "leave out in_memory, or mechanisms_in_tls"),
        ({"behaviours": [Close()]}, "a Behaviour, not Close"),
        ({"script": ["x"]}, "pairs"),
        ({"users": "alice"}, "mapping"),
        ({"require_tls": True, "extensions": ["PIPELINING"]}, "STARTTLS"),
        ({"require_auth": True, "mechanisms": []}, "no mechanism is offered"),
        ({"require_auth": True, "extensions": ["PIPELINING"]}, "no mechanism is offered"),
    ],
)
def test_impossible_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Sandbox(**options)
    assert threads() == []


def offered(sandbox: Sandbox) -> tuple[str, ...]:
    with sandbox.client(in_memory=True) as client:
        return tuple(client.ehlo().lines[1:])


@pytest.mark.parametrize(
    ("options", "missing", "there"),
    [
        ({"vrfy": "off", "expn": "off"}, {"VRFY", "EXPN"}, set()),
        ({"enhanced_codes": False}, {"ENHANCEDSTATUSCODES"}, set()),
        ({"mechanisms": []}, {"AUTH PLAIN LOGIN"}, set()),
        ({"mechanisms": ["LOGIN"]}, {"AUTH PLAIN LOGIN"}, {"AUTH LOGIN"}),
        ({"size": 1000}, {"SIZE 10485760"}, {"SIZE 1000"}),
        ({"extensions": ["XYZ 1"]}, set(EXTENSIONS), {"XYZ 1"}),
        ({"mechanisms": (name for name in ["LOGIN"])}, {"AUTH PLAIN LOGIN"}, {"AUTH LOGIN"}),
    ],
)
def test_options_show_in_ehlo(options: dict[str, Any], missing: set[str], there: set[str]) -> None:
    with Sandbox(in_memory=True, **options) as sandbox:
        usual = set(EXTENSIONS) - {"STARTTLS"}
        assert set(offered(sandbox)) == usual - missing | there


def test_options_given_as_iterators_are_kept() -> None:
    with Sandbox(in_memory=True, mailboxes=iter(["alice"]), behaviours=iter([Drips()])) as sandbox:
        assert sandbox.options == {"in_memory": True, "mailboxes": ("alice",), "behaviours": (Drips(),)}


def test_exact_lines_in_tls_alone() -> None:
    with Sandbox(extensions_in_tls=["XYZ 1"]) as sandbox, sandbox.client() as client:
        assert client.ehlo().lines[1:] == EXTENSIONS
        client.starttls()
        assert client.ehlo().lines[1:] == ("XYZ 1",)


def test_mechanisms_only_in_tls() -> None:
    with Sandbox(mechanisms=[], mechanisms_in_tls=["PLAIN"]) as sandbox, sandbox.client() as client:
        assert "AUTH" not in client.ehlo().message
        client.starttls()
        assert "AUTH PLAIN" in client.ehlo().lines


def test_enhanced_codes_off() -> None:
    with Sandbox(in_memory=True, enhanced_codes=False) as sandbox, sandbox.client() as client:
        client.ehlo()
        assert client.vrfy("alice").message == "Alice <alice@example.org>"


def test_no_password_is_shown() -> None:
    with Sandbox(users={"alice": "wonderland"}) as sandbox:
        with sandbox.client() as client:
            client.ehlo()
            client.auth_plain("alice", "wonderland")
        shown = (
            repr(sandbox) + sandbox.to_text() + repr(sandbox.sessions) + "".join(r.to_text() for r in sandbox.sessions)
        )
    assert "wonderland" not in shown
    assert "AHdvbmRlcmxhbmQ" not in shown


def test_card_is_the_same_every_day() -> None:
    def card() -> str:
        with Sandbox(greylisting=300, behaviours=[Drips(at="EHLO")]) as sandbox:
            with smtplib.SMTP(sandbox.host, sandbox.port, local_hostname="x.example", timeout=10) as client:
                client.helo()
            return sandbox.to_text()

    assert card() == card()
    assert "behaviour: Greylists()" in card()


def test_frozen_values_travel(sandbox: Sandbox) -> None:
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        client.sendmail("a@b.example", ["staff@example.org"], "Subject: x\r\n\r\n")
    for value in (sandbox.messages[0], sandbox.sessions[0]):
        assert pickle.loads(pickle.dumps(value)) == value


def test_connection_survives_a_session_that_fails() -> None:
    here, there = socket.socketpair()

    class Broken:
        ended = False

        def greet(self) -> list[Any]:
            raise OSError

        def end(self) -> None:
            self.ended = True

    session = Broken()
    with there:
        Connection(here, session, ssl.SSLContext, implicit_tls=False).run()  # type: ignore[arg-type]
    assert session.ended
