"""The octets of one accepted connection, in the clear or through TLS.

TLS goes through memory buffers, so that the socket below stays a plain one: another thread may shut it down at any
time, and close_notify is sent without waiting for an answer.
"""

import contextlib
import os
import socket
import struct
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import ssl

#: Octets of one read.
_PIECE: Final = 64 * 1024

#: `struct linger` with no time to linger: close() then sends a reset. Windows packs shorts.
_RESET: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Channel(Protocol):
    """Octets to and from a client; every method may raise `OSError`."""

    def receive(self) -> bytes:
        """Some octets, or none at the end."""

    def send(self, data: bytes) -> None:
        """All of `data`."""

    def finish(self) -> None:
        """Says that nothing more will be sent."""


class PlainChannel:
    """A socket as a channel.

    Args:
        sock: connected, with a time-out.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def receive(self) -> bytes:
        """Some octets, or none at the end."""
        return self._socket.recv(_PIECE)

    def send(self, data: bytes) -> None:
        """All of `data`."""
        self._socket.sendall(data)

    def finish(self) -> None:
        """Says that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)


class TlsChannel:
    """TLS over a socket, the server's side, after its handshake.

    Args:
        sock: connected, with a time-out.
        context: with the server's certificate.
        timeout: seconds for the whole handshake.

    Raises:
        OSError: no handshake came about (`ssl.SSLError` is one), or not in time.
    """

    def __init__(self, sock: socket.socket, context: "ssl.SSLContext", timeout: float) -> None:
        import ssl  # noqa: PLC0415 - importing the sandbox must not import ssl

        self._wants_read = ssl.SSLWantReadError
        self._ended = ssl.SSLZeroReturnError
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        deadline = time.monotonic() + timeout
        while not self._handshaken():
            # Counted for the whole: a client that sends an octet now and then must not hold on for ever.
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            self._fill()

    @property
    def version(self) -> str:
        """Such as `TLSv1.3`."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """The name of the cipher suite."""
        return (self._tls.cipher() or ("",))[0]

    def receive(self) -> bytes:
        """Some octets, or none at the end."""
        while True:
            try:
                return self._tls.read(_PIECE)
            except self._wants_read:
                self._flush()
                if not self._fill():
                    return b""
            except self._ended:
                return b""

    def send(self, data: bytes) -> None:
        """All of `data`."""
        self._tls.write(data)
        self._flush()

    def finish(self) -> None:
        """Says that nothing more will be sent: close_notify, then the socket's own end."""
        with contextlib.suppress(self._wants_read):
            self._tls.unwrap()
        self._flush()
        self._socket.shutdown(socket.SHUT_WR)

    def _handshaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except self._wants_read:
            return False
        finally:
            self._flush()  # also where it failed: an alert tells the client why
        return True

    def _fill(self) -> bool:
        data = self._socket.recv(_PIECE)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return bool(data)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())


def reset(sock: socket.socket) -> None:
    """Makes close() send a reset in place of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
