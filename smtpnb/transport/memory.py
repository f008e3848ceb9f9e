"""A peer in this process: fast tests, replay, and one day a kernel in a browser, with no socket and no thread."""

import ssl
from collections.abc import Iterable
from typing import Protocol

from smtpnb.errors import SmtpTlsError
from smtpnb.session import TlsInfo
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.sockets import lost, timed_out


class Peer(Protocol):
    """Who speaks at the other end: octets in, octets out, None for the end of the connection."""

    def greet(self) -> Iterable[bytes | None]:
        """What it says when the connection is made."""

    def receive(self, data: bytes) -> Iterable[bytes | None]:
        """What it answers to `data`."""

    def end(self) -> None:
        """Takes note that this end is gone; may come more than once."""


class MemoryStream:
    """A `Stream` to a `Peer`. Waiting for a peer that says nothing ends at once with the time-out it would end with.

    Args:
        peer: who answers.
        chunk: at most how many octets one read gives; 1 is the awkward case of tests.
    """

    def __init__(self, peer: Peer, *, chunk: int = 65_536) -> None:
        self._peer = peer
        self._chunk = chunk
        self._incoming = bytearray()
        self._ended = self._closed = False
        self._take(peer.greet())

    @property
    def address(self) -> tuple[str, int]:
        """(ip, port) of the peer: there is none, so a name that says so."""
        return ("memory", 0)

    @property
    def local_address(self) -> str:
        """The ip of this end; the loopback's, as nothing leaves the process."""
        return "127.0.0.1"

    @property
    def tls(self) -> TlsInfo | None:
        """None: there is no TLS in memory."""
        return None

    def read(self, deadline: Deadline) -> bytes:
        """The next octets; b"" at the peer's end."""
        if self._closed:
            raise lost()
        if not self._incoming and not self._ended:
            raise timed_out("answer", deadline)
        data = bytes(self._incoming[: self._chunk])
        del self._incoming[: self._chunk]
        return data

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:  # noqa: ARG002 - never waits
        """Hands all of `data` to the peer; with `watch`, not when it has spoken."""
        if self._closed or (self._ended and not watch):
            raise lost()
        if watch and self.waiting():
            return 0
        self._take(self._peer.receive(data))
        return len(data)

    def waiting(self) -> bool:
        """Whether something unread is here now."""
        return bool(self._incoming) or self._ended

    def start_tls(self, context: ssl.SSLContext, server_name: str, deadline: Deadline) -> TlsInfo:  # noqa: ARG002
        """Refuses: there is no TLS in memory."""
        self.close()
        raise SmtpTlsError(
            "there is no TLS in memory",
            cause="This connection never leaves the process, so there is nothing to encrypt.",
            advice="use a sandbox on TCP: Sandbox().client()",
        )

    def close(self) -> None:
        """Ends the connection."""
        self._closed = True
        self._peer.end()

    def _take(self, answers: Iterable[bytes | None]) -> None:
        for answer in answers:
            if answer is None:
                self._ended = True
                return
            self._incoming += answer
