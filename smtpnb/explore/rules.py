"""The rules a server is held against, each with its source. No grade: what was seen, and what the rule says about it.

A rule says `unknown` for what was not measured, and never takes that for a "no": a 421 is no "no STARTTLS", and a
certificate that does not verify is no "no TLS". Judging is a function of the report and opens no connection.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from smtpnb.explore import alike as addresses_alike
from smtpnb.explore.report import Finding, ProbeReport
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.text import shortened

#: A status and its evidence.
Judgement = tuple[str, str]


class DnsAnswer(NamedTuple):
    """What the DNS said about one question.

    Attributes:
        outcome: "found", "none", or "unknown" where the question was not answered.
        values: the records found, as text.
        note: why it is unknown, or what else there is to say.
    """

    outcome: str
    values: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a rule may look at.

    Attributes:
        report: what was measured.
        authorities: certificates to trust in place of the system's, as PEM.
        dns: "tlsa", "tls-rpt" → what the DNS said; empty where it was not asked.
        alike: for R16, where every address was asked.
        mta_sts: for R12, where the DNS was asked.
    """

    report: ProbeReport
    authorities: str | None = None
    dns: Mapping[str, DnsAnswer] = field(default_factory=dict)
    alike: Judgement | None = None
    mta_sts: Judgement | None = None


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: its id.
        title: what it asks, in a few words.
        judge: what it says.
        sources: where it is written.
    """

    name: str
    title: str
    judge: Callable[[Evidence], Judgement]
    sources: tuple[Reference, ...]


def judged(
    report: ProbeReport,
    *,
    authorities: str | None = None,
    dns: Mapping[str, DnsAnswer] | None = None,
    alike: Judgement | None = None,
    mta_sts: Judgement | None = None,
) -> ProbeReport:
    """The report with its findings.

    Args:
        report: what was measured.
        authorities: certificates to trust in place of the system's, as PEM.
        dns: what the DNS said, where it was asked.
        alike: what comparing the addresses said, where all were asked.
        mta_sts: what record and policy say, where the DNS was asked.
    """
    evidence = Evidence(report, authorities, dns or {}, alike, mta_sts)
    findings = tuple(_found(rule, evidence) for rule in _rules_for(report))
    others = report.others and tuple(judged(other, authorities=authorities) for other in report.others)
    return replace(report, findings=findings, others=others)


def _rules_for(report: ProbeReport) -> list[Rule]:
    asked = {name for name, _ in report.checks}
    return [rule for rule in RULES if rule.name not in ("VRFY", "EXPN") or rule.name.lower() in asked]


def _found(rule: Rule, evidence: Evidence) -> Finding:
    status, words = rule.judge(evidence)
    return Finding(rule.name, rule.title, status, shortened(words, 600), rule.sources)


# -- the greeting and EHLO ---------------------------------------------------------------------------------------

# RFC 5321 §2.3.5: a domain has two labels at least; an address literal may stand for it (§4.1.3).
_FQDN: Final = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?"
    r"|\[[0-9A-Fa-f.:IPv]+\]"
)
_KEYWORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")  # RFC 5321 §4.1.1.1, ehlo-keyword
_PARAMETER: Final = re.compile(r"[\x21-\x7e]+")  # ehlo-param: any but SP and controls


def _said(report: ProbeReport, verb: str | None, *, secure: bool | None = None) -> tuple[int, tuple[str, ...]] | None:
    """Code and lines of the last answer to a verb (None: of the greeting)."""
    found = None
    for entry in report.transcript.exchanges:
        if entry.reply and secure in (None, entry.secure):
            this = entry.command.partition(" ")[0] if entry.command is not None else None
            if this == verb:
                found = (entry.reply.code, entry.reply.lines)
    return found


def _words(said: tuple[int, tuple[str, ...]]) -> str:
    return f"{said[0]} {' / '.join(said[1][:4])}"


def _first_word(line: str) -> str:
    return line.partition(" ")[0]


def _greeting(evidence: Evidence) -> Judgement:
    report = evidence.report
    said = _said(report, None)
    if said is None:
        if report.status in ("closed", "protocol_error") and report.tls != "failed":
            return "fail", report.reason
        return "unknown", report.reason or "no greeting was heard"
    if said[0] != 220:
        return ("unknown" if said[0] < 500 else "fail"), _words(said)
    names = {_first_word(line) for line in said[1][:1]}
    name = names.pop()
    if not _FQDN.fullmatch(name):
        return "warn", f"it names no fully qualified domain: {_words(said)}"
    hello = _said(report, "EHLO") or _said(report, "HELO")
    other = _first_word(hello[1][0]) if hello and hello[0] == 250 else name
    if _FQDN.fullmatch(other) and other.lower() != name.lower():
        return "warn", f"it greets as {name} and answers EHLO as {other}"
    return "pass", _words(said)


def _ehlo(evidence: Evidence) -> Judgement:
    report = evidence.report
    said = _said(report, "EHLO")
    if said is None:
        return "unknown", report.reason or "EHLO was not answered"
    first = _first_answer(report)
    if first[0] != 250:
        helo = _said(report, "HELO")
        if first[0] < 500:
            return "unknown", _words(first)
        return "fail", f"EHLO: {_words(first)}" + (f"; HELO: {_words(helo)}" if helo else "")
    for offered in (report.ehlo, report.ehlo_tls):
        fault = _fault_in(offered) if offered is not None else ""
        if fault:
            return "fail", fault
    lists = [offered for offered in (report.ehlo, report.ehlo_tls) if offered is not None]
    return "pass", "; ".join(
        f"{len(each)} keywords {'inside TLS' if each.secure else 'in the clear'}" for each in lists
    )


def _first_answer(report: ProbeReport) -> tuple[int, tuple[str, ...]]:
    for entry in report.transcript.exchanges:
        if entry.reply and (entry.command or "").startswith("EHLO"):
            return entry.reply.code, entry.reply.lines
    return 0, ()


def _fault_in(offered: Capabilities) -> str:
    """The first line that is no ehlo-line, or that contradicts another; empty where all is well."""
    seen: dict[str, tuple[str, ...]] = {}
    for line in offered.lines:
        words = line.split(" ")
        keyword, parameters = words[0], tuple(words[1:])
        legacy = keyword.upper().startswith("AUTH=")
        if not legacy and (
            not _KEYWORD.fullmatch(keyword) or not all(map(_PARAMETER.fullmatch, filter(None, parameters)))
        ):
            return f"no EHLO keyword: {line}"
        if legacy:
            continue  # AUTH=LOGIN, for clients of before the standard
        earlier = seen.setdefault(keyword.upper(), parameters)
        if {each.upper() for each in earlier} != {each.upper() for each in parameters}:
            return (
                f"{keyword.upper()} twice, and not alike: {' '.join(earlier) or '-'} and {' '.join(parameters) or '-'}"
            )
    return ""


# -- TLS ---------------------------------------------------------------------------------------------------------


def _not_heard(report: ProbeReport) -> Judgement:
    return "unknown", report.reason or "EHLO was not answered"


def _starttls(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.tls not in (None, "refused", "failed"):
        again = "STARTTLS" in (report.ehlo_tls or ())
        how = "TLS from the first octet" if report.implicit_tls else "STARTTLS"
        return ("fail", "STARTTLS is offered again inside TLS") if again else ("pass", f"{how}: {report.tls}")
    if report.tls in ("refused", "failed"):
        return "fail", report.tls_reason
    if report.ehlo is not None and "STARTTLS" in report.ehlo:
        return "unknown", f"offered; {report.tls_reason or report.reason or 'not tried'}"
    if report.ehlo is not None:
        return "fail", "EHLO does not offer STARTTLS"
    if report.status == "up":
        return "fail", report.reason
    return _not_heard(report)


def _tls_version(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.tls in (None, "refused", "failed"):
        old = report.tls == "failed" and "no common TLS version" in report.tls_reason
        return ("fail" if old else "unknown"), report.tls_reason or "no TLS was spoken"
    if report.tls == "TLSv1.3":
        return "pass", "TLSv1.3: good"
    return (
        ("pass", "TLSv1.2: sufficient") if report.tls == "TLSv1.2" else ("fail", f"{report.tls}: forbidden since 2021")
    )


def _cipher(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.cipher is None:
        return "unknown", "no TLS was spoken"
    name = report.cipher[0]
    if report.tls != "TLSv1.3" and not name.startswith(("ECDHE-", "DHE-")):
        return "fail", f"{name}: no forward secrecy"
    aead = any(mode in name for mode in ("GCM", "CHACHA20", "CCM"))
    return ("pass", name) if aead else ("warn", f"{name}: no authenticated encryption (AEAD)")


def _moment(report: ProbeReport) -> dt.datetime:
    return dt.datetime.fromtimestamp(report.at, dt.UTC)


def _certificate(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.certificate is None:
        return "unknown", report.tls_reason or "no certificate was seen"
    from smtpnb.explore import trust  # noqa: PLC0415 - brings in cryptography

    try:
        status, dates = trust.date_faults(report.certificate, _moment(report))
        fault = trust.key_fault(report.certificate)
        key = report.certificate.key
    except ValueError:
        return "fail", "the certificate cannot be read"
    return ("fail", f"{fault}; {dates}") if fault else (status, f"{dates}; {key}")


def _name(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.certificate is None:
        return "unknown", report.tls_reason or "no certificate was seen"
    try:
        return _dane(evidence) or _webpki(evidence)
    except ValueError:
        return "fail", "the certificate cannot be read"


def _dane(evidence: Evidence) -> Judgement | None:
    """What TLSA records say, where there are any that can be used: then names do not count (RFC 7672 §3.1)."""
    from smtpnb.explore import tlsa  # noqa: PLC0415 - brings in cryptography

    answer = evidence.dns.get("tlsa", DnsAnswer("unknown"))
    usable = [record for record in map(tlsa.parsed, answer.values) if record is not None]
    if answer.outcome != "found" or not usable:
        return None
    if any(tlsa.matches(record, evidence.report.chain) for record in usable):
        return "pass", "TLSA applies: a record matches the chain (DNSSEC not validated here)"
    return "fail", f"TLSA applies, and none of {len(usable)} records matches the chain (DNSSEC not validated here)"


def _webpki(evidence: Evidence) -> Judgement:
    from smtpnb.explore import trust  # noqa: PLC0415 - brings in cryptography

    report = evidence.report
    own = report.chain[0]
    names = ", ".join(own.names[:8]) or own.subject
    if not trust.names_host(own, report.host):
        if report.asked_as not in ("", report.host):
            return "unknown", f"asked as {report.asked_as}, at whose address it is; that certificate is for {names}"
        return "fail", f"it is for {names}, not for {report.host}"
    fault = trust.chain_fault(report.chain, _moment(report), evidence.authorities)
    if fault.startswith("unknown: "):
        return "unknown", fault.removeprefix("unknown: ")
    return (
        ("fail", f"the name matches, but {fault}")
        if fault
        else ("pass", f"the name matches ({names}), authority trusted")
    )


# -- login, submission, extensions -------------------------------------------------------------------------------


def _clear_auth(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.implicit_tls:
        return ("pass", "TLS comes before everything") if report.tls not in (None, "failed") else _not_heard(report)
    if report.ehlo is None:
        refused = report.status == "up"
        return ("pass", "no EHLO, no AUTH") if refused else _not_heard(report)
    plain = [name for name in report.ehlo.mechanisms if name in ("PLAIN", "LOGIN")]
    if plain:
        return "fail", f"AUTH {' '.join(report.ehlo.mechanisms)} in the clear"
    return "pass", f"in the clear: AUTH {' '.join(report.ehlo.mechanisms) or 'not offered'}"


def _submission(evidence: Evidence) -> Judgement:
    report = evidence.report
    if report.implicit_tls or report.port == 465:
        if report.tls not in (None, "refused", "failed"):
            return "pass", f"TLS from the first octet: {report.tls}"
        return ("fail", report.tls_reason) if report.tls == "failed" else _not_heard(report)
    return "unknown", "another port was asked; the rule is about submission at 465"


def _extensions(evidence: Evidence) -> Judgement:
    report = evidence.report
    offered = report.offered
    if offered is None:
        return _not_heard(report)
    noted = [
        f"{name} {'yes' if name in offered else 'no'}" for name in ("8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES")
    ]
    if "SIZE" not in offered:
        return "warn", f"no SIZE; {', '.join(noted)}"
    if offered.size is None:
        return "warn", f"SIZE without a number: “{' '.join(offered['SIZE'])}”; {', '.join(noted)}"
    return "pass", f"SIZE {offered.size}; {', '.join(noted)}"


# -- asked for by name -------------------------------------------------------------------------------------------


def _check(
    name: str, passes: tuple[str, ...], fails: tuple[str, ...], otherwise: str
) -> Callable[[Evidence], Judgement]:
    def judge(evidence: Evidence) -> Judgement:
        answer = dict(evidence.report.checks).get(name)
        if answer is None:
            return "unknown", f"not asked; checks=[{name!r}] does"
        word = answer.partition(":")[0]
        return ("pass" if word in passes else otherwise if word in fails else "unknown"), answer

    return judge


# -- the DNS -----------------------------------------------------------------------------------------------------


_NOT_ASKED: Final = "the DNS was not asked; probe_domain() does"


def _record(name: str, missing: str) -> Callable[[Evidence], Judgement]:
    def judge(evidence: Evidence) -> Judgement:
        answer = evidence.dns.get(name)
        if answer is None:
            return "unknown", _NOT_ASKED
        note = f" ({answer.note})" if answer.note else ""
        if answer.outcome == "found":
            return "pass", "; ".join(answer.values[:4]) + note
        return ("unknown", f"no answer from the DNS{note}") if answer.outcome == "unknown" else ("warn", missing + note)

    return judge


def _mta_sts(evidence: Evidence) -> Judgement:
    return evidence.mta_sts or ("unknown", _NOT_ASKED)


def _families(evidence: Evidence) -> Judgement:
    if evidence.alike is None and evidence.report.others is not None:
        return addresses_alike.judgement(evidence.report)
    return evidence.alike or ("unknown", "one address was asked; every_address=True asks all of them")


_TLS_SOURCES: Final = (Reference(8996), Reference(9325))

#: All rules, in order. There is no R15.
RULES: Final = (
    Rule("R1", "greeting 220, in time, naming itself", _greeting, (Reference(5321, "4.2"), Reference(5321, "4.3.1"))),
    Rule("R2", "EHLO accepted, its keywords well formed", _ehlo, (Reference(5321, "4.1.1.1"),)),
    Rule("R3", "STARTTLS offered and working", _starttls, (Reference(3207, "4.2"),)),
    Rule("R4", "TLS 1.3, or 1.2", _tls_version, _TLS_SOURCES),
    Rule("R5", "authenticated encryption with forward secrecy", _cipher, (Reference(9325),)),
    Rule("R6", "certificate in date, its key strong", _certificate, (Reference(9325),)),
    Rule("R7", "certificate for this name", _name, (Reference(8461), Reference(7672))),
    Rule("R8", "no PLAIN or LOGIN before TLS", _clear_auth, (Reference(4954, "4"),)),
    Rule("R9", "submission with TLS from the first octet", _submission, (Reference(8314),)),
    Rule("R10", "SIZE with a number", _extensions, (Reference(1870), Reference(2920), Reference(2034))),
    Rule("R11", "octets sent along with STARTTLS thrown away", _check("injection", ("thrown away",), ("kept",), "fail"),
         (Reference(3207),)),
    Rule("R12", "MTA-STS record", _mta_sts, (Reference(8461),)),
    Rule("R13", "TLSA record", _record("tlsa", "no TLSA record"), (Reference(7672),)),
    Rule("R14", "TLS-RPT record", _record("tls-rpt", "no TLS-RPT record"), (Reference(8460),)),
    Rule("R16", "IPv4 and IPv6 alike, names confirmed", _families, ()),
    Rule("R17", "a stranger's relay attempt refused", _check("relay", ("refused",), ("accepted",), "fail"), ()),
    Rule("VRFY", "VRFY discloses nobody", _check("vrfy", ("kept",), ("disclosed",), "warn"), (Reference(5321, "7.3"),)),
    Rule("EXPN", "EXPN discloses nobody", _check("expn", ("kept",), ("disclosed",), "warn"), (Reference(5321, "7.3"),)),
)  # fmt: skip
