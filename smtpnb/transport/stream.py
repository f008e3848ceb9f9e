"""The seam between client and wire: five methods, two facts.

Foreign errors are translated at this door. Whoever implements it raises only smtpnb's errors: `SmtpTimeout` when the
deadline passes, `SmtpDisconnected` when the connection breaks, `SmtpTlsError` when no TLS comes about. An end that
the peer announced properly is `b""`; a connection cut short is an error, never an end.
"""

from typing import TYPE_CHECKING, Protocol

from smtpnb.session import TlsInfo
from smtpnb.transport.deadline import Deadline

if TYPE_CHECKING:
    import ssl


class Stream(Protocol):
    """A connection to a peer."""

    @property
    def address(self) -> tuple[str, int]:
        """(ip, port) of the peer."""

    @property
    def local_address(self) -> str:
        """The ip of this end."""

    @property
    def tls(self) -> TlsInfo | None:
        """What the handshake agreed on, or None in the clear."""

    def read(self, deadline: Deadline) -> bytes:
        """The next octets, as many as came; b"" at the peer's proper end."""

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        """Writes all of `data`. With `watch`, stops as soon as the peer says something or hangs up meanwhile.

        Returns:
            How many octets were written: all of them, but for a stop.
        """

    def waiting(self) -> bool:
        """Whether something unread is here now: octets, or the peer's end. Never waits."""

    def start_tls(self, context: "ssl.SSLContext", server_name: str, deadline: Deadline) -> TlsInfo:
        """Makes the TLS handshake; after an error the stream is closed."""

    def close(self) -> None:
        """Closes the connection, at once, also from another thread; may be repeated."""
