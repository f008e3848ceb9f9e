"""One client's connection: carries out on a socket what the session says."""

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from smtpnb.sandbox.channel import Channel, PlainChannel, TlsChannel, reset
from smtpnb.sandbox.steps import Close, Octets, Pause, Stall, StartTls, Step

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

#: Seconds that a client may say nothing (RFC 5321 §4.5.3.2.7).
IDLE: Final = 300.0

#: Seconds for one TLS handshake.
HANDSHAKE: Final = 10.0

#: Seconds to read on after the last reply: closing with octets unread would reset the connection, and the reset may
#: overtake the reply.
LINGER: Final = 1.0


class Peer(Protocol):
    """A session: `Session` or `ScriptedSession`."""

    def greet(self) -> list[Step]:
        """The greeting."""

    def receive(self, data: bytes) -> list[Step]:
        """What to do about octets."""

    def tls_started(self, version: str, cipher: str) -> list[Step]:
        """Takes note of a handshake."""

    def timed_out(self) -> list[Step]:
        """What to do about silence."""

    def end(self) -> None:
        """Takes note of the end."""


class _Over(Exception):  # noqa: N818 - no error: the session is over
    """Ends the connection's loop."""


class Connection:
    """Runs one session on one socket, in the calling thread.

    Args:
        sock: accepted; closed when `run` returns.
        session: what to say.
        context: gives the server's TLS context, at the moment it is needed.
        implicit_tls: whether the handshake comes before the greeting.
    """

    def __init__(
        self, sock: socket.socket, session: Peer, context: "Callable[[], ssl.SSLContext]", *, implicit_tls: bool = False
    ) -> None:
        self._socket = sock
        self._channel: Channel = PlainChannel(sock)
        self._session = session
        self._context = context
        self._implicit_tls = implicit_tls
        self._stopping = threading.Event()
        self._actions: Mapping[type[Step], Callable[[Any], None]] = {
            Octets: self._send,
            Pause: self._pause,
            StartTls: self._start_tls,
            Close: self._close,
            Stall: self._stall,
        }

    def run(self) -> None:
        """The whole session, from the greeting to the last octet."""
        try:
            self._talk()
        except (_Over, OSError):
            pass  # said goodbye, or lost: the client's own look-out
        finally:
            self._session.end()
            self._socket.close()

    def stop(self) -> None:
        """Ends the session from another thread, at once."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _talk(self) -> None:
        self._socket.settimeout(IDLE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._implicit_tls:
            self._start_tls(StartTls())
        self._perform(self._session.greet())
        while data := self._received():
            self._perform(self._session.receive(data))

    def _received(self) -> bytes:
        try:
            return self._channel.receive()
        except TimeoutError:
            self._perform(self._session.timed_out())
            raise

    def _perform(self, steps: list[Step]) -> None:
        for step in steps:
            self._actions[type(step)](step)

    def _send(self, step: Octets) -> None:
        self._channel.send(step.data)

    def _pause(self, step: Pause) -> None:
        if self._stopping.wait(step.seconds):
            raise _Over

    def _start_tls(self, step: StartTls) -> None:  # noqa: ARG002 - an action's signature
        channel = TlsChannel(self._socket, self._context(), HANDSHAKE)
        self._socket.settimeout(IDLE)
        self._channel = channel
        self._perform(self._session.tls_started(channel.version, channel.cipher))

    def _close(self, step: Close) -> None:
        if step.reset:
            reset(self._socket)
        else:
            self._channel.finish()
            self._linger()
        raise _Over

    def _stall(self, step: Stall) -> None:  # noqa: ARG002 - likewise
        while self._socket.recv(4096):
            """Read and say nothing, until the client gives up."""
        raise _Over

    def _linger(self) -> None:
        deadline = time.monotonic() + LINGER
        while (left := deadline - time.monotonic()) > 0 and not self._stopping.is_set():
            self._socket.settimeout(left)
            if not self._socket.recv(4096):
                return
