"""What a probe found: `ProbeReport`, `Finding`, `ReportDiff`. Frozen values; nothing here connects or looks at a clock.

A worker hands back *facts*: a plain dict of text and numbers that any executor can carry. A report is made of it, and
turns into it again. What was said is kept as octets, so that every view of it is made by the same rules as in the
client. Whatever a server said is hostile: `repr` and text forms pass `text.visible`.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpProtocolError
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.reply import SmtpReply
from smtpnb.recorder import Said
from smtpnb.session import Certificate
from smtpnb.text import shortened, visible
from smtpnb.transcript import Exchange, Remark, Transcript

#: Written into every export; a reader refuses another.
SCHEMA: Final = "smtpnb.probe/1"

#: Status → what it says about the host, in words.
STATUSES: Final = {
    "up": "an SMTP server answers",
    "refused": "nothing takes a connection there",
    "timeout": "it did not answer in time",
    "closed": "it hung up without a word",
    "rejected": "it answered, and would not talk to this client",
    "rate_limited": "it asked for fewer connections; it was left alone at once",
    "unresolved": "the name has no address",
    "protocol_error": "what it says is not SMTP",
}

#: What a finding can be. `unknown` is for whatever was not measured, never for a "no".
VERDICTS: Final = ("fail", "warn", "pass", "unknown")

#: The phases of a probe, in their order.
PHASES: Final = ("resolve", "connect", "greeting", "ehlo", "starttls", "handshake", "ehlo_tls", "quit")


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule held against what was measured.

    Attributes:
        rule: the rule's id, such as "R3".
        title: what the rule asks, in a few words.
        status: "pass", "fail", "warn" or "unknown".
        evidence: what was seen, in the server's words where there are any.
        sources: where the rule is written.
    """

    rule: str
    title: str
    status: str
    evidence: str
    sources: tuple[Reference, ...] = ()

    def __repr__(self) -> str:
        return f"<Finding {self.rule} {self.status}: {visible(self.title)}: {visible(shortened(self.evidence, 120))}>"

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "rule": self.rule,
            "title": self.title,
            "status": self.status,
            "evidence": self.evidence,
            "sources": [list(source) for source in self.sources],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The finding that `to_dict` made this of."""
        sources = tuple(Reference(int(rfc), str(section)) for rfc, section in data["sources"])
        if data["status"] not in VERDICTS:
            raise ValueError(f"no status of a finding: {data['status']!r}")
        return cls(str(data["rule"]), str(data["title"]), str(data["status"]), str(data["evidence"]), sources)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two reports.

    Attributes:
        what: what differs.
        before: what the first report says.
        after: what the second one says.
    """

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReportDiff(Displayable):
    """How two reports differ; falsy where they say the same. Times are not compared.

    Attributes:
        hosts: what the two servers are called.
        changes: each difference.
    """

    hosts: tuple[str, str]
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def to_text(self) -> str:
        """One line for each difference."""
        if not self.changes:
            return "no difference"
        return "\n".join(f"{visible(c.what)}: {visible(c.before)} → {visible(c.after)}" for c in self.changes)

    def __repr__(self) -> str:
        return f"<ReportDiff {visible(self.hosts[0])} → {visible(self.hosts[1])}: {len(self.changes)} differences>"


