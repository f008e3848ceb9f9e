"""A listening socket on the loopback interface, a thread for it, and a thread for each connection.

All threads are daemons, so an interpreter never waits for them, and `close()` ends every one. Nothing here knows
SMTP but the two replies a connection gets that is one too many.
"""

import contextlib
import ipaddress
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final, Protocol

from smtpnb.sandbox.answer import answer

#: Connections at a time; one more is told 421.
MAX_CONNECTIONS: Final = 100

#: Seconds that `close` waits for each thread; they end within milliseconds.
_JOIN: Final = 5.0


def loopback(host: str) -> str:
    """The loopback address `host` stands for.

    Raises:
        ValueError: it is any other: the sandbox has known passwords and takes mail from everyone.
    """
    name = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, such as 127.0.0.1 or ::1, not on {host!r}")
    return name


class Connection(Protocol):
    """What serves one client."""

    def run(self) -> None:
        """The whole of it, in the calling thread; closes the socket."""

    def stop(self) -> None:
        """Ends it from another thread, at once."""


class Host:
    """Listens from the moment it is made.

    Args:
        host: a loopback address.
        port: the port, or 0 for a free one.
        connect: makes the connection for an accepted socket.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, host: str, port: int, connect: Callable[[socket.socket], Connection]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=MAX_CONNECTIONS)
        self.port: int = self._listener.getsockname()[1]
        self._connect = connect
        self._waker, self._woken = socket.socketpair()
        # A sandbox that is dropped ends when the collector runs, which may be in any thread, and within this lock.
        self._lock = threading.RLock()
        self._closing = False
        self._running: dict[Connection, threading.Thread] = {}
        self._thread = threading.Thread(target=self._accept, name="smtpnb-sandbox", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._running)

    def close(self) -> None:
        """Stops listening, ends all connections, and returns when their threads are gone; idempotent."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._waker.send(b"x")  # accept() in another thread is not woken by close() on every system
        _joined(self._thread)
        with self._lock:
            running = dict(self._running)
        for connection in running:
            connection.stop()
        for thread in running.values():
            _joined(thread)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector, self._listener, self._waker, self._woken:
            for sock in (self._listener, self._woken):
                selector.register(sock, selectors.EVENT_READ)
            while self._woken not in [key.fileobj for key, _ in selector.select()] and not self._closing:
                with contextlib.suppress(OSError):  # the client was gone before it was accepted
                    sock, _ = self._listener.accept()
                    self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        if self.connections >= MAX_CONNECTIONS:
            with sock, contextlib.suppress(OSError):
                sock.sendall(answer(421, "", "Too many connections").octets())
            return
        connection = self._connect(sock)
        thread = threading.Thread(target=self._run, args=(connection,), name="smtpnb-sandbox-session", daemon=True)
        with self._lock:
            self._running[connection] = thread
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._running.pop(connection, None)


def _joined(thread: threading.Thread) -> None:
    """Waits for a thread, but not for the one that waits."""
    if thread is not threading.current_thread():
        thread.join(_JOIN)
