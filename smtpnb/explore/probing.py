"""One polite connection: greeting, EHLO, STARTTLS, EHLO, QUIT. Errors are values: a probe always has a result.

`measure` is what every executor runs: a module-level function of plain arguments, with a plain dict for a result. It
holds two deadlines, one for each reply and one for the host, so that a server that says an octet a second for ever
ends too. The handshake checks nothing, since a certificate that does not verify is to be judged and not to be taken
for "no TLS"; nothing that matters is ever sent, and the judging is `rules`' work, far from the connection.
"""

import base64
import re
import ssl
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from smtpnb.client import SmtpClient
from smtpnb.errors import SmtpConnectError, SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpTimeout, SmtpTlsError
from smtpnb.explore.intrusive import run_checks, starttls_with_more_behind
from smtpnb.explore.report import SCHEMA, recorded_facts
from smtpnb.protocol import limits
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import shortened
from smtpnb.transport.connecting import connected, interleaved, resolved
from smtpnb.transport.deadline import Deadline, monotonic
from smtpnb.transport.endpoint import Endpoint
from smtpnb.transport.sockets import SocketStream, lost

#: Replies whose words may ask for fewer connections, and those words.
_BUSY_CODES: Final = (421, 450, 454)
_BUSY: Final = re.compile(r"too many|\brate\b|\brate-?limit", re.IGNORECASE)

_RESET: Final = lost(ConnectionResetError()).message


class _Enough(Exception):  # noqa: N818 - no error: the probe knows what it came for
    """The probe ends here; the status is set."""


