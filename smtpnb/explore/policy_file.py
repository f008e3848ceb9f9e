"""Fetches the MTA-STS policy of a domain, as every sender does: one HTTPS request, answered from one file.

RFC 8461 §3.3: the certificate is for mta-sts.DOMAIN and verified, only a 200 counts, no redirect is followed. Bounded
in time as a whole and in size. What a sender could not use is "none"; what could not be found out is "unknown".
"""

import http.client
import io
import ssl
from collections.abc import Sequence
from typing import Any, Final

from smtpnb.errors import SmtpConnectError, SmtpDisconnected, SmtpError, SmtpTimeout, SmtpTlsError
from smtpnb.explore import manners
from smtpnb.explore.mta_sts import Fetched
from smtpnb.transport.connecting import connected
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.endpoint import Endpoint
from smtpnb.transport.sockets import SocketStream
from smtpnb.transport.tls_settings import verifying

#: Where HTTPS is.
PORT: Final = 443

#: Octets of the answer that are read at the most, head and file (RFC 8461 §3.3 proposes 64 kB).
MOST: Final = 65_536

_PATH: Final = "/.well-known/mta-sts.txt"


def fetched(domain: str, ips: Sequence[str], seconds: float, authorities: str | None = None) -> Fetched:
    """The policy of a domain.

    Args:
        domain: the mail domain, in ASCII.
        ips: the addresses of mta-sts.DOMAIN; the first that takes a connection is asked.
        seconds: how long all of it may take.
        authorities: certificates to trust in place of the system's, as PEM.
    """
    host, deadline = f"mta-sts.{domain}", Deadline(seconds)
    try:
        manners.check_place([host])
        stream = _opened(ips, deadline)
    except SmtpError as error:
        return Fetched("unknown", note=f"{error.message} ({host})")
    try:
        context = verifying() if authorities is None else ssl.create_default_context(cadata=authorities)
        stream.start_tls(context, host, deadline)
        return _read(_answer(stream, host, deadline))
    except SmtpTlsError as error:
        return Fetched("none", note=error.message)
    except SmtpError as error:
        return Fetched("unknown", note=f"{error.message} ({host})")
    finally:
        stream.close()


def _opened(ips: Sequence[str], deadline: Deadline) -> SocketStream:
    for position, ip in enumerate(ips, 1):
        try:
            return connected(Endpoint.of(ip, PORT), deadline.capped(deadline.left() / (len(ips) - position + 1)))
        except (SmtpConnectError, SmtpTimeout):
            if position == len(ips):
                raise
    raise SmtpConnectError(
        "the name has no address",
        cause="The record promises a policy, and the host that should serve it is not in the DNS.",
        advice="tell the domain's operator: RFC 8461 §3.3 names the host mta-sts",
    )


def _answer(stream: SocketStream, host: str, deadline: Deadline) -> bytes:
    """What the server says, until it is whole, the server ends, or it is too much."""
    request = f"GET {_PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: smtpnb\r\nAccept: text/plain\r\n"
    stream.write(f"{request}Connection: close\r\n\r\n".encode("ascii"), deadline)
    octets = b""
    while len(octets) <= MOST and not _whole(octets):
        try:
            data = stream.read(deadline)
        except SmtpDisconnected:
            data = b""  # many web servers end without TLS's goodbye; what is missing then is seen by its length
        if not data:
            break
        octets += data
    return octets


class _Socket:
    """What `http.client` reads a response from."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._octets)


def _response(octets: bytes) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(_Socket(octets), method="GET")  # type: ignore[arg-type]  # it asks for no more
    response.begin()
    return response


def _whole(octets: bytes) -> bool:
    """Whether the answer is complete by its own length."""
    if b"\r\n\r\n" not in octets:
        return False
    try:
        response = _response(octets)
        counted = response.chunked or response.length is not None
        response.read()
    except (http.client.HTTPException, ValueError, OSError):
        return False
    return counted


def _read(octets: bytes) -> Fetched:
    if not octets:
        return Fetched("unknown", note="the web server said nothing")
    if len(octets) > MOST:
        return Fetched("none", note=f"the answer is longer than {MOST} octets")
    try:
        response = _response(octets)
        body = response.read()
    except (http.client.HTTPException, ValueError, OSError) as error:
        return Fetched("unknown", note=f"the answer is no whole HTTP response ({type(error).__name__})")
    return _judged(response, body)


def _judged(response: http.client.HTTPResponse, body: bytes) -> Fetched:
    if response.status != 200:
        outcome = "unknown" if response.status >= 500 or response.status == 429 else "none"
        moved = "; a redirect is not followed (RFC 8461 §3.3)" if 300 <= response.status < 400 else ""
        return Fetched(outcome, note=f"the web server answers {response.status}{moved}")
    if response.headers.get_content_type() != "text/plain":
        return Fetched("none", note="its media type is not text/plain")
    try:
        return Fetched("found", body.decode("utf-8"))
    except UnicodeDecodeError:
        return Fetched("none", note="it is not UTF-8")
