"""From an endpoint to a connected socket: every resolved address is tried, within one deadline (RFC 8305)."""

import contextlib
import errno
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smtpnb.errors import SmtpConnectError, SmtpError, SmtpTimeout
from smtpnb.text import plural, visible
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.endpoint import Endpoint
from smtpnb.transport.sockets import SocketStream, timed_out
from smtpnb.transport.waiting import SLICE, writable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds before the next address is tried beside one that has not answered yet (RFC 8305 §5).
ATTEMPT_DELAY: Final = 0.25

_CONNECTING: Final = frozenset(
    {errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}
)


class Address(NamedTuple):
    """A socket address: its family, and what connect() takes."""

    family: int
    sockaddr: tuple[Any, ...]


def connected(endpoint: Endpoint, deadline: Deadline, source: tuple[str, int] | None = None) -> SocketStream:
    """A connection to `endpoint`.

    Args:
        endpoint: where to.
        deadline: by when, name resolution included.
        source: (ip, port) to connect from; port 0 lets the system choose.

    Raises:
        SmtpConnectError: the name does not resolve, or no address took the connection.
        SmtpTimeout: the deadline passed.
    """
    addresses = interleaved(resolved(endpoint, deadline))
    if source:  # an address of one family can only go out from one of the same
        family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
        addresses = [address for address in addresses if address.family == family]
    attempts = _Attempts(addresses, source)
    try:
        sock = attempts.first_connected(deadline)
    except SmtpTimeout as error:
        raise _silent(endpoint, len(addresses), str(error)) from None
    finally:
        attempts.close_others()
    if sock is None:
        raise _refused(endpoint, attempts.errors)
    return SocketStream(sock)


# -- names ----------------------------------------------------------------------------------------------------


def resolved(endpoint: Endpoint, deadline: Deadline) -> list[Address]:
    """The addresses of `endpoint`, in the system's order.

    getaddrinfo() knows no time-out, so a thread of its own runs it; where the deadline passes first, the thread is
    left to end when the system's resolver gives up.

    Raises:
        SmtpConnectError: the name does not resolve.
        SmtpTimeout: the deadline passed.
    """
    if endpoint.literal:
        return _read(endpoint)
    answer: list[list[Address] | Exception] = []
    thread = threading.Thread(target=_look_up_into, args=(endpoint, answer), name="smtpnb-resolver", daemon=True)
    thread.start()
    while thread.is_alive() and deadline.left():
        thread.join(min(deadline.left(), SLICE))
    if not answer and deadline.cancelled:
        raise timed_out("address", deadline)
    if not answer:
        raise SmtpTimeout(
            timed_out(f"address for {visible(endpoint.host)}", deadline).message,
            cause="The name server does not answer.",
            advice=("check the network connection", "try an IP address in place of the name"),
        )
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]


def _read(endpoint: Endpoint) -> list[Address]:
    """The one address that is written out; the system reads those with a scope, such as fe80::1%eth0."""
    if "%" in endpoint.name:
        return _looked_up(endpoint, socket.AI_NUMERICHOST)
    if ":" in endpoint.name:
        return [Address(socket.AF_INET6, (endpoint.name, endpoint.port, 0, 0))]
    return [Address(socket.AF_INET, (endpoint.name, endpoint.port))]


def _look_up_into(endpoint: Endpoint, answer: list[list[Address] | Exception]) -> None:
    try:
        answer.append(_looked_up(endpoint))
    except Exception as error:  # noqa: BLE001 - carried over to the thread that waits
        answer.append(error)


