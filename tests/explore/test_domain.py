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
from smtpnb.explore import domain as domains
from smtpnb.explore import policy_file
from smtpnb.explore.mta_sts import Fetched
from smtpnb.explore.rules import DnsAnswer
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
empty.test.           IN TXT "nothing about mail"
halfnull.test.        IN MX 0 .
halfnull.test.        IN MX 10 mx1.good.test.
literal.test.         IN MX 10 127.0.0.1.
odd.test.             IN MX 10 no_host!.good.test.
alias.test.           IN MX 10 other.good.test.
other.good.test.      IN CNAME mx1.good.test.
gone.test.            IN MX 10 gone.good.test.
mute.test.            IN MX 10 slow.good.test.
broken.test.          IN TXT "v=spf1 -all"
mta-sts.good.test.    IN A 127.0.0.1
_mta-sts.bare.test.   IN TXT "v=STSv1; id=1"
"""


class Zone:
    """Answers from `ZONE`; asks for MX of broken.test are SERVFAIL, those of slow.test come late, slow.good.test has none."""

    def __init__(self) -> None:
        self.records = RR.fromZone(ZONE)
        self.extra: list[Any] = []

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name, kind = str(request.q.qname).lower(), QTYPE[request.q.qtype]
        if name == "slow.test.":
            time.sleep(1.5)
        if (name in ("broken.test.", "slow.test.") and kind == "MX") or name == "slow.good.test.":
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        known = [record for record in [*self.records, *self.extra] if str(record.rname).lower() == name]
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN
        for record in known:
            if QTYPE[record.rtype] == kind:
                reply.add_answer(record)
            elif QTYPE[record.rtype] == "CNAME":
                reply.add_answer(record)
                target = str(record.rdata.label)
                reply.add_answer(*(r for r in self.records if str(r.rname) == target and QTYPE[r.rtype] == kind))
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


@pytest.fixture(autouse=True)
def _nobody_speaks_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_file, "PORT", 1)


def asked(domain: str, zone: tuple[Zone, Any], sandbox: Sandbox) -> DomainReport:
    return probe_domain(domain, port=sandbox.port, resolver=zone[1], timeout=1.0, ca_file=sandbox.ca_file)


def statuses(report: DomainReport) -> dict[str, str]:
    return {finding.rule: finding.status for finding in report.findings}


def test_domain_with_everything(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    report = asked("good.test", zone, sandbox)
    # Nobody listens where the policy should be: that says nothing about the policy.
    assert statuses(report) == {"MX": "pass", "R12": "unknown", "R14": "pass", "SPF": "pass", "DMARC": "pass"}
    (address,) = report.reports
    assert (address.host, address.address, address.status) == ("mx1.good.test", ("127.0.0.1", sandbox.port), "up")
    assert [address.finding(rule).status for rule in ("R12", "R13", "R14")] == ["unknown", "warn", "pass"]
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
    ("domain", "expected"),
    [
        ("two.test", ("pass", "mx1.good.test, localhost", 2)),
        ("null.test", ("warn", "takes no mail (null MX)", 0)),
        ("bare.test", ("warn", "own address (implicit MX)", 1)),
        ("empty.test", ("fail", "no MX record and no address", 0)),
        ("nothing.test", ("fail", "does not exist (NXDOMAIN)", 0)),
        ("halfnull.test", ("fail", "a null MX beside others", 1)),
        ("literal.test", ("fail", "names the address 127.0.0.1", 0)),
        ("odd.test", ("fail", "which is no host name", 0)),
        ("alias.test", ("fail", "other.good.test is an alias of mx1.good.test", 1)),
        ("gone.test", ("fail", "gone.good.test has no address", 0)),
        ("mute.test", ("unknown", "no answer from the DNS for the addresses of slow.good.test", 0)),
        ("broken.test", ("unknown", "no answer from the DNS", 0)),
        ("slow.test", ("unknown", "no answer from the DNS", 0)),
    ],
)
def test_servers_of_a_domain_are_judged(
    domain: str, expected: tuple[str, str, int], zone: tuple[Zone, Any], sandbox: Sandbox
) -> None:
    mx, words, hosts = expected
    report = asked(domain, zone, sandbox)
    finding = report.findings[0]
    assert (finding.rule, finding.status, words in finding.evidence) == ("MX", mx, True), finding
    assert len(report.reports) == hosts
    assert words in report.to_text()


def test_record_without_a_policy_breaks_the_rule(zone: tuple[Zone, Any], sandbox: Sandbox) -> None:
    report = asked("bare.test", zone, sandbox)
    assert statuses(report)["R12"] == "fail"
    assert report.record("POLICY") == DnsAnswer("none", (), "mta-sts.bare.test has no address")
    assert report.reports[0].finding("R12").status == "fail"


@pytest.mark.parametrize(("names", "status"), [("mx: *.good.test", "pass"), ("mx: elsewhere.test", "fail")])
def test_policy_is_held_against_each_server(
    names: str, status: str, zone: tuple[Zone, Any], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("version: STSv1", "mode: enforce", names, "max_age: 604800")
    monkeypatch.setattr(domains, "fetched", lambda *_: Fetched("found", "".join(f"{line}\r\n" for line in lines)))
    report = asked("good.test", zone, sandbox)
    assert statuses(report)["R12"] == report.reports[0].finding("R12").status == status
    assert report.record("POLICY").values == lines
    assert "and of a web server: the MTA-STS policy" in str(report._repr_html_())
    assert DomainReport.from_json(report.to_json()) == report


def test_policy_is_not_fetched_without_a_record_or_where_not_wanted(
    zone: tuple[Zone, Any], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "fetched", None)  # it cannot be called
    assert statuses(asked("two.test", zone, sandbox))["R12"] == "warn"
    report = probe_domain(
        "good.test", port=sandbox.port, resolver=zone[1], timeout=1.0, ca_file=sandbox.ca_file, fetch_policy=False
    )
    assert statuses(report)["R12"] == "unknown"


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
