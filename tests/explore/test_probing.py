"""One probe of servers that behave, misbehave, or try to keep it waiting."""

from __future__ import annotations

import json
import pickle
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from scripted import Script, ScriptedServer

from smtpnb import ProbeReport, Sandbox, probe
from smtpnb.explore import rules
from smtpnb.explore.report import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EHLO = "S: 220 mx.example.net ESMTP\nC: EHLO [[]127.0.0.1]\n"
OFFER = "S: 250-mx.example.net\nS: 250-SIZE 1000\nS: 250 STARTTLS\n"
BYE = "C: QUIT\nS: 221 bye\n"
SAID = {b"EHLO", b"HELO", b"STARTTLS", b"QUIT"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(made)
    return made


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def asked(script: str, context: ssl.SSLContext | None = None, **options: Any) -> ProbeReport:
    """The report of a probe of a server that plays `script`; whatever it is, one connection and few words."""
    with ScriptedServer(Script.parse(script), context) as server:
        report = probe("127.0.0.1", server.port, **({"timeout": 1.0} | options))
    assert isinstance(report, ProbeReport)
    assert server.heard.connections <= 1
    if context is None:
        assert {line.split(b" ")[0] for line in server.heard.lines} <= SAID
    return report


# -- statuses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "status", "tls"),
    [
        (EHLO + "S: 250-mx.example.net\nS: 250 SIZE 1000\n" + BYE, "up", None),
        (EHLO + "S: 502 no\nC: HELO *\nS: 250 hello\n" + BYE, "up", None),
        (EHLO + "S: 502 no\nC: HELO *\nS: 503 no\n" + BYE, "rejected", None),
        (EHLO + OFFER + "C: STARTTLS\nS: 454 not available\n" + BYE, "up", "refused"),
        (EHLO + OFFER + "C: STARTTLS\nS: 421 closing\nclose", "up", None),
        (EHLO + OFFER + "C: STARTTLS\nS: 220 go\ngarbage 15030100020228\nstall", "up", "failed"),
        (EHLO + OFFER + "C: STARTTLS\nS: 220 go\nclose", "up", "failed"),
        (EHLO + OFFER + "C: STARTTLS\nstall", "up", None),
        (EHLO + OFFER + "C: STARTTLS\nS: 454 4.7.0 too many connections\n" + BYE, "rate_limited", None),
        ("S: 554 no service\n" + BYE, "rejected", None),
        ("S: 421 try again later\nclose", "rejected", None),
        ("S: 421 4.7.0 Too many connections from you\nclose", "rate_limited", None),
        ("S: 450 rate limit exceeded\n" + BYE, "rate_limited", None),
        (EHLO + "S: 421 4.7.0 rate limit\nclose", "rate_limited", None),
        (EHLO + "reset", "rate_limited", None),
        (EHLO + "close", "closed", None),
        ("close", "closed", None),
        ("stall", "timeout", None),
        ("drip 0.2\nS: 220 very slow indeed this one is\nstall", "timeout", None),
        ("S: 220-mx.example.net\nstall", "timeout", None),
        ("S: SSH-2.0-OpenSSH_9.2\nstall", "protocol_error", None),
        ("flood 220-and so on", "protocol_error", None),
        ("S: 220 mx.example.net\nS: 250 unasked\nstall", "protocol_error", None),
    ],
)
def test_status_says_what_became_of_the_probe(script: str, status: str, tls: str | None) -> None:
    report = asked(script)
    assert (report.status, report.tls) == (status, tls)
    assert report.status in STATUSES
    assert report.status == "up" or report.reason or report.verdict


def test_nothing_listens_is_refused_and_a_name_without_address_unresolved() -> None:
    assert probe("127.0.0.1", 1).status == "refused"
    assert probe("nobody.invalid", 25, timeout=2).status == "unresolved"


