"""Every rule: what it passes, what it fails, and what it does not know."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.explore import tlsa, trust
from smtpnb.explore.report import SCHEMA, ProbeReport
from smtpnb.explore.rules import RULES, DnsAnswer, judged
from smtpnb.session import Certificate

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode("ascii")
GREETING = (None, "220 mx.example.net ESMTP")
PLAIN = ("EHLO me", "250-mx.example.net|250-SIZE 1000|250 STARTTLS")
INSIDE = ("EHLO me", "250-mx.example.net|250 SIZE 1000", True)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the fault


def report(*said: tuple[Any, ...], **facts: Any) -> ProbeReport:
    """A report of a server that said this: (command, lines joined by |, inside TLS?)."""
    entries = [
        [0.0, command, "".join(f"{line}\r\n" for line in lines.split("|")), bool(secure), "ready", 0.0]
        for command, lines, *secure in said
    ]
    base = {
        "schema": SCHEMA, "host": "mx.example.net", "port": 25, "asked_as": "mx.example.net", "label": "",
        "address": ["192.0.2.1", 25], "status": "up", "reason": "", "implicit_tls": False, "tls": None,
        "tls_reason": "", "cipher": None, "chain": [], "phases": {}, "at": NOW.timestamp(), "checks": {},
    }  # fmt: skip
    return ProbeReport.from_facts({**base, "said": entries, **facts})


def leaf(*names: str, key: Any = None, days: tuple[int, int] = (-10, 90), digest: Any = None) -> bytes:
    """A certificate, DER; signed by itself unless it is `issued`."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.net")])
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(made.public_key())
        .serial_number(7).not_valid_before(NOW + dt.timedelta(days[0])).not_valid_after(NOW + dt.timedelta(days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names or ("mx.example.net",)]), critical=False)
    )  # fmt: skip
    return builder.sign(made, digest or hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def issued(*names: str) -> bytes:
    return der(AUTHORITY.issue_cert(*names).cert_chain_pems[0].bytes())


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


def b64(*ders: bytes) -> list[str]:
    import base64

    return [base64.b64encode(each).decode() for each in ders]


def tls(
    chain: list[str] | None = None, version: str = "TLSv1.3", cipher: str = "TLS_AES_128_GCM_SHA256", **facts: Any
) -> ProbeReport:
    return report(GREETING, PLAIN, INSIDE, tls=version, cipher=[cipher, 128], chain=chain or [], **facts)


DOWN = {"status": "timeout", "reason": "no greeting within 5 seconds"}
#: rule, report, status, what the evidence says
CASES: list[tuple[str, ProbeReport, str, str]] = [
    ("R1", report(GREETING, PLAIN), "pass", "220 mx.example.net"),
    ("R1", report((None, "220 localhost ESMTP"), PLAIN), "warn", "220 localhost"),
    ("R1", report((None, "220 other.example.net ESMTP"), PLAIN), "warn", "mx.example.net"),
    ("R1", report((None, "554 go away"), status="rejected"), "fail", "554 go away"),
    ("R1", report((None, "421 busy"), status="rejected"), "unknown", "421 busy"),
    ("R1", report(status="closed", reason="the server closed the connection"), "fail", "closed"),
    ("R1", report(**DOWN), "unknown", "no greeting"),
    ("R1", report(implicit_tls=True, tls="failed", reason="no TLS there", status="protocol_error"), "unknown", "no TLS there"),
    ("R2", report(GREETING, PLAIN), "pass", "2 keywords in the clear"),
    ("R2", report(GREETING, ("EHLO me", "502 what"), ("HELO me", "250 hello")), "fail", "502 what"),
    ("R2", report(GREETING, ("EHLO me", "250-mx|250 -STRANGE")), "fail", "-STRANGE"),
    ("R2", report(GREETING, ("EHLO me", "250-mx|250-SIZE 1|250 SIZE 2")), "fail", "SIZE twice"),
    ("R2", report(GREETING, ("EHLO me", "250-mx|250-AUTH PLAIN|250 AUTH=PLAIN")), "pass", "1 keywords"),
    ("R2", report(GREETING, ("EHLO me", "421 busy"), status="rejected"), "unknown", "421"),
    ("R2", report(**DOWN), "unknown", "no greeting"),
    ("R3", tls(), "pass", "TLSv1.3"),
    ("R3", report(GREETING, PLAIN, (*PLAIN, True), tls="TLSv1.3"), "fail", "again"),
    ("R3", report(GREETING, ("EHLO me", "250-mx|250 SIZE 1")), "fail", "does not offer"),
    ("R3", report(GREETING, PLAIN, tls="refused", tls_reason="454 no"), "fail", "454 no"),
    ("R3", report(GREETING, PLAIN, tls="failed", tls_reason="the handshake failed"), "fail", "handshake"),
    ("R3", report(GREETING, PLAIN, tls_reason="421 closing"), "unknown", "421 closing"),
    ("R3", report(**DOWN), "unknown", "no greeting"),
    ("R4", tls(), "pass", "good"),
    ("R4", tls(version="TLSv1.2"), "pass", "sufficient"),
    ("R4", tls(version="TLSv1"), "fail", "TLSv1"),
    ("R4", report(GREETING, PLAIN, tls="failed", tls_reason="no common TLS version"), "fail", "no common"),
    ("R4", report(GREETING), "unknown", "no TLS"),
    ("R5", tls(), "pass", "GCM"),
    ("R5", tls(version="TLSv1.2", cipher="ECDHE-RSA-CHACHA20-POLY1305"), "pass", "CHACHA20"),
    ("R5", tls(version="TLSv1.2", cipher="ECDHE-RSA-AES128-SHA"), "warn", "AEAD"),
    ("R5", tls(version="TLSv1.2", cipher="AES256-GCM-SHA384"), "fail", "forward secrecy"),
    ("R5", report(GREETING), "unknown", "no TLS"),
    ("R6", tls(b64(leaf())), "pass", "valid to"),
    ("R6", tls(b64(leaf(days=(-90, 5)))), "warn", "5 days"),
    ("R6", tls(b64(leaf(days=(-90, -5)))), "fail", "expired"),
    ("R6", tls(b64(leaf(days=(5, 90)))), "fail", "not valid before"),
    ("R6", tls(b64(leaf(key=WEAK))), "fail", "RSA key of 1024"),
    ("R6", tls(b64(b"rubbish")), "fail", "cannot be read"),
    ("R6", report(GREETING), "unknown", "no certificate"),
    ("R7", tls(b64(issued("mx.example.net"))), "pass", "authority trusted"),
    ("R7", tls(b64(issued("*.example.net"))), "pass", "authority trusted"),
    ("R7", tls(b64(issued("*.net"))), "fail", "not for mx.example.net"),
    ("R7", tls(b64(issued("other.example.net"))), "fail", "not for mx.example.net"),
    ("R7", tls(b64(issued("other.example.net")), asked_as="other.example.net"), "unknown", "other.example.net"),
    ("R7", tls(b64(leaf("mx.example.net"))), "fail", "signed by itself"),
    ("R7", report(GREETING), "unknown", "no certificate"),
    ("R8", report(GREETING, PLAIN), "pass", "not offered"),
    ("R8", report(GREETING, ("EHLO me", "250-mx|250 AUTH SCRAM-SHA-256")), "pass", "SCRAM"),
    ("R8", report(GREETING, ("EHLO me", "250-mx|250 AUTH CRAM-MD5 LOGIN")), "fail", "LOGIN in the clear"),
    ("R8", report(**DOWN), "unknown", "no greeting"),
    ("R9", tls(port=465, implicit_tls=True), "pass", "first octet"),
    ("R9", report(port=465, implicit_tls=True, tls="failed", tls_reason="no TLS there", status="protocol_error"), "fail", "no TLS there"),
    ("R9", tls(), "unknown", "another port"),
    ("R10", report(GREETING, PLAIN), "pass", "SIZE 1000"),
    ("R10", report(GREETING, ("EHLO me", "250-mx|250 SIZE big")), "warn", "big"),
    ("R10", report(GREETING, ("EHLO me", "250-mx|250 PIPELINING")), "warn", "PIPELINING yes"),
    ("R10", report(**DOWN), "unknown", "no greeting"),
    ("R11", tls(checks={"injection": "thrown away: nothing"}), "pass", "thrown away"),
    ("R11", tls(checks={"injection": "kept: 250 ok"}), "fail", "250 ok"),
    ("R11", tls(), "unknown", "not asked"),
    ("R12", tls(), "unknown", "not asked"),
    ("R13", tls(), "unknown", "not asked"),
    ("R14", tls(), "unknown", "not asked"),
    ("R16", tls(), "unknown", "one address"),
    ("R17", tls(checks={"relay": "refused: 554 no"}), "pass", "554"),
    ("R17", tls(checks={"relay": "accepted: 250 ok"}), "fail", "250 ok"),
    ("R17", tls(checks={"relay": "unclear: 450 later"}), "unknown", "450"),
    ("R17", tls(), "unknown", "not asked"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "measured", "status", "words"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_rule(rule: str, measured: ProbeReport, status: str, words: str) -> None:
    finding = judged(measured, authorities=PEM).finding(rule)
    assert (finding.status, words in finding.evidence) == (status, True), finding


@pytest.mark.parametrize("name", ["tlsa", "tls-rpt"])
@pytest.mark.parametrize(("outcome", "status"), [("found", "pass"), ("none", "warn"), ("unknown", "unknown")])
def test_rule_about_a_record(name: str, outcome: str, status: str) -> None:
    rule = {"tlsa": "R13", "tls-rpt": "R14"}[name]
    answer = DnsAnswer(outcome, ("v=x",) if outcome == "found" else ())
    assert judged(tls(), dns={name: answer}).finding(rule).status == status


def test_every_rule_has_a_case_for_each_thing_it_can_say() -> None:
    seen = {(rule, status) for rule, _, status, _ in CASES}
    for rule in RULES:
        if rule.name not in ("VRFY", "EXPN"):
            assert (rule.name, "unknown") in seen
    measured = {rule for rule, status in seen if status in ("fail", "warn")}
    assert measured >= {f"R{number}" for number in (*range(1, 12), 17)}


# -- certificates ------------------------------------------------------------------------------------------------


def test_intermediate_leads_to_the_authority_only_if_it_was_sent() -> None:
    between = AUTHORITY.create_child_ca()
    pems = between.issue_cert("mx.example.net").cert_chain_pems
    chain = [der(pem.bytes()) for pem in pems]
    assert judged(tls(b64(*chain)), authorities=PEM).finding("R7").status == "pass"
    alone = judged(tls(b64(chain[0])), authorities=PEM).finding("R7")
    assert (alone.status, "no intermediate" in alone.evidence) == ("fail", True)


def test_a_leaf_is_no_authority() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    fake_issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.net")])
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    issuer = leaf(key=issuer_key)
    forged = (
        x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(fake_issuer).public_key(key.public_key())
        .serial_number(9).not_valid_before(NOW - dt.timedelta(1)).not_valid_after(NOW + dt.timedelta(9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mx.example.net")]), critical=True)
        .sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    )  # fmt: skip
    pem = x509.load_der_x509_certificate(issuer).public_bytes(serialization.Encoding.PEM).decode("ascii")
    assert "does not lead" in trust.chain_fault([Certificate(forged)], NOW, pem)


@given(st.binary(max_size=200))
def test_any_octets_for_a_certificate_are_judged(octets: bytes) -> None:
    done = judged(tls(b64(octets)), authorities=PEM)
    assert done.finding("R6").status == done.finding("R7").status == "fail"


# -- TLSA --------------------------------------------------------------------------------------------------------


OWN, ABOVE = issued("elsewhere.example"), der(AUTHORITY.cert_pem.bytes())
KEY = (
    x509.load_der_x509_certificate(OWN)
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
RECORDS = {
    "key": (f"3 1 1 {hashlib.sha256(KEY).hexdigest()}", "pass"),
    "certificate": (f"3 0 2 {hashlib.sha512(OWN).hexdigest()}", "pass"),
    "whole": (f"3 0 0 {OWN.hex()}", "pass"),
    "authority": (f"2 0 1 {hashlib.sha256(ABOVE).hexdigest()}", "pass"),
    "another": (f"3 1 1 {'00' * 32}", "fail"),
    "cannot be used, so the name counts": (f"1 1 1 {'00' * 32}", "fail"),
}


@pytest.mark.parametrize(("record", "status"), RECORDS.values(), ids=RECORDS)
def test_tlsa_record_decides_in_place_of_the_name(record: str, status: str) -> None:
    done = judged(tls(b64(OWN, ABOVE)), authorities=PEM, dns={"tlsa": DnsAnswer("found", (record,))})
    assert done.finding("R7").status == status
    assert ("TLSA applies" in done.finding("R7").evidence) is record.startswith(("2", "3"))


@given(st.text(max_size=60))
def test_any_text_for_a_tlsa_record_is_read_or_left(text: str) -> None:
    tlsa.parsed(text)


def test_authorities_file_may_be_gone_when_reports_are_looked_at(tmp_path: Path) -> None:
    assert judged(tls(b64(issued("mx.example.net"))), authorities=PEM).finding("R7").status == "pass"
