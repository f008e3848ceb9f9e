"""Every resolved address is tried, within one deadline; what fails leaves nothing open."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from smtpnb.errors import SmtpConnectError, SmtpError, SmtpTimeout
from smtpnb.transport.connecting import Address, connected, interleaved
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENT = "192.0.2.1"  # RFC 5737: nobody is there


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(params=["poll", "select"], autouse=True)
def ways_of_waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of waiting there is on some platform."""
    if request.param == "select":
        monkeypatch.delattr(select, "poll", raising=False)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *hosts: tuple[str, int]) -> None:
    """Makes every name resolve to these addresses."""

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in host else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (host, port, 0, 0) if ":" in host else (host, port),
            )
            for host, port in hosts
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose queue is full: it answers to no SYN, as a firewall that drops packets."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as stack:
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        time.sleep(0.02)
        yield server.getsockname()[1]


def test_name_and_literals_connect(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        stream = connected(Endpoint.of(host, port), Deadline(2))
        assert stream.address == ("127.0.0.1", port)
        stream.close()


def test_ipv6_literal_connects() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        stream = connected(Endpoint.of("[::1]", server.getsockname()[1]), Deadline(2))
        assert stream.address[0] == "::1"
        stream.close()


def test_every_address_is_tried_until_one_answers(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    resolve_to(monkeypatch, ("127.0.0.2", free_port()), ("::1", free_port()), ("127.0.0.1", listener.getsockname()[1]))
    stream = connected(Endpoint.of("mx.example", 25), Deadline(2))
    assert stream.address == listener.getsockname()
    stream.close()


def test_silent_address_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    with full_backlog() as silent:
        resolve_to(monkeypatch, ("127.0.0.1", silent), ("127.0.0.1", listener.getsockname()[1]))
        began = time.monotonic()
        stream = connected(Endpoint.of("mx.example", 25), Deadline(5))
        assert time.monotonic() - began < 2
        assert stream.address == listener.getsockname()
        stream.close()


@pytest.mark.parametrize("wins", [True, False])
def test_sockets_that_lost_the_race_are_closed(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, wins: bool
) -> None:
    made: list[socket.socket] = []
    real = socket.socket

    class Recorded(real):  # type: ignore[misc,valid-type]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append(self)

    with full_backlog() as silent, full_backlog() as silent_too:
        last = listener.getsockname()[1] if wins else silent_too
        resolve_to(monkeypatch, ("127.0.0.1", silent), ("127.0.0.2", silent), ("127.0.0.1", last))
        monkeypatch.setattr(socket, "socket", Recorded)
        with contextlib.suppress(SmtpTimeout):
            connected(Endpoint.of("mx.example", 25), Deadline(1)).close()
        assert len(made) == 3
        assert [sock.fileno() for sock in made] == [-1, -1, -1]


def test_all_addresses_refused_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ("127.0.0.1", free_port()), ("127.0.0.2", free_port()))
    with pytest.raises(
        SmtpConnectError, match=r"mx\.example port 25 refused the connection \(2 addresses tried\)"
    ) as caught:
        connected(Endpoint.of("mx.example", 25), Deadline(2))
    assert "nothing listens" in caught.value.cause


@pytest.mark.parametrize(("port", "words"), [(25, "Port 25 is filtered"), (587, "firewall")])
def test_silence_everywhere_ends_by_the_one_deadline(monkeypatch: pytest.MonkeyPatch, port: int, words: str) -> None:
    with full_backlog() as silent:
        resolve_to(monkeypatch, *[("127.0.0.1", silent)] * 2, ("127.0.0.2", silent))
        began = time.monotonic()
        with pytest.raises(SmtpTimeout) as caught:
            connected(Endpoint.of("mx.example", port), Deadline(0.4))
        assert 0.35 < time.monotonic() - began < 0.9
    assert words in caught.value.cause


def test_name_that_does_not_resolve() -> None:
    with pytest.raises(SmtpConnectError, match=r"the name nowhere\.invalid does not resolve"):
        connected(Endpoint.of("nowhere.invalid", 25), Deadline(20))


def test_resolver_that_hangs_is_left_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(5) and [])
    began = time.monotonic()
    with pytest.raises(SmtpTimeout) as caught:
        connected(Endpoint.of("mx.example", 25), Deadline(0.2))
    assert time.monotonic() - began < 0.7
    assert "name server" in caught.value.cause
    over.set()


def test_cancelled_resolution_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(5) and [])
    deadline = Deadline(5)
    threading.Timer(0.1, deadline.cancel).start()
    with pytest.raises(SmtpTimeout, match="cancelled") as caught:
        connected(Endpoint.of("mx.example", 25), deadline)
    assert "cancel()" in caught.value.cause
    over.set()


@pytest.mark.parametrize("error", [UnicodeError("label too long"), OSError("odd"), socket.gaierror(-3, "try again")])
def test_every_failure_of_the_resolver_is_our_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(SmtpConnectError, match="does not resolve"):
        connected(Endpoint.of("mx.example", 25), Deadline(1))


def test_source_address_is_used(listener: socket.socket) -> None:
    stream = connected(Endpoint.of("127.0.0.1", listener.getsockname()[1]), Deadline(2), ("127.0.0.2", 0))
    far, address = listener.accept()
    assert address[0] == "127.0.0.2"
    far.close()
    stream.close()


@pytest.mark.parametrize("source", [("192.0.2.7", 0), ("no-address", 0)])
def test_source_address_that_cannot_be_used_is_our_error(listener: socket.socket, source: tuple[str, int]) -> None:
    with pytest.raises(SmtpConnectError) as caught:
        connected(Endpoint.of("127.0.0.1", listener.getsockname()[1]), Deadline(2), source)
    assert "Unknown error" not in str(caught.value)


def test_machine_without_a_family_tries_the_other(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    real = socket.socket

    def no_ipv6(family: int = socket.AF_INET, *arguments: Any, **options: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, *arguments, **options)

    resolve_to(monkeypatch, ("::1", 25), ("127.0.0.1", listener.getsockname()[1]))
    monkeypatch.setattr(socket, "socket", no_ipv6)
    stream = connected(Endpoint.of("mx.example", 25), Deadline(2))
    assert stream.address == listener.getsockname()
    stream.close()


def test_no_error_but_ours_for_a_server_that_resets_at_once() -> None:
    from scripted import Script, ScriptedServer

    with ScriptedServer(Script.parse("reset")) as server:
        for _ in range(50):
            try:
                connected(Endpoint.of("127.0.0.1", server.port), Deadline(1)).close()
            except SmtpError:
                pass


def test_families_take_turns_beginning_with_the_system_s_choice() -> None:
    six = [Address(socket.AF_INET6, (f"::{number}",)) for number in range(3)]
    four = [Address(socket.AF_INET, (f"127.0.0.{number}",)) for number in range(2)]
    assert interleaved(six + four) == [six[0], four[0], six[1], four[1], six[2]]
    assert interleaved(four + six) == [four[0], six[0], four[1], six[1], six[2]]
    assert interleaved(four) == four
