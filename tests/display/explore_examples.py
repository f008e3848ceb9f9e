"""Reports and surveys for the tests of the views, made without a server, a clock or a certificate authority."""

from smtpnb.explore.domain import DnsRecord, DomainReport
from smtpnb.explore.report import SCHEMA, Finding, ProbeReport
from smtpnb.explore.results import Failure, Packed, Survey
from smtpnb.explore.rules import DnsAnswer, judged
from smtpnb.explore.targets import Problem, Target
from smtpnb.knowledge.rfc import Reference


def facts(*said: tuple[str | None, str, bool], **changes: object) -> dict[str, object]:
    """The facts of a server that said this: (command, lines joined by LF, inside TLS?)."""
    entries = [
        [0.0, command, "".join(f"{line}\r\n" for line in text.split("\n")), secure, "ready", 0.0]
        for command, text, secure in said
    ]
    base = {
        "schema": SCHEMA, "host": "mx.example.net", "port": 25, "asked_as": "mx.example.net", "label": "",
        "address": ["192.0.2.1", 25], "status": "up", "reason": "", "implicit_tls": False, "tls": None,
        "tls_reason": "", "cipher": None, "chain": [], "phases": {}, "at": 1_780_000_000.0, "checks": {},
    }  # fmt: skip
    return {**base, "said": entries, **changes}


TALKATIVE = facts(
    (None, "220 mx.example.net ESMTP", False),
    ("EHLO notebook.example.org", "250-mx.example.net\n250-SIZE 1000\n250-HELP\n250-AUTH PLAIN\n250 STARTTLS", False),
    ("STARTTLS", "220 2.0.0 go ahead", False),
    ("EHLO notebook.example.org", "250-mx.example.net\n250-SIZE 2000\n250 AUTH PLAIN LOGIN", True),
    ("QUIT", "221 2.0.0 bye", True),
    tls="TLSv1.3", cipher=["TLS_AES_256_GCM_SHA384", 256],
    phases={"resolve": 0.012, "connect": 0.02, "greeting": 0.15, "ehlo": 0.021, "starttls": 0.02, "handshake": 0.045,
            "ehlo_tls": 0.022, "quit": 0.019},
)  # fmt: skip
SILENT = facts(
    status="timeout", reason="no greeting within 5 seconds", address=["192.0.2.2", 25], phases={"connect": 0.02}
)
REPORT = judged(ProbeReport.from_facts(TALKATIVE))
QUIET = judged(ProbeReport.from_facts(SILENT))
SURVEY = Survey(
    (Target("mx.example.net", 25), Target("mx.example.org", 25), Target("later.example.org", 25)),
    (Packed.of(TALKATIVE), Packed.of(SILENT), None),
    (Problem(4, "host:99999", "the port is 1 to 65535, not 99999"),),
    (Failure(Target("later.example.org", 25), "KilledWorker: lost"),),
)
DOMAIN = DomainReport(
    "example.net",
    (DnsRecord("MX", "example.net", DnsAnswer("found", ("10 mx.example.net.",))),
     DnsRecord("TLSA", "_25._tcp.mx.example.net", DnsAnswer("unknown", (), "LifetimeTimeout"))),
    (REPORT, QUIET),
    (Finding("MX", "mail servers", "pass", "mx.example.net", (Reference(5321, "5.1"),)),),
)  # fmt: skip

EXPLORED = {
    "probe_card": REPORT,
    "probe_card_silent": QUIET,
    "report_diff": REPORT.diff(QUIET),
    "domain_card": DOMAIN,
    "survey_card": SURVEY,
}