@cache
def accepting() -> ssl.SSLContext:
    """TLS with whoever answers, old versions too: what is wrong with it is to be seen, and nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def measure(
    host: str,
    port: int,
    options: dict[str, Any],
    nonce: str = "",  # noqa: ARG001 - makes equal calls different: dask takes them for one otherwise
) -> dict[str, Any]:
    """The facts of one host, as a plain dict; never raises for anything a server does.

    Args:
        host: a name or an address.
        port: the port.
        options: timeout, host_timeout, ehlo_name, implicit_tls, label, checks; ip, asked in place of a look-up that
            took looked_up_in seconds.
        nonce: anything; different for each call.
    """
    probing = _Probing(host, port, options)
    try:
        probing.run()
    finally:
        probing.client.disconnect()
    facts = probing.facts()
    # The client and its probe refer to each other. Left to the garbage collector, closed TLS connections, some fifty
    # kilobytes each, would pile up by the hundred.
    del probing.client
    return facts


def look_up(host: str, port: int, seconds: float, nonce: str = "") -> dict[str, Any]:  # noqa: ARG001 - as in measure
    """The addresses of a name, in the order to try them, or why there are none: plain data, for any executor."""
    started = monotonic()
    try:
        found = interleaved(resolved(Endpoint.of(host, port), Deadline(seconds)))
    except SmtpError as error:
        return {"ips": [], "reason": error.message, "seconds": monotonic() - started}
    return {"ips": [address.sockaddr[0] for address in found], "reason": "", "seconds": monotonic() - started}


def unresolved(host: str, port: int, reason: str, seconds: float, *, implicit_tls: bool) -> dict[str, Any]:
    """The facts of a host whose name has no address."""
    return {
        "schema": SCHEMA, "host": host, "port": port, "asked_as": host, "label": "", "address": None,
        "status": "unresolved", "reason": reason, "implicit_tls": implicit_tls, "tls": None, "tls_reason": "",
        "cipher": None, "chain": [], "phases": {"resolve": round(seconds, 6)}, "at": round(time.time(), 3), "said": [],
        "checks": {},
    }  # fmt: skip


class _Probing:
    """One probe under way; see the module."""

    def __init__(self, host: str, port: int, options: dict[str, Any]) -> None:
        self.host, self.port = host, port
        self.endpoint = Endpoint.of(host, port)
        self.timeout = float(options.get("timeout") or 10.0)
        self.deadline = Deadline(float(options.get("host_timeout") or 6 * self.timeout))
        self.looked_up_in = float(options.get("looked_up_in") or 0.0)
        self.ip = options.get("ip")
        self.label = str(options.get("label") or "")
        wish = options.get("implicit_tls")
        self.implicit = port == 465 if wish is None else bool(wish)
        self.checks: Sequence[str] = options.get("checks") or ()
        self.answers: dict[str, str] = {}
        self.status, self.reason, self.tls_reason = "up", "", ""
        self.tls: str | None = None
        self.phases: dict[str, float] = {}
        self.address: tuple[str, int] | None = None
        self.at = time.time()
        self.heard: SmtpReply | None = None  # what the step under way was answered
        self.client = SmtpClient(
            host, port, timeout=self.timeout, local_hostname=options.get("ehlo_name"), implicit_tls=self.implicit,
            ssl_context=accepting(), stream=self.connection,
        )  # fmt: skip

    # -- the connection --------------------------------------------------------------------------------------

    def connection(self) -> SocketStream:
        """A connection to the first address that takes one; never two attempts at once."""
        deadline = self.deadline.capped(self.timeout)
        started = monotonic()
        if self.ip:
            addresses = [Endpoint.of(self.ip, self.port)]
        else:
            found = interleaved(self.resolved(deadline))
            addresses = [Endpoint.of(address.sockaddr[0], self.port) for address in found]
        self.phases["resolve"] = self.looked_up_in if self.ip else monotonic() - started
        started = monotonic()
        try:
            return self.first_connected(addresses, deadline)
        finally:
            self.phases["connect"] = monotonic() - started

    def resolved(self, deadline: Deadline) -> list[Any]:
        try:
            return resolved(self.endpoint, deadline)
        except (SmtpConnectError, SmtpTimeout):
            self.status = "unresolved"
            raise

    def first_connected(self, endpoints: list[Endpoint], deadline: Deadline) -> SocketStream:
        for position, endpoint in enumerate(endpoints, 1):
            self.address = (endpoint.name, self.port)
            share = deadline.left() / (len(endpoints) - position + 1)
            try:
                return connected(endpoint, deadline.capped(share))
            except (SmtpConnectError, SmtpTimeout) as error:
                if position == len(endpoints):
                    self.status = "timeout" if isinstance(error, SmtpTimeout) else "refused"
                    raise
        raise SmtpConnectError(
            "the name has no address",
            cause="The domain takes no mail, or the name is misspelt.",
            advice="look up its MX record: probe_domain(…)",
        )

    # -- the dialogue ----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            self.greeted()
            self.introduced()
            if not self.implicit and "STARTTLS" in self.client.capabilities:
                self.secured()
            self.answers |= run_checks(self.client, self.checks)
        except _Enough:
            pass
        except SmtpError as error:
            self.failed(error)
        self.said_goodbye()

    def timed(self, phase: str, step: Callable[[], SmtpReply]) -> SmtpReply:
        """The reply to one step, its time noted; ends the probe where it asks for fewer connections."""
        left = self.deadline.left()
        if not left:
            raise SmtpTimeout(
                f"the {self.deadline.seconds:g} seconds for this host are over",
                cause="The server is slow at every step, or drips.",
                advice="give each host longer: host_timeout=…",
            )
        self.client.timeout = min(self.timeout, left)
        self.heard = None
        started = monotonic()
        try:
            self.heard = reply = step()
        finally:
            self.phases[phase] = monotonic() - started
        if reply.code in _BUSY_CODES and _BUSY.search(reply.message):
            self.end("rate_limited", reply)
        return reply

    def end(self, status: str, reply: SmtpReply) -> None:
        """Ends the probe with a status, and the server's words for a reason."""
        self.status, self.reason = status, f"{reply.code} {shortened(' '.join(reply.lines), 300)}".rstrip()
        raise _Enough

    def greeted(self) -> None:
        try:
            greeting = self.timed("greeting", self.client.connect)
        finally:
            self.split_connecting()
        if greeting.code != 220:
            self.end("rejected", greeting)

    def split_connecting(self) -> None:
        """Takes what the connection, and a handshake before the greeting, took out of the greeting's time."""
        before = self.phases.get("connect", 0.0) + (0.0 if self.ip else self.phases.get("resolve", 0.0))
        whole = self.phases.pop("greeting", 0.0) - before
        if self.implicit and self.client.tls_info:
            self.tls = self.client.tls_info.version
        said = self.heard
        if self.implicit and "connect" in self.phases:
            self.phases["handshake"] = max(0.0, whole - (said.elapsed if said else 0.0))
            whole = said.elapsed if said else 0.0
        if said or self.status == "up":
            self.phases["greeting"] = max(0.0, whole)

    def introduced(self) -> None:
        """EHLO, or HELO where the server knows no EHLO (RFC 5321 §3.2)."""
        try:
            reply = self.timed("ehlo_tls" if self.implicit else "ehlo", self.client.ehlo)
        except SmtpDisconnected as error:
            if error.message == _RESET:
                self.status = "rate_limited"
            raise
        if reply.code in (500, 501, 502, 504, 550):
            helo = self.timed("ehlo_tls" if self.implicit else "ehlo", self.client.helo)
            if helo.code != 250:
                self.end("rejected", helo)
            self.reason = f"EHLO refused: {reply.code} {shortened(' '.join(reply.lines), 300)}"
        elif reply.code != 250:
            self.end("rejected", reply)

    def secured(self) -> None:
        """STARTTLS, and EHLO inside TLS. Whatever fails here, the server is up all the same."""
        try:
            reply = self.timed("starttls", self.starttls)
        except SmtpTlsError as error:
            self.tls, self.tls_reason = "failed", error.message
            raise _Enough from None
        except SmtpError as error:
            answer = self.starttls_answer()
            self.tls, self.tls_reason = "failed" if answer and answer.code == 220 else None, error.message
            raise _Enough from None
        finally:
            self.split_handshake()
        if self.client.tls_info is None:
            # A 421 ends the session, and a server that knows no pipelining refuses what `injection` sends: neither
            # says anything about STARTTLS.
            unsaid = reply.code == 421 or "injection" in self.checks
            self.tls = None if unsaid else "refused"
            self.tls_reason = f"{reply.code} {shortened(' '.join(reply.lines), 300)}"
            return
        self.tls = self.client.tls_info.version
        try:
            self.timed("ehlo_tls", self.client.ehlo)
        except SmtpError as error:
            self.reason = error.message

    def starttls(self) -> SmtpReply:
        if "injection" in self.checks:
            return starttls_with_more_behind(self.client, self.answers, accepting())
        return self.client.starttls()

    def starttls_answer(self) -> SmtpReply | None:
        """The answer to STARTTLS, also where what came after it went wrong."""
        return next((each for each in self.client.transcript.replies if each.verb == "STARTTLS"), None)

    def split_handshake(self) -> None:
        whole = self.phases.pop("starttls", 0.0)
        said = self.heard or self.starttls_answer()
        self.phases["starttls"] = said.elapsed if said else whole
        if said and said.code == 220:
            self.phases["handshake"] = max(0.0, whole - said.elapsed)

    def failed(self, error: SmtpError) -> None:
        """The status that an error means, where the place it happened in has not said so yet."""
        self.reason = error.message
        if self.status != "up":
            return
        if isinstance(error, SmtpTlsError):
            self.tls, self.tls_reason = "failed", error.message
        if isinstance(error, SmtpProtocolError | SmtpTlsError):
            self.status = "protocol_error"
        elif isinstance(error, SmtpTimeout):
            self.status = "timeout"
        else:
            self.status = "closed"

    def said_goodbye(self) -> None:
        """QUIT, wherever the connection still stands."""
        if not self.client.connected:
            return
        # Also past the host's deadline: a second of politeness, and no more.
        self.client.timeout = max(1.0, min(limits.QUIT_TIMEOUT, self.timeout, self.deadline.left()))
        started = monotonic()
        try:
            self.client.quit()
        except SmtpError:
            pass  # it has said all that was asked for
        finally:
            self.phases["quit"] = monotonic() - started

    # -- the result ------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        info = self.client.tls_info if self.tls not in (None, "refused", "failed") else None
        chain = [base64.b64encode(each.der).decode("ascii") for each in info.chain] if info else []
        return {
            "schema": SCHEMA, "host": self.host, "port": self.port, "asked_as": self.host, "label": self.label,
            "address": self.address and list(self.address), "status": self.status, "reason": self.reason,
            "implicit_tls": self.implicit, "tls": self.tls, "tls_reason": self.tls_reason,
            "cipher": [info.cipher, info.bits] if info else None, "chain": chain,
            "phases": {name: round(seconds, 6) for name, seconds in self.phases.items()}, "at": round(self.at, 3),
            "said": recorded_facts(self.client.recorded()), "checks": self.answers,
        }  # fmt: skip