@dataclass(frozen=True)
class ProbeReport(Displayable):
    """What one polite connection told about a server.

    Attributes:
        host: as it was given.
        port: the port.
        address: (ip, port) that was asked; None where there was none.
        status: one of `STATUSES`.
        reason: why the status is not "up", or why the probe ended early; empty where neither is so.
        banner: the lines of the greeting, or None.
        ehlo: what EHLO offered in the clear, or None where no list came.
        ehlo_tls: what EHLO offered inside TLS, or None.
        tls: "TLSv1.3" and the like, "refused" (STARTTLS offered, then declined), "failed" (no handshake), or None.
        tls_reason: why TLS did not come about; empty where nothing went wrong.
        cipher: name and bits of the cipher suite, or None.
        chain: the certificates the server sent, its own first.
        implicit_tls: whether TLS came first.
        label: what to call the server where it is shown, in place of host and port; empty for these.
        asked_as: the host that the connection was made for, where several names share the address.
        phases: seconds per phase, those that took place.
        at: when the probe began, in seconds since 1970 (UTC).
        transcript: what was said.
        checks: the answers to the intrusive checks that were asked for.
        findings: the rules, each held against all this.
        others: a report for each other address of the name, where every address was asked; None where one was.
    """

    host: str
    port: int
    address: tuple[str, int] | None
    status: str
    reason: str = ""
    banner: tuple[str, ...] | None = None
    ehlo: Capabilities | None = None
    ehlo_tls: Capabilities | None = None
    tls: str | None = None
    tls_reason: str = ""
    cipher: tuple[str, int] | None = None
    chain: tuple[Certificate, ...] = ()
    implicit_tls: bool = False
    asked_as: str = ""
    label: str = ""
    phases: Mapping[str, float] = field(default_factory=dict, compare=False)
    at: float = field(default=0.0, compare=False)
    transcript: Transcript = field(default_factory=Transcript, repr=False)
    checks: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    others: tuple["ProbeReport", ...] | None = None

    # -- what is asked most ----------------------------------------------------------------------------------

    @property
    def certificate(self) -> Certificate | None:
        """The server's own certificate, verified or not."""
        return self.chain[0] if self.chain else None

    @property
    def offered(self) -> Capabilities | None:
        """What it offers once TLS is on, or in the clear where TLS never was."""
        return self.ehlo_tls if self.ehlo_tls is not None else self.ehlo

    @property
    def size(self) -> int | None:
        """The largest message it takes, in octets; None where it does not say."""
        return None if self.offered is None else self.offered.size

    @property
    def tls_shown(self) -> str:
        """`tls` for people: "none" where there is none, "not known" where that could not be found out."""
        return self.tls or ("none" if self.status == "up" or self.ehlo is not None else "not known")

    @property
    def seconds(self) -> float:
        """How long all phases took."""
        return sum(self.phases.values())

    def finding(self, rule: str) -> Finding:
        """The finding of a rule.

        Raises:
            KeyError: there is no such rule.
        """
        for finding in self.findings:
            if finding.rule == rule:
                return finding
        raise KeyError(rule)

    def count(self, status: str) -> int:
        """How many findings have this status."""
        return sum(finding.status == status for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The whole in a sentence of ours; it quotes nothing the server said."""
        if self.status == "protocol_error" and self.tls == "failed":
            return "TLS from the first octet does not come about: no SMTP was spoken."
        if self.status != "up":
            return f"{STATUSES[self.status][0].upper()}{STATUSES[self.status][1:]}."
        fails, warns = self.count("fail"), self.count("warn")
        kept = f"{self.count('pass')} rules kept, {fails} broken, {warns} to look at"
        return f"An SMTP server answers, {_TLS_WORDS.get(self.tls or '', f'with {self.tls}')}: {kept}."

    @property
    def shown(self) -> str:
        """The server's name for people."""
        return visible(self.label or f"{self.host} port {self.port}")

    def __repr__(self) -> str:
        return f"<ProbeReport {self.shown}: {self.status}, {self.verdict}>"

    def to_text(self) -> str:
        """The report for a terminal: verdict, facts, findings."""
        return "\n".join(_text_lines(self))

    def diff(self, other: "ProbeReport") -> ReportDiff:
        """How `other` differs from this report: facts, keywords, findings; times are left out."""
        mine, theirs = _comparable(self), _comparable(other)
        names = dict.fromkeys([*mine, *theirs])
        changes = [Change(name, mine.get(name, "-"), theirs.get(name, "-")) for name in names]
        hosts = (self.label or self.host, other.label or other.host)
        return ReportDiff(hosts, tuple(each for each in changes if each.before != each.after))

    # -- JSON ------------------------------------------------------------------------------------------------

    def to_facts(self) -> dict[str, Any]:
        """What was measured, as plain data, without the findings."""
        return {
            "schema": SCHEMA, "host": self.host, "port": self.port, "asked_as": self.asked_as, "label": self.label,
            "address": self.address and list(self.address), "status": self.status, "reason": self.reason,
            "implicit_tls": self.implicit_tls, "tls": self.tls, "tls_reason": self.tls_reason,
            "cipher": self.cipher and list(self.cipher),
            "chain": [base64.b64encode(certificate.der).decode("ascii") for certificate in self.chain],
            "phases": dict(self.phases), "at": self.at, "said": said_facts(self.transcript),
            "checks": dict(self.checks),
            "others": None if self.others is None else [other.to_facts() for other in self.others],
        }  # fmt: skip

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as one JSON object; `ProbeReport.from_json` reads it back.

        `summary` is for other programs, and ignored when it is read back: it follows from the rest.
        """
        return json.dumps(self.to_dict(), indent=indent)

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as plain data."""
        findings = [finding.to_dict() for finding in self.findings]
        others = None if self.others is None else [other.to_dict() for other in self.others]
        return {**self.to_facts(), "findings": findings, "others": others, "summary": self.record()}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `to_json` wrote.

        Raises:
            ValueError: it is no such export, or a damaged one.
        """
        try:
            data = json.loads(text)
        except RecursionError:
            raise ValueError("this is no probe export of smtpnb: it is nested too deeply") from None
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError(f"this is no probe export of smtpnb: its schema is not {SCHEMA!r}")
        try:
            report = cls._with_findings(data)
            others = data.get("others")  # exports of before have none
            return report if others is None else replace(report, others=tuple(map(cls._with_findings, others)))
        except (KeyError, TypeError, AttributeError, ValueError, SmtpProtocolError) as error:
            raise ValueError(f"this probe export is damaged: {type(error).__name__} {error}") from None

    @classmethod
    def _with_findings(cls, data: Mapping[str, Any]) -> Self:
        findings = tuple(Finding.from_dict(each) for each in data["findings"])
        return replace(cls._of_one(data), findings=findings)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """The report of what a worker measured, without findings yet."""
        report, others = cls._of_one(facts), facts.get("others")
        return report if others is None else replace(report, others=tuple(map(cls._of_one, others)))

    @classmethod
    def _of_one(cls, facts: Mapping[str, Any]) -> Self:
        """The report of one address."""
        transcript = transcript_of(facts["said"])
        banner, ehlo, ehlo_tls = _heard(transcript, implicit_tls=bool(facts["implicit_tls"]))
        if facts["status"] not in STATUSES:
            raise ValueError(f"no status of a probe: {facts['status']!r}")
        address, cipher = facts["address"], facts["cipher"]
        return cls(
            str(facts["host"]), int(facts["port"]), (str(address[0]), int(address[1])) if address else None,
            str(facts["status"]), str(facts["reason"]), banner, ehlo, ehlo_tls, facts["tls"], str(facts["tls_reason"]),
            (str(cipher[0]), int(cipher[1])) if cipher else None,
            tuple(Certificate(base64.b64decode(der, validate=True)) for der in facts["chain"]),
            bool(facts["implicit_tls"]), str(facts["asked_as"]), str(facts["label"]),
            {str(name): float(seconds) for name, seconds in facts["phases"].items()}, float(facts["at"]),
            transcript, tuple((str(name), str(answer)) for name, answer in facts["checks"].items()),
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """One flat row for a table: text, numbers, None; the server's words visible."""
        before, after = self.ehlo, self.ehlo_tls
        return {
            "host": visible(self.host), "port": self.port, "label": visible(self.label) or None,
            "address": self.address[0] if self.address else None, "other_addresses": _addresses(self.others),
            "status": self.status, "reason": visible(self.reason),
            "banner": None if self.banner is None else visible(shortened(self.banner[0], 300)),
            "tls": self.tls, "cipher": self.cipher[0] if self.cipher else None,
            "keywords": _keywords(before), "keywords_tls": _keywords(after),
            "auth": _mechanisms(before), "auth_tls": _mechanisms(after),
            "size": self.size, "seconds": round(self.seconds, 6),
            **{f"{phase}_s": self.phases.get(phase) for phase in PHASES},
            **{finding.rule: finding.status for finding in self.findings},
        }  # fmt: skip


_TLS_WORDS: Final = {
    "": "without TLS",
    "refused": "and declines TLS though it offers it",
    "failed": "and its TLS does not come about",
}


def _addresses(reports: Sequence[ProbeReport] | None) -> str | None:
    """`192.0.2.1 up, 2001:db8::1 refused`."""
    if reports is None:
        return None
    return ", ".join(f"{report.address[0] if report.address else '-'} {report.status}" for report in reports)


def _keywords(capabilities: Capabilities | None) -> str | None:
    return None if capabilities is None else _words([*capabilities])


def _mechanisms(capabilities: Capabilities | None) -> str | None:
    return None if capabilities is None else _words(capabilities.mechanisms)


def _words(words: Sequence[str] | None) -> str | None:
    return None if words is None else visible(shortened(" ".join(words), 1_000))


def _text_lines(report: ProbeReport) -> list[str]:
    lines = [f"{report.shown}: {report.status}", report.verdict]
    lines += [f"Why: {visible(report.reason)}"] if report.reason else []
    lines += [f"Greeting: {visible(line)}" for line in (report.banner or ())[:5]]
    lines += [f"TLS: {visible(report.tls_reason)}"] if report.tls_reason else []
    if report.others is not None:
        lines.append(f"Addresses: {_addresses([report, *report.others])}")
    for name, offered in (("Offered in the clear", report.ehlo), ("Offered inside TLS", report.ehlo_tls)):
        said = ", ".join(" ".join((keyword, *words)) for keyword, words in (offered or {}).items())
        lines += [f"{name}: {visible(shortened(said, 1_000))}"] if offered is not None else []
    lines += [
        f"{finding.status:<8}{finding.rule:<4} {finding.title}: {visible(finding.evidence)}"
        for finding in sorted(report.findings, key=lambda each: VERDICTS.index(each.status))
    ]
    return lines


def _comparable(report: ProbeReport) -> dict[str, str]:
    facts = {
        "status": report.status, "reason": report.reason, "greeting": " / ".join(report.banner or ()),
        "TLS": report.tls_shown, "cipher": report.cipher[0] if report.cipher else "none",
        "certificate": _fingerprint(report.certificate) if report.certificate else "none",
    }  # fmt: skip
    for name, offered in (("in the clear", report.ehlo), ("inside TLS", report.ehlo_tls)):
        facts |= {f"{keyword} {name}": " ".join(words) or "offered" for keyword, words in (offered or {}).items()}
    return facts | {f"{each.rule} {each.title}": each.status for each in report.findings}


# -- what was said, as plain data --------------------------------------------------------------------------------


def said_facts(transcript: Transcript) -> list[list[Any]]:
    """The entries as lists: an exchange has six items, a remark four."""
    return [_entry_facts(entry) for entry in transcript.entries]


def recorded_facts(recorded: Iterable[Said | Remark]) -> list[list[Any]]:
    """`said_facts` of a transcript that need not be made: a worker looks at no value of it."""
    return [_remark_facts(kept) if isinstance(kept, Remark) else _kept_facts(kept) for kept in recorded]


def _kept_facts(said: Said) -> list[Any]:
    raw = said.raw.decode("latin-1") if said.raw else None
    elapsed = round(said.elapsed, 6) if said.raw else 0.0
    return [round(said.at, 6), said.command, raw, said.secure, said.after.stage.value, elapsed]


def _remark_facts(remark: Remark) -> list[Any]:
    return [round(remark.at, 6), remark.text, remark.secure, remark.unexpected]


def _entry_facts(entry: Exchange | Remark) -> list[Any]:
    if isinstance(entry, Remark):
        return _remark_facts(entry)
    raw = entry.reply.raw.decode("latin-1") if entry.reply else None
    elapsed = round(entry.reply.elapsed, 6) if entry.reply else 0.0
    return [round(entry.at, 6), entry.command, raw, entry.secure, entry.state, elapsed]


def transcript_of(said: Sequence[Sequence[Any]]) -> Transcript:
    """The transcript that `said_facts` took apart."""
    return Transcript(tuple(_entry(each) for each in said))


def _entry(facts: Sequence[Any]) -> Exchange | Remark:
    if len(facts) == 4:
        return Remark(float(facts[0]), str(facts[1]), bool(facts[2]), bool(facts[3]))
    at, command, raw, secure, state, elapsed = facts
    reply = None
    if raw is not None:
        parsed = SmtpReply.parse(raw.encode("latin-1"))
        reply = replace(parsed, command=command, secure=bool(secure), elapsed=float(elapsed))
    return Exchange(float(at), command, reply, bool(secure), str(state))


def _heard(
    transcript: Transcript, *, implicit_tls: bool
) -> tuple[tuple[str, ...] | None, Capabilities | None, Capabilities | None]:
    """Greeting, what EHLO offered in the clear, what it offered inside TLS."""
    banner, lists = None, {False: None, True: None}  # type: tuple[str, ...] | None, dict[bool, Capabilities | None]
    for entry in transcript.exchanges:
        if entry.reply is None:
            continue
        if entry.command is None:
            banner = entry.reply.lines if banner is None else banner
        elif entry.command.startswith("EHLO") and entry.reply.code == 250:
            lists[entry.secure] = Capabilities(entry.reply.lines[1:], entry.secure)
    return banner, None if implicit_tls else lists[False], lists[True]


def _fingerprint(certificate: Certificate) -> str:
    return f"SHA-256 {hashlib.sha256(certificate.der).hexdigest()}"
