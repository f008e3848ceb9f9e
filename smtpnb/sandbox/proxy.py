"""A man in the middle to learn from: a TCP proxy in front of any server, which takes STARTTLS out of what it offers."""

import contextlib
import itertools
import selectors
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.channel import reset
from smtpnb.sandbox.configuration import HOSTNAME
from smtpnb.sandbox.connection import IDLE, LINGER
from smtpnb.sandbox.host import Host, loopback
from smtpnb.sandbox.kinds import of_kind
from smtpnb.sandbox.server import CLIENT_NAME, Sandbox
from smtpnb.sandbox.stripper import Change, Passed, Stripper
from smtpnb.text import plural

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient

#: Where the server behind the proxy is.
Where: TypeAlias = Callable[[], tuple[str, int]]

#: Seconds for the connection to the server; less than `Host.close` waits for a thread.
_CONNECT: Final = 4.0

#: Changes that are remembered.
_KEPT: Final = 1_000

#: Octets of one read.
_PIECE: Final = 64 * 1024


class StrippingProxy:
    """Stands in front of a server and takes STARTTLS out of EHLO's answer, as a man in the middle would.

    It listens on the loopback interface from the moment it is made. All else passes octet for octet, TLS too: against
    a client that says STARTTLS unasked it is helpless unless it has a `reply`, and against TLS from the first octet
    (port 465) altogether. `close()`, or leaving `with`, ends it.

    Args:
        server: a `Sandbox` on TCP, or (host, port) of any server.
        leaves_gap: writes XXXXXXXA over STARTTLS in place of taking the line out, as some firewalls do.
        reply: what it says to STARTTLS itself, such as `454 4.7.0 TLS not available` or `502 5.5.1 Unknown`; None
            lets the command pass.
        host: a loopback address.
        port: the port, or 0 for a free one.

    Raises:
        TypeError: an argument of the wrong kind.
        ValueError: a sandbox in memory, a `reply` that refuses nothing, an address that is not loopback.
        OSError: the port is taken.
    """

    def __init__(
        self,
        server: Sandbox | tuple[str, int],
        *,
        leaves_gap: bool = False,
        reply: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        for name, value, kind in (
            ("leaves_gap", leaves_gap, bool),
            ("reply", reply, str | None),
            ("host", host, str),
            ("port", port, int),
        ):
            of_kind(value, kind, name)
        self._server, self._where = server, _where(server)
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        # Neither the host nor its threads know the proxy: one that is dropped without close() ends as well.
        connect = _connect(self._where, self._changes, leaves_gap=leaves_gap, reply=_refusal(reply))
        self._host = Host(loopback(host), port, connect)
        #: The address it listens on.
        self.host: str = loopback(host)
        #: The port it listens on.
        self.port: int = self._host.port
        self._ending = weakref.finalize(self, Host.close, self._host)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it changed so far, the oldest first."""
        return tuple(self._changes)

    def client(self, **options: Any) -> "SmtpClient":
        """An `SmtpClient` that goes through this proxy, not yet connected.

        Args:
            options: further arguments of `SmtpClient`; before a sandbox, its authority is trusted.
        """
        from smtpnb.client import SmtpClient  # noqa: PLC0415 - a proxy serves without a client too

        if isinstance(self._server, Sandbox):
            from smtpnb.sandbox.tls import TrustingContext  # noqa: PLC0415 - importing the sandbox must not import ssl

            options.setdefault("ssl_context", TrustingContext(_authority))
            options.setdefault("local_hostname", CLIENT_NAME)
        options.setdefault("label", self._name)
        client = SmtpClient(self.host, self.port, **options)
        client.origin = self  # a client keeps its proxy, as it keeps its sandbox
        return client

    def close(self) -> None:
        """Stops listening and ends all sessions; no thread or socket is left. Idempotent."""
        self._ending()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _name(self) -> str:
        return HOSTNAME if isinstance(self._server, Sandbox) else self._where()[0]

    def __repr__(self) -> str:
        state = "listening" if self._ending.alive else "closed"
        return f"<StrippingProxy before {self._name}, {state}, {plural(len(self._changes), 'change')}>"


def _where(server: object) -> Where:
    if isinstance(server, Sandbox):
        if server.options.get("in_memory"):
            raise ValueError("a proxy stands on a network, and this sandbox is in memory: leave out in_memory")
        return lambda: (server.host, server.port)
    match server:
        case (str(host), int(port)) if not isinstance(port, bool) and 1 <= port <= 65_535:
            return lambda: (host, port)
    raise TypeError("a proxy stands before a Sandbox, or before (host, port) such as ('mail.example.org', 587)")


def _refusal(reply: str | None) -> Answer | None:
    if reply is None:
        return None
    refusal = Answer.parse(reply)
    if refusal.code < 400 or refusal.closes:
        raise ValueError(f"STARTTLS is refused with 4xx or 5xx, such as '454 4.7.0 TLS not available', not {reply!r}")
    return refusal


def _authority() -> bytes:
    from smtpnb.sandbox.certificates import authority_pem  # noqa: PLC0415 - costs time, and most never need it

    return authority_pem()


def _connect(
    where: Where, changes: deque[Change], *, leaves_gap: bool, reply: Answer | None
) -> Callable[[socket.socket], "_Between"]:
    """What makes the way between an accepted socket and the server."""
    numbers = itertools.count(1)

    def connect(sock: socket.socket) -> _Between:
        number = next(numbers)

        def note(command: str, before: bytes, after: bytes) -> None:
            changes.append(Change(number, command, before, after))

        return _Between(sock, where, Stripper(note, leaves_gap=leaves_gap, reply=reply))

    return connect


class _Between:
    """One client's way to the server and back, in one thread.

    Args:
        sock: accepted; closed when `run` returns.
        where: the server.
        stripper: what to pass on.
    """

    def __init__(self, sock: socket.socket, where: Where, stripper: Stripper) -> None:
        self._client, self._where, self._stripper = sock, where, stripper
        self._upstream: socket.socket | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        """All of it, until one end leaves."""
        with self._client, contextlib.suppress(OSError):
            try:
                self._upstream = socket.create_connection(self._where(), _CONNECT)
            except OSError:
                self._client.sendall(answer(421, "", "The server behind this proxy does not answer").octets())
                return
            with self._upstream as upstream:
                self._pump(upstream)

    def stop(self) -> None:
        """Ends it from another thread, at once."""
        self._stopping.set()
        for sock in (self._client, self._upstream):
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.shutdown(socket.SHUT_RDWR)

    def _pump(self, upstream: socket.socket) -> None:
        """Passes octets on, both ways, up to the server's end."""
        with selectors.DefaultSelector() as selector:
            for sock in (self._client, upstream):
                sock.settimeout(IDLE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(sock, selectors.EVENT_READ)
            while not self._stopping.is_set() and (ready := selector.select(IDLE)):
                for key, _ in ready:
                    if key.fileobj is upstream:
                        data = self._received(upstream)
                        self._pass(self._stripper.from_server(data), upstream)
                        if not data:
                            self._end()
                            return
                    else:
                        data = self._client.recv(_PIECE)
                        self._pass(self._stripper.from_client(data), upstream)
                        if not data:
                            selector.unregister(self._client)
                            upstream.shutdown(socket.SHUT_WR)

    def _received(self, upstream: socket.socket) -> bytes:
        try:
            return upstream.recv(_PIECE)
        except ConnectionResetError:
            reset(self._client)  # as the server ended, so does the proxy
            raise

    def _pass(self, passed: Passed, upstream: socket.socket) -> None:
        if passed.to_client:
            self._client.sendall(passed.to_client)
        if passed.to_server:
            upstream.sendall(passed.to_server)

    def _end(self) -> None:
        """Says the end, and reads on a moment: octets unread would reset the connection and overtake the reply."""
        self._client.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER
        while (left := deadline - time.monotonic()) > 0 and not self._stopping.is_set():
            self._client.settimeout(left)
            if not self._client.recv(_PIECE):
                return
