"""`probe_domain`: a mail domain's servers by its DNS records, each address probed. Needs dnspython (extra `survey`).

Every answer is "found", "none" or "unknown": a name server that times out has not said "no". Nothing is fetched but DNS
records, none of them validated by DNSSEC here (where that matters, it is said), and the MTA-STS policy where a record
says that there is one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from smtpnb.displayable import Displayable
from smtpnb.explore import manners, mta_sts
from smtpnb.explore.addresses import MOST, each_asked
from smtpnb.explore.alike import answered_alike
from smtpnb.explore.authorities import authorities_in
from smtpnb.explore.exchangers import ALIAS, NO_SUCH_NAME, Exchangers
from smtpnb.explore.mta_sts import Fetched
from smtpnb.explore.policy_file import fetched
from smtpnb.explore.report import Finding, ProbeReport
from smtpnb.explore.rules import DnsAnswer, Judgement, judged
from smtpnb.knowledge.rfc import Reference
from smtpnb.text import plural, visible
from smtpnb.transport.endpoint import Endpoint

#: Written into every export; a reader refuses another.
SCHEMA: Final = "smtpnb.domain/1"

#: Mail servers of one domain that are asked at the most.
_SERVERS: Final = 10

_NOT_VALIDATED: Final = "DNSSEC not validated here"


class DnsRecord(NamedTuple):
    """One question to the DNS and what it said.

    Attributes:
        kind: such as "MX" or "TLSA".
        name: the name asked for.
        answer: what it said.
    """

    kind: str
    name: str
    answer: DnsAnswer


@dataclass(frozen=True)
class DomainReport(Displayable):
    """What a mail domain's records say, and what each of its servers' addresses did.

    Attributes:
        domain: the domain.
        records: every question and its answer.
        reports: a report for each address, in the order a sender would try them.
        findings: the rules about the domain as a whole: R12, R14, R16 and its SPF and DMARC records.
    """

    domain: str
    records: tuple[DnsRecord, ...]
    reports: tuple[ProbeReport, ...]
    findings: tuple[Finding, ...]

    def record(self, kind: str, name: str = "") -> DnsAnswer:
        """The answer to the first question of this kind (and about this name).

        Raises:
            KeyError: it was not asked.
        """
        for record in self.records:
            if record.kind == kind and name in ("", record.name):
                return record.answer
        raise KeyError(kind)

    def __repr__(self) -> str:
        up = sum(report.status == "up" for report in self.reports)
        return f"<DomainReport {visible(self.domain)}: {up} of {plural(len(self.reports), 'address', 'addresses')} up>"

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as one JSON object; `DomainReport.from_json` reads it back."""
        data = {
            "schema": SCHEMA, "domain": self.domain, "records": [_plain(record) for record in self.records],
            "reports": [report.to_dict() for report in self.reports],
            "findings": [finding.to_dict() for finding in self.findings],
        }  # fmt: skip
        return json.dumps(data, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `to_json` wrote.

        Raises:
            ValueError: it is no such export, or a damaged one.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError(f"this is no domain export of smtpnb: its schema is not {SCHEMA!r}")
        try:
            records = tuple(
                DnsRecord(each["kind"], each["name"], DnsAnswer(each["outcome"], tuple(each["values"]), each["note"]))
                for each in data["records"]
            )
            reports = tuple(ProbeReport.from_json(json.dumps(each)) for each in data["reports"])
            return cls(str(data["domain"]), records, reports, tuple(map(Finding.from_dict, data["findings"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this domain export is damaged: {type(error).__name__} {error}") from None

    def to_text(self) -> str:
        """The report for a terminal."""
        up = sum(report.status == "up" for report in self.reports)
        count = plural(len(self.reports), "address", "addresses")
        lines = [f"{visible(self.domain)}: {up} of {count} answer."]
        for kind, name, answer in self.records:
            said = "; ".join(answer.values) or answer.outcome
            lines.append(f"{kind:<8} {visible(name)}: {visible(said)}{f' ({answer.note})' if answer.note else ''}")
        lines += [f"{each.status:<8} {each.rule:<5} {each.title}: {visible(each.evidence)}" for each in self.findings]
        return "\n\n".join(["\n".join(lines), *(report.to_text() for report in self.reports)])


def _plain(record: DnsRecord) -> dict[str, Any]:
    return {"kind": record.kind, "name": record.name, **record.answer._asdict()}


class Lookup:
    """Questions to the DNS, each answered "found", "none" or "unknown".

    Args:
        resolver: dnspython's; the system's by default.
        seconds: how long one question may take.

    Raises:
        ImportError: dnspython is not installed.
    """

    def __init__(self, resolver: Any = None, seconds: float = 5.0) -> None:
        try:
            from dns import exception  # noqa: PLC0415 - an extra
            from dns import resolver as resolvers  # noqa: PLC0415 - likewise
        except ImportError:
            raise ImportError("looking up a mail domain needs dnspython: pip install 'smtpnb[survey]'") from None
        self._nowhere, self._none = resolvers.NXDOMAIN, resolvers.NoAnswer
        self._error = exception.DNSException
        self._resolver = resolver or resolvers.Resolver()
        self._seconds = seconds
        self.records: list[DnsRecord] = []

    def ask(self, kind: str, name: str, wanted: Callable[[str], bool] = bool) -> DnsAnswer:
        """The records of a kind at a name; of TXT records those that are wanted."""
        answer = self._asked(kind, name, wanted)
        self.records.append(DnsRecord(kind, name, answer))
        return answer

    def _asked(self, kind: str, name: str, wanted: Callable[[str], bool]) -> DnsAnswer:
        try:
            found = self._resolver.resolve(name, kind, lifetime=self._seconds, search=False)
        except self._nowhere:
            return DnsAnswer("none", (), NO_SUCH_NAME)
        except self._none:
            return DnsAnswer("none")
        except self._error as error:
            return DnsAnswer("unknown", (), type(error).__name__)
        texts = [_text(kind, record) for record in found]
        kept = tuple(sorted(text for text in texts if wanted(text)))
        return DnsAnswer("found" if kept else "none", kept, _alias(found))


def _alias(found: Any) -> str:
    """A note of it where the records stand at another name, to which a CNAME leads."""
    asked, stands = getattr(found, "qname", None), getattr(found, "canonical_name", None)
    return "" if stands == asked or stands is None else f"{ALIAS}{stands.to_text(omit_final_dot=True)}"


def _text(kind: str, record: Any) -> str:
    if kind == "TXT":
        return b"".join(record.strings).decode("utf-8", "surrogateescape")
    return str(record.to_text())


def probe_domain(
    domain: str,
    *,
    port: int = 25,
    timeout: float = 10.0,
    ehlo_name: str | None = None,
    ca_file: str | None = None,
    resolver: Any = None,
    fetch_policy: bool = True,
) -> DomainReport:
    """What a mail domain's DNS records say, and what a probe of each of its servers' addresses found.

    Args:
        domain: what stands behind the @.
        port: the port to ask.
        timeout: seconds for each reply, for each question to the DNS, and for fetching the MTA-STS policy.
        ehlo_name: what EHLO says; by default this end's address in brackets.
        ca_file: authorities to trust in place of the system's, in PEM.
        resolver: dnspython's; the system's by default.
        fetch_policy: fetch the MTA-STS policy, by one HTTPS request, where a record says that there is one.

    Raises:
        ImportError: dnspython is not installed.
        ValueError: no domain name.
        SmtpConnectError: on Binder.
    """
    name = Endpoint.of(domain, port).name
    manners.check_place([name])
    lookup = Lookup(resolver, timeout)
    authorities = authorities_in(ca_file)
    exchangers = Exchangers.of(name, lookup.ask("MX", name))
    manners.check_ehlo_name(ehlo_name, [name, *exchangers.hosts])
    policies = _policies(lookup, name)
    policy = _policy(lookup, name, policies["mta-sts"], timeout, authorities) if fetch_policy else None
    options = {"timeout": timeout, "ehlo_name": ehlo_name}
    pace = manners.Pace()
    reports: list[ProbeReport] = []
    for host in exchangers.hosts[:_SERVERS]:
        sts = mta_sts.judgement(policies["mta-sts"], policy, [host])
        reports += _probed(lookup, host, port, options, policies["tls-rpt"], sts, authorities, pace)
    findings = _domain_findings(policies, policy, exchangers, lookup)
    return DomainReport(domain, tuple(lookup.records), tuple(reports), findings)


def _policy(lookup: Lookup, domain: str, record: DnsAnswer, seconds: float, authorities: str | None) -> Fetched | None:
    """The MTA-STS policy, where a record says that there is one; without one nobody asks for it (RFC 8461 §3.1)."""
    if record.outcome != "found":
        return None
    host = f"mta-sts.{domain}"
    answers = [lookup.ask(kind, host) for kind in ("A", "AAAA")]
    ips = [ip for answer in answers for ip in answer.values][:MOST]
    if ips:
        found = fetched(domain, ips, seconds, authorities)
    elif any(answer.outcome == "unknown" for answer in answers):
        found = Fetched("unknown", note=f"no answer from the DNS for {host}")
    else:
        found = Fetched("none", note=f"{host} has no address")
    lines = tuple(found.text.splitlines()[:100])
    lookup.records.append(DnsRecord("POLICY", f"https://{host}", DnsAnswer(found.outcome, lines, found.note)))
    return found


def _policies(lookup: Lookup, domain: str) -> dict[str, DnsAnswer]:
    """The domain's records about mail."""
    return {
        "mta-sts": lookup.ask("TXT", f"_mta-sts.{domain}", lambda text: text.startswith("v=STSv1")),
        "tls-rpt": lookup.ask("TXT", f"_smtp._tls.{domain}", lambda text: text.startswith("v=TLSRPTv1")),
        "spf": lookup.ask(
            "TXT", domain, lambda text: text.lower().startswith(("v=spf1 ", "v=spf1\0")) or text == "v=spf1"
        ),
        "dmarc": lookup.ask("TXT", f"_dmarc.{domain}", lambda text: text.startswith("v=DMARC1")),
    }


def _probed(  # noqa: PLR0917 - each is one thing
    lookup: Lookup, host: str, port: int, options: Mapping[str, Any], tls_rpt: DnsAnswer, sts: Judgement,
    authorities: str | None, pace: manners.Pace,
) -> list[ProbeReport]:  # fmt: skip
    """A report for each address of a server."""
    families = {kind: lookup.ask(kind, host) for kind in ("A", "AAAA")}
    addresses = [ip for kind in ("AAAA", "A") for ip in families[kind].values]
    tlsa = lookup.ask("TLSA", f"_{port}._tcp.{host}")
    tlsa = tlsa._replace(note="; ".join(filter(None, (tlsa.note, _NOT_VALIDATED))))
    measured = [ProbeReport.from_facts(facts) for facts in each_asked(pace, addresses, host, port, options)]
    alike = _alike(lookup, host, measured, families)
    dns = {"tls-rpt": tls_rpt, "tlsa": tlsa}
    return [judged(report, authorities=authorities, dns=dns, alike=alike, mta_sts=sts) for report in measured]


def _alike(lookup: Lookup, host: str, reports: list[ProbeReport], families: Mapping[str, DnsAnswer]) -> Judgement:
    """R16: whether IPv4 and IPv6 answer alike, and the addresses' names lead back to them."""
    for report in reports:
        if report.address and not _confirmed(lookup, report.address[0]):
            return "warn", f"{report.address[0]}: no name in the DNS that leads back to it"
    unknown = [kind for kind, answer in families.items() if answer.outcome == "unknown"]
    if unknown:
        return "unknown", f"no answer from the DNS for {' and '.join(unknown)} of {host}"
    if not all(answer.outcome == "found" for answer in families.values()):
        have = ", ".join(kind for kind, answer in families.items() if answer.outcome == "found")
        return "warn", f"{host} has {have or 'no address'} alone"
    return answered_alike(host, reports)


def _confirmed(lookup: Lookup, ip: str) -> bool:
    """Whether the address has a name that has the address (RFC 1912 §2.1). Unanswered counts as confirmed."""
    from dns import reversename  # noqa: PLC0415 - an extra

    pointers = lookup.ask("PTR", reversename.from_address(ip).to_text())
    if pointers.outcome == "unknown":
        return True
    kind = "AAAA" if ":" in ip else "A"
    answers = [lookup.ask(kind, name.removesuffix(".")) for name in pointers.values[:3]]
    return any(ip in answer.values or answer.outcome == "unknown" for answer in answers)


def _domain_findings(
    policies: Mapping[str, DnsAnswer], policy: Fetched | None, exchangers: Exchangers, lookup: Lookup
) -> tuple[Finding, ...]:
    answers: dict[str, dict[str, DnsAnswer]] = {}
    for kind, name, answer in lookup.records:
        if kind in ("A", "AAAA"):
            answers.setdefault(name, {}).setdefault(kind, answer)
    hosts = None if exchangers.kind == "unknown" else exchangers.hosts
    sts = Finding(
        "R12", "MTA-STS record", *mta_sts.judgement(policies["mta-sts"], policy, hosts), (Reference(8461, "3"),)
    )
    rows = (
        ("R14", "TLS-RPT record", "tls-rpt", Reference(8460)), ("SPF", "SPF record", "spf", Reference(7208)),
        ("DMARC", "DMARC record", "dmarc", Reference(7489)),
    )  # fmt: skip
    others = (_record_finding(*row[:2], policies[row[2]], row[3]) for row in rows)
    return (exchangers.finding(answers, _SERVERS), sts, *others)


def _record_finding(rule: str, title: str, answer: DnsAnswer, source: Any) -> Finding:
    if answer.outcome == "unknown":
        return Finding(rule, title, "unknown", f"no answer from the DNS ({answer.note})", (source,))
    if answer.outcome == "none":
        return Finding(rule, title, "warn", "there is none", (source,))
    if len(answer.values) > 1:
        return Finding(rule, title, "fail", f"there are {len(answer.values)}, which counts as none", (source,))
    return Finding(rule, title, "pass", answer.values[0], (source,))
