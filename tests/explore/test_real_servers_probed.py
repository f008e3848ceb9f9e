"""Real servers probed: each finding held against what the server was seen to do, by another program's eyes."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

import pytest

from smtpnb import ProbeReport, probe

if TYPE_CHECKING:
    from real_servers import RealServer


def probed(server: RealServer, port: int, **options: object) -> ProbeReport:
    report = probe(server.host, port, ca_file=str(server.ca_file), **options)  # type: ignore[arg-type]
    assert isinstance(report, ProbeReport)
    return report


def test_facts_are_those_that_smtplib_sees(real_server: RealServer) -> None:
    report = probed(real_server, real_server.port)
    context = ssl.create_default_context(cafile=str(real_server.ca_file))
    with smtplib.SMTP(real_server.host, real_server.port, local_hostname="[127.0.0.1]", timeout=10) as client:
        client.ehlo()
        before = client.ehlo_resp.decode().split("\n")[1:]
        client.starttls(context=context)
        client.ehlo()
        after = client.ehlo_resp.decode().split("\n")[1:]
        version = client.sock.version()
        der = client.sock.getpeercert(binary_form=True)
    assert report.status == "up"
    assert report.ehlo is not None
    assert report.ehlo_tls is not None
    assert (list(report.ehlo.lines), list(report.ehlo_tls.lines)) == (before, after)
    assert report.tls == version
    assert report.certificate is not None
    assert report.certificate.der == der
    assert report.size == 1_048_576


def test_every_finding_is_what_the_server_does(real_server: RealServer) -> None:
    report = probed(real_server, real_server.port, checks=["relay", "vrfy", "expn"])
    found = {finding.rule: finding.status for finding in report.findings}
    assert found == {
        "R1": "pass",  # it greets and answers EHLO as HOSTNAME
        "R2": "pass",
        "R3": "pass",  # the handshake is made, and STARTTLS is gone inside TLS
        "R4": "pass",
        "R5": "pass",
        "R6": "pass",
        "R7": "pass",  # smtplib's verifying context above takes it too
        "R8": "pass" if real_server.features["auth_needs_tls"] else "fail",
        "R9": "unknown",
        "R10": "pass",
        "R11": "unknown", "R12": "unknown", "R13": "unknown", "R14": "unknown", "R16": "unknown",
        "R17": "pass",  # its README: refused without AUTH
        # Exim tells mailboxes from others; Postfix: 252 for a mailbox that exists; OpenSMTPD knows no VRFY
        "VRFY": "warn" if real_server.server == "exim" else "pass",
        "EXPN": "warn" if real_server.features["expn"] else "pass",
    }  # fmt: skip
    assert real_server.hostname in report.finding("R1").evidence


def test_port_with_tls_from_the_first_octet(real_server: RealServer) -> None:
    if real_server.tls_port is None:
        pytest.skip("no such port")
    report = probed(real_server, real_server.tls_port, implicit_tls=True)
    assert (report.status, report.ehlo) == ("up", None)
    assert [report.finding(rule).status for rule in ("R3", "R7", "R8", "R9")] == ["pass"] * 4


def test_octets_behind_starttls_are_answered_by_none(real_server: RealServer) -> None:
    """Postfix and Exim throw them away (CVE-2011-0411); OpenSMTPD refuses the pair: nothing about STARTTLS in that."""
    report = probed(real_server, real_server.port, checks=["injection"])
    assert report.finding("R11").status == "pass"
    assert report.finding("R3").status == ("unknown" if real_server.server == "opensmtpd" else "pass")
    assert ("Pipelining not supported" in report.finding("R11").evidence) is (real_server.server == "opensmtpd")