def _looked_up(endpoint: Endpoint, flags: int = 0) -> list[Address]:
    try:
        found = socket.getaddrinfo(endpoint.name, endpoint.port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        raise SmtpConnectError(
            f"the name {visible(endpoint.host)} does not resolve",
            cause="A typing error, a domain that takes no mail, or no connection to a name server.",
            advice=(
                "check the spelling",
                "a domain's mail server often has another name: look up its MX record",
            ),
        ) from None
    return list(dict.fromkeys(Address(family, sockaddr) for family, _, _, _, sockaddr in found))


def interleaved(addresses: list[Address]) -> list[Address]:
    """IPv6 and IPv4 in turn, beginning with the system's first choice (RFC 8305 §4)."""
    if len(addresses) < 2:
        return addresses
    first = [address for address in addresses if address.family == addresses[0].family]
    other = [address for address in addresses if address.family != addresses[0].family]
    mixed = [address for pair in zip(first, other, strict=False) for address in pair]
    return mixed + first[len(other) :] + other[len(first) :]


# -- attempts -------------------------------------------------------------------------------------------------


class _Attempts:
    """Connects to addresses, the next one beginning when one fails or is slow; the first connected wins."""

    def __init__(self, addresses: list[Address], source: tuple[str, int] | None) -> None:
        self._waiting: Iterator[Address] = iter(addresses)
        self._source = source
        self._under_way: dict[int, socket.socket] = {}
        self.errors: list[int] = []

    def first_connected(self, deadline: Deadline) -> socket.socket | None:
        """The socket that connected first; None where every address failed."""
        more = self._start_next()
        next_start = Deadline(ATTEMPT_DELAY)
        while more or self._under_way:
            left = deadline.left()
            if not left:
                raise timed_out("connection", deadline)
            if more and not (self._under_way and next_start.left()):
                more, next_start = self._start_next(), Deadline(ATTEMPT_DELAY)
            for descriptor in self._ready(min(left, next_start.left() if more else SLICE, SLICE)):
                sock = self._outcome(self._under_way.pop(descriptor))
                if sock is not None:
                    return sock
        return None

    def _ready(self, seconds: float) -> list[int]:
        return writable(self._under_way, seconds) if self._under_way else []

    def _start_next(self) -> bool:
        """Begins with the next address; False where there is none left."""
        address = next(self._waiting, None)
        if address is None:
            return False
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:  # such as IPv6 that this machine does not have
            self.errors.append(error.errno or 0)
            return True
        try:
            sock.setblocking(False)
            if self._source:
                sock.bind(self._source)
            error_number = sock.connect_ex(address.sockaddr)
        except OSError as error:
            error_number = error.errno or errno.EINVAL
        if error_number and error_number not in _CONNECTING:
            self._failed(sock, error_number)
        else:
            self._under_way[sock.fileno()] = sock
        return True

    def _outcome(self, sock: socket.socket) -> socket.socket | None:
        error_number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error_number:
            self._failed(sock, error_number)
            return None
        return sock

    def _failed(self, sock: socket.socket, error_number: int) -> None:
        sock.close()
        self.errors.append(error_number)

    def close_others(self) -> None:
        """Closes every attempt that did not win."""
        for sock in self._under_way.values():
            with contextlib.suppress(OSError):
                sock.close()


# -- errors ---------------------------------------------------------------------------------------------------


def _silent(endpoint: Endpoint, tried: int, what: str) -> SmtpError:
    if endpoint.port == 25:
        cause = "Port 25 is filtered: most home, campus and cloud networks let no mail out, Binder neither."
        advice = ("use your provider's submission port, 587 or 465", "or learn offline: Sandbox()")
    else:
        cause = "A firewall drops the packets, or the host is down."
        advice = ("check host and port", "try another network")
    return SmtpTimeout(f"{what} from {endpoint.shown}{_all_of(tried)}", cause=cause, advice=advice)


_UNREACHABLE: Final = {
    getattr(errno, name) for name in ("ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "WSAENETUNREACH", "WSAEHOSTUNREACH")
    if hasattr(errno, name)
}  # fmt: skip
_REFUSED: Final = {errno.ECONNREFUSED, getattr(errno, "WSAECONNREFUSED", errno.ECONNREFUSED)}


def _refused(endpoint: Endpoint, errors: list[int]) -> SmtpConnectError:
    if any(number in _REFUSED for number in errors):
        return SmtpConnectError(
            f"{endpoint.shown} refused the connection{_all_of(len(errors))}",
            cause="The host is up, but nothing listens on that port.",
            advice=("check the port: 25, 587 and 465 are usual", "is the server running?"),
        )
    if errors and all(number in _UNREACHABLE for number in errors):
        return SmtpConnectError(
            f"there is no way to {endpoint.shown}{_all_of(len(errors))}",
            cause="This machine has no route there: no network, or no IPv6.",
            advice=("check the network connection", "try the host's IPv4 address"),
        )
    reason = os.strerror(errors[-1]) if errors and errors[-1] > 0 else "no address could be used"
    return SmtpConnectError(
        f"cannot connect to {endpoint.shown}{_all_of(len(errors))}: {reason}",
        cause="The system would not make the connection; its reason is in the message.",
        advice=("check host and port", "check source_address, if you gave one"),
    )


def _all_of(tried: int) -> str:
    return f" ({plural(tried, 'address', 'addresses')} tried)" if tried > 1 else ""
