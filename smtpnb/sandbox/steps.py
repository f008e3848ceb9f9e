"""What a session asks of its host, one frozen value each: send, wait, start TLS, close, fall silent.

A session returns lists of these and does none of them, so that one engine serves a socket, an in-memory peer and
a table of test cases.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from smtpnb.sandbox.kinds import of_kind


@dataclass(frozen=True, slots=True)
class Octets:
    """Send these octets, in one write."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for so many seconds."""

    seconds: float

    def __post_init__(self) -> None:
        of_kind(self.seconds, float, "a pause")
        if not 0 <= self.seconds <= 3600:
            raise ValueError(f"a pause is 0 to 3600 seconds, not {self.seconds!r}")


@dataclass(frozen=True, slots=True)
class StartTls:
    """Make the TLS handshake as the server, then tell the session with `tls_started` (RFC 3207 §4)."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; nothing follows.

    Attributes:
        reset: as a crashed host would, with a TCP reset and no close_notify, rather than in order.
    """

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """Keep the connection open and never say anything again."""


Step: TypeAlias = Octets | Pause | StartTls | Close | Stall


def joined(steps: Iterable[Step]) -> bytes:
    """All octets of the steps, in order, whatever stands between them."""
    return b"".join(step.data for step in steps if isinstance(step, Octets))