def test_host_deadline_holds_though_each_reply_is_in_time() -> None:
    started = time.monotonic()
    report = asked(
        EHLO + "late 0.8\n" + OFFER + "C: STARTTLS\nlate 0.8\nS: 454 no\n" + BYE, timeout=5, host_timeout=1.2
    )
    assert time.monotonic() - started < 3
    assert report.ehlo == {"SIZE": ("1000",), "STARTTLS": ()}


def test_a_421_to_starttls_is_unknown_and_no_no() -> None:
    finding = asked(EHLO + OFFER + "C: STARTTLS\nS: 421 4.3.2 shutting down\nclose").finding("R3")
    assert finding.status == "unknown"
    assert "421 4.3.2 shutting down" in finding.evidence


# -- TLS ---------------------------------------------------------------------------------------------------------

INSIDE = "tls\nC: EHLO *\nS: 250-mx.example.net\nS: 250-SIZE 2000\nS: 250 AUTH PLAIN\n" + BYE


def test_before_and_inside_tls_are_told_apart(context: ssl.SSLContext, ca_file: str) -> None:
    report = asked(EHLO + OFFER + "C: STARTTLS\nS: 220 go\n" + INSIDE, context, ca_file=ca_file)
    assert report.ehlo == {"SIZE": ("1000",), "STARTTLS": ()}
    assert report.ehlo_tls == {"SIZE": ("2000",), "AUTH": ("PLAIN",)}
    assert (report.tls, report.size) == ("TLSv1.3", 2000)
    assert [report.finding(rule).status for rule in ("R3", "R4", "R5", "R6", "R7", "R8")] == ["pass"] * 6
    assert set(report.phases) == {
        "resolve", "connect", "greeting", "ehlo", "starttls", "handshake", "ehlo_tls", "quit"
    }  # fmt: skip


def test_certificate_that_does_not_verify_is_judged_and_never_no_tls(context: ssl.SSLContext) -> None:
    report = asked(EHLO + OFFER + "C: STARTTLS\nS: 220 go\n" + INSIDE, context)
    assert report.tls == "TLSv1.3"
    assert report.certificate is not None
    assert report.finding("R3").status == "pass"
    assert report.finding("R7").status == "fail"
    assert "authority trusted here" in report.finding("R7").evidence


def test_implicit_tls_comes_before_the_greeting(context: ssl.SSLContext, ca_file: str) -> None:
    script = "tls\nS: 220 mx.example.net\n" + INSIDE.removeprefix("tls\n")
    report = asked(script, context, ca_file=ca_file, implicit_tls=True)
    assert (report.status, report.tls, report.ehlo) == ("up", "TLSv1.3", None)
    assert report.ehlo_tls is not None
    assert report.finding("R9").status == report.finding("R8").status == "pass"
    assert {"handshake", "greeting", "ehlo_tls"} <= set(report.phases)


def test_plain_port_asked_with_implicit_tls_fails_in_words() -> None:
    report = asked("S: 220 mx.example.net\nstall", implicit_tls=True)
    assert report.verdict == "TLS from the first octet does not come about: no SMTP was spoken."
    assert report.tls == "failed"
    assert "does not speak TLS" in report.tls_reason


def test_old_tls_is_seen_and_fails(authority: trustme.CA) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(old)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    report = asked(EHLO + OFFER + "C: STARTTLS\nS: 220 go\n" + INSIDE, old)
    assert report.tls == "TLSv1.1"
    assert report.finding("R4").status == "fail"


# -- checks that are asked for -----------------------------------------------------------------------------------


def test_relay_attempt_ends_with_rset_before_any_mail() -> None:
    script = (
        EHLO + "S: 250-mx.example.net\nS: 250 SIZE 1000\nC: MAIL FROM:*\nS: 250 ok\nC: RCPT TO:*\nS: 554 no relaying\n"
        "C: RSET\nS: 250 ok\n" + BYE
    )
    with ScriptedServer(Script.parse(script)) as server:
        report = probe("127.0.0.1", server.port, checks=["relay"], timeout=2)
    assert server.heard.problems == []
    assert report.finding("R17").status == "pass"
    assert "554 no relaying" in report.finding("R17").evidence


