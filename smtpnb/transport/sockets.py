"""TCP and TLS, each wait bounded by the call's deadline.

The socket never blocks; its `Waiter` does, until the deadline. So the same loop serves reading, writing, a handshake
and watching for an early answer while writing. One exception saves a system call for each reply: where the system can
(`_nap_in_reads`), a read in the clear itself waits, a slice at a time.
"""

import contextlib
import os
import socket
import ssl
import struct
import sys
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, Final

from smtpnb.errors import SmtpDisconnected, SmtpTimeout
from smtpnb.session import Certificate, TlsInfo
from smtpnb.transport import tls_faults
from smtpnb.transport.deadline import Deadline, monotonic
from smtpnb.transport.waiting import SLICE, Waiter, scheduler

#: Octets of the first read behind a write: more than nearly every reply, and what Python's own allocator has room for
#: at hand (512 octets with its head); and of a read that follows another, where much may be to come.
_FIRST_READ: Final = 512 - sys.getsizeof(b"")
_NEXT_READ: Final = 16 * 1024

#: The longest single wait in milliseconds, which poll() takes.
_SLICE_MS: Final = int(SLICE * 1000)


#: How long a read sleeps by itself, as the system's timeval (16 octets on these); None where that is not known to work.
_NAP: Final = (
    struct.pack("ll", 0, int(SLICE * 1_000_000))
    if sys.platform in {"linux", "darwin"} and struct.calcsize("l") == 8
    else None
)


def _nap_in_reads(sock: socket.socket) -> bool:
    """Lets recv() wait for a slice by itself; False where it does not.

    Python goes on taking the socket for one that never waits, so none of its own time-outs come in.
    """
    if _NAP is None:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _NAP)
        os.set_blocking(sock.fileno(), True)
    except OSError:
        return False
    return True


#: The likely cause of silence, where nothing more is known.
SLOW: Final = "The server is slow or stalls, or something on the way drops what is sent."


def timed_out(what: str, deadline: Deadline) -> SmtpTimeout:
    """The error for a call whose deadline passed while it waited for `what`."""
    if deadline.cancelled:
        return SmtpTimeout(
            f"cancelled while waiting: no {what}", cause="Somebody called cancel().", advice="connect() starts afresh"
        )
    seconds = f"{deadline.seconds:g} second{'' if deadline.seconds == 1 else 's'}"
    return SmtpTimeout(
        f"no {what} within {seconds}",
        cause=SLOW,
        advice=("connect() again", "give it longer: SmtpClient(…, timeout=120)"),
    )


def in_time(deadline: Deadline) -> None:
    """Raises if the deadline of an upload has passed.

    Raises:
        SmtpTimeout: it has.
    """
    if not deadline.left():
        raise timed_out("end of the upload", deadline)


def lost(error: OSError | None = None) -> SmtpDisconnected:
    """The error for a connection that broke, in our words: the system's differ from one platform to the next."""
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return SmtpDisconnected(
            "the server broke the connection off",
            cause="It crashed, was restarted, or threw this client out; or a firewall in between cut the connection.",
            advice="connect() again; if it happens at the same command each time, look into the server's log",
        )
    if isinstance(error, ssl.SSLError):
        return SmtpDisconnected(
            "the TLS connection was cut short: it ended without TLS's own goodbye (close_notify)",
            cause="The server or something in between closed the connection; what came last may be incomplete.",
            advice="connect() again, and take nothing that came last for complete",
        )
    return SmtpDisconnected(
        "the connection was lost",
        cause="The network failed, or another thread closed the connection.",
        advice="connect() again",
    )


