"""A mail domain's servers by its MX records (RFC 5321 §5.1), and what is wrong with these. Nothing is asked here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from smtpnb.explore.report import Finding
from smtpnb.explore.rules import DnsAnswer
from smtpnb.knowledge.rfc import Reference
from smtpnb.text import plural
from smtpnb.transport.endpoint import Endpoint

#: The note of an answer that the name itself does not exist: another thing than a name without such a record.
NO_SUCH_NAME: Final = "no such name: NXDOMAIN"

#: How the note of an answer begins that was found behind a CNAME.
ALIAS: Final = "an alias of "


@dataclass(frozen=True, slots=True)
class Exchangers:
    """Where a domain's mail goes.

    Attributes:
        kind: "mx", "implicit" (no MX record: the domain's own address), "null" (it takes no mail: RFC 7505), "nowhere"
            (the domain does not exist), or "unknown" (the DNS did not answer).
        hosts: the names of its servers, the preferred ones first.
        faults: what is wrong with the records.
        note: why it is unknown.
    """

    kind: str
    hosts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, domain: str, answer: DnsAnswer) -> "Exchangers":
        """What the answer to the question for MX records says."""
        if answer.outcome == "unknown":
            return cls("unknown", note=answer.note)
        if answer.outcome == "none":
            return cls("nowhere") if answer.note == NO_SUCH_NAME else cls("implicit", (domain,))
        pairs = sorted((int(text.split()[0]), text.split()[1].removesuffix(".")) for text in answer.values)
        names = [name for _, name in pairs]
        if not any(names):
            return cls("null")
        hosts: list[str] = []
        faults = [] if all(names) else ["a null MX beside others, which RFC 7505 forbids"]
        for name in dict.fromkeys(filter(None, names)):
            fault = _name_fault(name)
            (faults if fault else hosts).append(fault or name)
        return cls("mx", tuple(hosts), tuple(faults))

    def finding(self, answers: Mapping[str, Mapping[str, DnsAnswer]], most: int) -> Finding:
        """The finding about the domain's servers.

        Args:
            answers: host → "A" and "AAAA" → what the DNS said.
            most: how many servers were asked at the most.
        """
        status, words = self._judged(answers)
        if len(self.hosts) > most:
            words += f"; the first {most} of {len(self.hosts)} were asked"
        source = Reference(7505) if self.kind == "null" else Reference(5321, "5.1")
        return Finding("MX", "mail servers", status, words, (source,))

    def _judged(self, answers: Mapping[str, Mapping[str, DnsAnswer]]) -> tuple[str, str]:
        said = {
            "unknown": ("unknown", f"no answer from the DNS ({self.note})"),
            "nowhere": ("fail", "the domain does not exist (NXDOMAIN)"),
            "null": ("warn", "the domain takes no mail (null MX)"),
        }
        if self.kind == "implicit":
            return _implicit(answers.get(self.hosts[0], {}))
        return said.get(self.kind) or self._held(answers)

    def _held(self, answers: Mapping[str, Mapping[str, DnsAnswer]]) -> tuple[str, str]:
        faults = [*self.faults, *filter(None, (_fault(host, answers.get(host, {})) for host in self.hosts))]
        if faults:
            return "fail", "; ".join([*faults[:6], *([f"{plural(len(faults) - 6, 'more fault')}"] * (len(faults) > 6))])
        silent = [host for host in self.hosts if _outcome(answers.get(host, {})) == "unknown" and host in answers]
        if silent:
            return "unknown", f"no answer from the DNS for the addresses of {', '.join(silent[:4])}"
        return "pass", ", ".join(self.hosts)


def _implicit(families: Mapping[str, DnsAnswer]) -> tuple[str, str]:
    outcome = _outcome(families)
    if outcome == "unknown":
        return "unknown", "no MX record, and no answer from the DNS for the domain's own addresses"
    if outcome == "none":
        return "fail", "no MX record and no address: mail for it cannot be delivered"
    return "warn", "no MX record: mail goes to the domain's own address (implicit MX)"


def _outcome(families: Mapping[str, DnsAnswer]) -> str:
    """Whether a host has an address: "found", "none", or "unknown"."""
    outcomes = {answer.outcome for answer in families.values()}
    return "found" if "found" in outcomes else "none" if outcomes == {"none"} else "unknown"


def _fault(host: str, families: Mapping[str, DnsAnswer]) -> str:
    alias = next((answer.note for answer in families.values() if answer.note.startswith(ALIAS)), "")
    if alias:
        return f"{host} is {alias} (CNAME): an MX record has to name a host itself, RFC 2181 §10.3"
    return f"{host} has no address" if _outcome(families) == "none" else ""


def _name_fault(name: str) -> str:
    try:
        literal = Endpoint.of(name, 25).literal
    except ValueError:
        return f"an MX record names {name}, which is no host name"
    return f"an MX record names the address {name}, where a host's name belongs" if literal else ""
