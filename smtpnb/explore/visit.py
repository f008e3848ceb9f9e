"""`probe`: one server, one polite connection, one report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smtpnb.explore import manners
from smtpnb.explore.addresses import measured_at_each
from smtpnb.explore.authorities import authorities_in
from smtpnb.explore.probing import measure
from smtpnb.explore.report import ProbeReport
from smtpnb.explore.rules import judged
from smtpnb.explore.targets import is_sandbox
from smtpnb.transport.endpoint import Endpoint

if TYPE_CHECKING:
    from smtpnb.explore.domain import DomainReport


def probe(
    host: Any,
    port: int = 25,
    *,
    timeout: float = 10.0,
    host_timeout: float | None = None,
    ehlo_name: str | None = None,
    implicit_tls: bool | None = None,
    ca_file: str | None = None,
    checks: Sequence[str] = (),
    i_have_permission: bool = False,
    mx: bool = False,
    resolver: Any = None,
    every_address: bool = False,
) -> "ProbeReport | DomainReport":
    """What one connection tells about a server: greeting, EHLO, STARTTLS, EHLO, QUIT, and nothing else.

    Whatever the server does is a status and findings of the report, never an exception.

    Args:
        host: a name, an address, or a `Sandbox`.
        port: 25 (relay), 587 (submission), 465 (submission with implicit TLS), or another.
        timeout: seconds for each reply.
        host_timeout: seconds for all of it; six replies' worth by default.
        ehlo_name: what EHLO says; by default this end's address in brackets.
        implicit_tls: whether TLS comes first; by default on port 465.
        ca_file: authorities to trust in place of the system's, in PEM.
        checks: what to try besides looking: "vrfy", "expn", "relay", "injection".
        i_have_permission: that the owner agreed; needed for checks off loopback and private networks.
        mx: the host is a mail domain: look up its servers and ask each, as `probe_domain` does.
        resolver: dnspython's, for `mx`; the system's by default.
        every_address: ask each address of the name, one after the other, in place of the first that takes a
            connection. The report is of the first that is up; `others` has the others', and R16 holds them together.

    Raises:
        ValueError: an impossible host or port, checks without permission, an EHLO name that is the target's, no
            certificate in `ca_file`, `mx` with what is for one server.
        SmtpConnectError: on Binder, for any target but the sandbox.
    """
    if mx:
        if implicit_tls or checks:
            raise ValueError(
                "mx=True asks a domain's servers as other mail servers do: implicit_tls and checks are for one"
            )
        from smtpnb.explore.domain import probe_domain  # noqa: PLC0415 - needs dnspython

        return probe_domain(host, port=port, timeout=timeout, ehlo_name=ehlo_name, ca_file=ca_file, resolver=resolver)
    options: dict[str, Any] = {
        "timeout": timeout, "host_timeout": host_timeout, "ehlo_name": ehlo_name, "implicit_tls": implicit_tls,
        "checks": checks,
    }  # fmt: skip
    name = host
    if not isinstance(host, str):
        if not is_sandbox(host):
            raise TypeError(f"probe() takes a host's name, an address or a Sandbox, not {type(host).__name__}")
        # Its port is the system's choice, and the same cell gives the same output.
        options |= {"ip": host.host, "label": "the sandbox"}
        # `host` goes on holding it: one that nobody holds closes.
        ca_file, port, name = ca_file or host.ca_file, host.port, "localhost"
    _check(name, port, options, permitted=i_have_permission)
    authorities = authorities_in(ca_file)
    ask = measured_at_each if every_address and "ip" not in options else measure
    return judged(ProbeReport.from_facts(ask(name, port, options)), authorities=authorities)


def _check(host: str, port: int, options: dict[str, Any], *, permitted: bool) -> None:
    """Refuses before a byte is sent."""
    Endpoint.of(host, port)
    place = options.get("ip") or host
    manners.check_place([place])
    manners.check_ehlo_name(options["ehlo_name"], [place])
    manners.check_permission(place, options["checks"], permitted=permitted)