class SocketStream:
    """A connected TCP socket, with or without TLS, as a `Stream`.

    Args:
        sock: the connected socket; the stream owns it from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        try:
            self._address: tuple[str, int] = sock.getpeername()[:2]
            self._local_address: str = sock.getsockname()[0]
        except OSError as error:  # the peer has gone already
            sock.close()
            raise lost(error if isinstance(error, ConnectionError) else ConnectionResetError()) from None
        if sock.gettimeout() != 0.0:
            sock.setblocking(False)
        # A command is one small write that must not wait for the acknowledgement of the one before (Nagle).
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._tls_sock: ssl.SSLSocket | None = None
        self._waiter = Waiter(sock.fileno())
        self._readable = self._waiter.readable
        self._naps = scheduler() is None and _nap_in_reads(sock)
        self._at_once = socket.MSG_DONTWAIT if self._naps else 0  # what makes any other call return at once
        self._room = _FIRST_READ  # octets that the next read takes
        self._to_read = False  # whether TLS must read before it can go on writing
        self._early: bytes | None = None  # read ahead by `waiting`; b"" is the peer's end
        self._tls: TlsInfo | None = None
        self._fresh = False  # whether nothing was read since the handshake

    @property
    def address(self) -> tuple[str, int]:
        """(ip, port) of the peer."""
        return self._address

    @property
    def local_address(self) -> str:
        """The ip of this end."""
        return self._local_address

    @property
    def tls(self) -> TlsInfo | None:
        """What the handshake agreed on, or None in the clear."""
        return self._tls

    def read(self, deadline: Deadline) -> bytes:
        """The next octets; b"" at the peer's proper end."""
        if self._early is not None:
            data, self._early = self._early, None
            return data
        room, self._room = self._room, _NEXT_READ
        while True:
            left = deadline.at - monotonic()
            if left <= 0.0:
                raise timed_out("answer", deadline)
            try:
                if self._naps and left > SLICE:
                    return self._sock.recv(room)
                if self._here(left):
                    return self._sock.recv(room, self._at_once)
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
                pass  # a slice went by, a vain wake-up, or a TLS record that is no data
            except ssl.SSLWantWriteError:
                self._wait(deadline, "answer", read=False, write=True)
            except (OSError, ValueError) as error:  # ValueError: closed by another thread meanwhile
                raise lost(error if isinstance(error, OSError) else None) from None

    def _here(self, seconds: float) -> bool:
        """Whether something may be read; waits for it, a slice at the most.

        Waiting first saves a vain recv(), and OpenSSL's costly "not yet". Inside TLS something may be here that poll()
        does not see: after each slice that is tried.
        """
        if self._tls_sock is not None:
            if self._fresh:
                self._acknowledge_soon()
            if self._tls_sock.pending():
                return True
        milliseconds = _SLICE_MS if seconds > SLICE else int(seconds * 1000.0) + 1
        return bool(self._readable(milliseconds)) or self._tls_sock is not None

    def _acknowledge_soon(self) -> None:
        """Lets the system acknowledge at once what comes next.

        Behind the handshake most servers send session tickets, and many (Postfix) hold their next answer back until
        those are acknowledged (Nagle), for which a system that expects to answer soon takes its time: 40 ms on Linux.
        """
        self._fresh = False
        if hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        """Writes all of `data`; with `watch`, stops when the peer speaks or hangs up meanwhile."""
        if watch and self.waiting():
            return 0
        self._room = _FIRST_READ
        try:
            sent = self._sock.send(data, self._at_once)
        except (OSError, ValueError) as error:
            sent = self._unsent(error)
        if sent == len(data):
            return sent
        self._to_read = self._to_read and not sent
        rest = memoryview(data)
        while sent < len(data):
            if watch and self.waiting():
                return sent
            # TLS may have to read before it can write (renegotiation); what is unread otherwise wakes nobody.
            self._wait(deadline, "progress in sending", read=watch or self._to_read, write=not self._to_read)
            sent += self._send(rest[sent:])
        return sent

    def _wait(self, deadline: Deadline, what: str, *, read: bool, write: bool = False) -> None:
        """Waits until the socket can be read (or written, where asked).

        Raises:
            SmtpTimeout: the deadline passed first.
        """
        ready = self._waiter.waits_for((EVENT_READ if read else 0) | (EVENT_WRITE if write else 0))
        while True:
            left = deadline.at - monotonic()
            if left <= 0.0:
                raise timed_out(what, deadline)
            # Rounded up: whole milliseconds are counted, and 0 would spin until the deadline.
            if ready(int(min(left, SLICE) * 1000.0) + 1):
                return

    def _send(self, data: bytes | memoryview) -> int:
        """How many octets the system took, 0 where it takes none now."""
        self._to_read = False
        try:
            return self._sock.send(data, self._at_once)
        except (OSError, ValueError) as error:
            return self._unsent(error)

    def _unsent(self, error: OSError | ValueError) -> int:
        """0 where the system took nothing now.

        Raises:
            SmtpDisconnected: it never will.
        """
        self._to_read = isinstance(error, ssl.SSLWantReadError)
        if self._to_read or isinstance(error, BlockingIOError | InterruptedError | ssl.SSLWantWriteError):
            return 0
        raise lost(error if isinstance(error, OSError) else None) from None

    def waiting(self) -> bool:
        """Whether something unread is here now. Never waits."""
        if self._early is not None:
            return True
        if not self._readable(0) and not (self._tls_sock and self._tls_sock.pending()):
            return False
        try:
            self._early = self._sock.recv(_NEXT_READ, self._at_once)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False  # a TLS record that is no data, such as a session ticket
        except (OSError, ValueError) as error:
            raise lost(error if isinstance(error, OSError) else None) from None
        return True

    def start_tls(self, context: ssl.SSLContext, server_name: str, deadline: Deadline) -> TlsInfo:
        """Makes the TLS handshake; after an error the stream is closed."""
        try:
            # OpenSSL reads until a record is whole: a server that drips one would outlast the deadline in such reads.
            if self._naps:
                os.set_blocking(self._sock.fileno(), False)
                self._naps, self._at_once = False, 0
            # suppress_ragged_eofs would turn a truncated connection into a proper end.
            self._sock = self._tls_sock = context.wrap_socket(
                self._sock,
                server_hostname=server_name.encode("ascii"),  # octets are not looked through for what IDNA 2003 knows
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
            self._handshake(self._tls_sock, deadline)
        except BaseException as error:
            self._tls_sock = None
            self._abort()
            if isinstance(error, ssl.SSLError | ssl.CertificateError | OSError) and not isinstance(error, SmtpTimeout):
                raise tls_faults.translated(error, server_name) from None
            raise
        self._fresh = True
        self._tls = _tls_info(self._tls_sock, server_name)
        return self._tls

    def _handshake(self, sock: ssl.SSLSocket, deadline: Deadline) -> None:
        while True:
            try:
                return sock.do_handshake()
            except ssl.SSLWantReadError:
                self._wait(deadline, "TLS handshake", read=True)
            except ssl.SSLWantWriteError:
                self._wait(deadline, "TLS handshake", read=False, write=True)

    def close(self) -> None:
        """Closes the connection, at once, also from another thread."""
        if self._tls_sock is not None:
            # close_notify, if it can be sent without waiting; its answer is not waited for (RFC 8446 §6.1).
            with contextlib.suppress(OSError, ValueError):
                self._tls_sock.unwrap()
        self._abort()

    def _abort(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes a poll() in another thread; close() alone would not
        with contextlib.suppress(OSError):
            self._sock.close()


def _tls_info(sock: ssl.SSLSocket, server_name: str) -> TlsInfo:
    name, _, bits = sock.cipher() or ("unknown", "", 0)
    context = sock.context
    return TlsInfo(
        version=sock.version() or "unknown",
        cipher=name,
        bits=bits,
        verified=context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname,
        server_name=server_name,
        chain=_chain(sock),
    )


def _chain(sock: ssl.SSLSocket) -> tuple[Certificate, ...]:
    """What the peer sent: public since Python 3.13, there under another name since 3.10."""
    if hasattr(sock, "get_unverified_chain"):
        return tuple(Certificate(der) for der in sock.get_unverified_chain() or ())
    inner: Any = getattr(sock, "_sslobj", None)
    if hasattr(inner, "get_unverified_chain"):
        encoding = ssl._ssl.ENCODING_DER  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        return tuple(
            Certificate(certificate.public_bytes(encoding)) for certificate in inner.get_unverified_chain() or ()
        )
    own = sock.getpeercert(binary_form=True)
    return (Certificate(own),) if own else ()
