"""A mail domain, by a DNS server of the tests' own (dnslib's); nothing leaves loopback."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns import resolver as resolvers
from dnslib import QTYPE, RCODE, RR
from dnslib.server import DNSLogger, DNSServer

from smtpnb import DomainReport, Sandbox, probe, probe_domain
from smtpnb.session import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE = """
good.test.            IN MX 10 mx1.good.test.
good.test.            IN TXT "v=spf1 -all"
good.test.            IN TXT "something else"
_dmarc.good.test.     IN TXT "v=DMARC1; p=reject"
_mta-sts.good.test.   IN TXT "v=STSv1; id=20260101"
_smtp._tls.good.test. IN TXT "v=TLSRPTv1; rua=mailto:tls@good.test"
mx1.good.test.        IN A 127.0.0.1
1.0.0.127.in-addr.arpa. IN PTR mx1.good.test.
two.test.             IN MX 20 localhost.
two.test.             IN MX 10 mx1.good.test.
two.test.             IN TXT "v=spf1 -all"
two.test.             IN TXT "v=spf1 +all"
localhost.            IN A 127.0.0.1
null.test.            IN MX 0 .
bare.test.            IN A 127.0.0.1
broken.test.          IN TXT "v=spf1 -all"
"""


class Zone:
    """Answers from `ZONE`; asks for MX of broken.test are SERVFAIL, those of slow.test are never answered."""

    def __init__(self) -> None:
        self.records = RR.fromZone(ZONE)
        self.extra: list[Any] = []

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name, kind = str(request.q.qname).lower(), QTYPE[request.q.qtype]
        if name == "slow.test.":
            time.sleep(1.5)
        if name in ("broken.test.", "slow.test.") and kind == "MX":
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        known = [record for record in [*self.records, *self.extra] if str(record.rname).lower() == name]
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN
        for record in known:
            if QTYPE[record.rtype] == kind:
                reply.add_answer(record)
        return reply


@pytest.fixture(scope="module")
def zone() -> Iterator[tuple[Zone, Any]]:
    answering = Zone()
    server = DNSServer(answering, address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-truncated,-error"))
    server.start_thread()
    resolver = resolvers.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.server.server_address[1]
    yield answering, resolver
    server.stop()
    server.server.server_close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def asked(domain: str, zone: tuple[Zone, Any], sandbox: Sandbox) -> DomainReport:
    return probe_domain(domain, port=sandbox.port, resolver=zone[1], timeout=1.0, ca_file=sandbox.ca_file)


def statuses(report: DomainReport) -> dict[str, str]:
    return {finding.rule: finding.status for finding in report.findings}


def test_domain_with_everything(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    report = asked("good.test", zone, sandbox)
    assert statuses(report) == {"MX": "pass", "R12": "pass", "R14": "pass", "SPF": "pass", "DMARC": "pass"}
    (address,) = report.reports
    assert (address.host, address.address, address.status) == ("mx1.good.test", ("127.0.0.1", sandbox.port), "up")
    assert [address.finding(rule).status for rule in ("R12", "R13", "R14")] == ["pass", "warn", "pass"]
    assert "DNSSEC not validated here" in address.finding("R13").evidence
    assert address.finding("R16").status == "warn"  # IPv4 alone
    assert address.finding("R7").status == "fail"  # the sandbox's certificate is for other names
    assert report.record("SPF" and "TXT", "good.test").values == ("v=spf1 -all",)


def test_tlsa_record_applies_in_place_of_the_name(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    seen = probe(sandbox).certificate
    assert isinstance(seen, Certificate)
    key = hashlib.sha256(
        seen.parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()
    zone[0].extra = RR.fromZone(f"_{sandbox.port}._tcp.mx1.good.test. IN TLSA 3 1 1 {key}")
    try:
        (report,) = asked("good.test", zone, sandbox).reports
    finally:
        zone[0].extra = []
    assert (report.finding("R13").status, report.finding("R7").status) == ("pass", "pass")
    assert "TLSA applies" in report.finding("R7").evidence


def test_servers_in_order_of_preference_at_one_address_a_second_apart(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    started = time.monotonic()
    report = asked("two.test", zone, sandbox)
    assert [each.host for each in report.reports] == ["mx1.good.test", "localhost"]
    assert time.monotonic() - started >= 0.97
    assert statuses(report)["SPF"] == "fail"  # two of them count as none


@pytest.mark.parametrize(
    ("domain", "mx", "hosts"),
    [
        ("null.test", "warn", 0),
        ("bare.test", "pass", 1),
        ("broken.test", "unknown", 0),
        ("slow.test", "unknown", 0),
        ("nothing.test", "pass", 0),
    ],
)
def test_no_is_told_from_could_not_find_out(
    domain: str, mx: str, hosts: int, zone: tuple[Zone, Any], sandbox: Sandbox
) -> None:
    report = asked(domain, zone, sandbox)
    assert (statuses(report)["MX"], len(report.reports)) == (mx, hosts)
    assert report.record("MX").outcome == (
        "unknown" if mx == "unknown" else "found" if domain == "null.test" else "none"
    )


def test_probe_with_mx_is_the_same(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    report = probe("good.test", sandbox.port, mx=True, resolver=zone[1], ca_file=sandbox.ca_file)
    assert isinstance(report, DomainReport)
    assert DomainReport.from_json(report.to_json()) == report
    assert "DNSSEC not validated here" in report.to_text()
    assert report._repr_html_()


@pytest.mark.parametrize("text", ["{}", "[]", '{"schema": "smtpnb.domain/1"}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        DomainReport.from_json(text)