def test_open_relay_fails(sandbox: Sandbox) -> None:
    assert probe(sandbox, checks=["relay"]).finding("R17").status == "fail"
    assert len(sandbox.messages) == 0


@pytest.mark.parametrize(("kept", "status"), [("", "pass"), ("S: 250 2.0.0 NOOP done\n", "fail")])
def test_octets_behind_starttls_have_to_be_thrown_away(kept: str, status: str, context: ssl.SSLContext) -> None:
    script = EHLO + OFFER + "C: STARTTLS\nC: NOOP\nS: 220 go\ntls\n" + kept + "C: *\nS: 250 hello\n" + BYE
    with ScriptedServer(Script.parse(script), context) as server:
        report = probe("127.0.0.1", server.port, checks=["injection"], timeout=3)
    assert report.finding("R11").status == status
    assert server.heard.connections == 1


def test_vrfy_and_expn_are_asked_by_name_only(sandbox: Sandbox) -> None:
    report = probe(sandbox, checks=["vrfy", "expn"])
    assert [report.finding(name).status for name in ("VRFY", "EXPN")] == ["warn", "pass"]
    with pytest.raises(KeyError):
        probe(sandbox).finding("VRFY")


# -- the value ---------------------------------------------------------------------------------------------------


def test_report_survives_json_and_pickle(sandbox: Sandbox) -> None:
    report = probe(sandbox)
    again = ProbeReport.from_json(report.to_json())
    assert again == report == pickle.loads(pickle.dumps(report))
    assert hash(again) == hash(report)
    assert (dict(again.phases), again.at) == (dict(report.phases), report.at)
    assert not report.diff(again)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "smtpnb.probe/2"}', '{"schema": "smtpnb.probe/1"}', "[" * 9999]
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ProbeReport.from_json(text)


def test_sandbox_that_nobody_else_holds_is_probed() -> None:
    report = probe(Sandbox())
    assert report.status == "up"
    assert report.finding("R7").status == "pass"


def test_report_of_the_sandbox_is_the_same_each_time(sandbox: Sandbox) -> None:
    with Sandbox() as other:
        first, second = probe(sandbox), probe(other)
    assert repr(first) == repr(second)
    assert first.to_text() == second.to_text()


def test_diff_names_what_changed() -> None:
    one = asked(EHLO + "S: 250-mx.example.net\nS: 250 SIZE 1000\n" + BYE)
    two = asked(EHLO + "S: 250-mx.example.net\nS: 250-SIZE 9\nS: 250 HELP\n" + BYE)
    changes = {change.what: (change.before, change.after) for change in one.diff(two).changes}
    assert changes["SIZE in the clear"] == ("1000", "9")
    assert changes["HELP in the clear"] == ("-", "offered")
    assert not one.diff(one)


def test_hostile_words_reach_no_terminal() -> None:
    evil = "\x1b]0;owned\x07\u202e<script>alert(1)</script>=cmd()"
    report = asked(f"S: 220 {evil}\nC: EHLO *\nS: 250-{evil}\nS: 250 {evil}\n" + BYE)
    for text in (
        report.to_text(),
        repr(report),
        str(report.record()),
        repr(report.findings),
        report.diff(probe("127.0.0.1", 1)).to_text(),
    ):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert json.loads(report.to_json())["status"] == "up"


def test_every_rule_is_there_with_a_status_and_evidence(sandbox: Sandbox) -> None:
    report = probe(sandbox)
    assert [finding.rule for finding in report.findings] == [
        rule.name for rule in rules.RULES if rule.name not in ("VRFY", "EXPN")
    ]
    assert all(finding.evidence and finding.title for finding in report.findings)


def test_ca_file_that_is_not_there_is_told_before_a_byte(tmp_path: Path) -> None:
    with ScriptedServer(Script.parse(EHLO)) as server, pytest.raises(FileNotFoundError):
        probe("127.0.0.1", server.port, ca_file=str(tmp_path / "none.pem"))
    assert server.heard.connections == 0
