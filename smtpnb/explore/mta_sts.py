"""MTA-STS (RFC 8461): a mail domain's record and policy, read strictly and held against its servers' names.

Nothing is fetched here: `policy_file` does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smtpnb.explore.rules import DnsAnswer, Judgement
from smtpnb.text import shortened

#: RFC 8461 §3.1: the record, and what its id may be.
_RECORD: Final = re.compile(r"v=STSv1[ \t]*;[ \t]*id=[A-Za-z0-9]{1,32}[ \t]*(;.*)?")

#: RFC 8461 §3.2: a name may have 32 octets, of these characters.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_PATTERN: Final = re.compile(r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,63}\.?")

MODES: Final = ("enforce", "testing", "none")

#: Seconds in the largest max_age that is allowed: one year and six hours.
_LONGEST: Final = 31_557_600
_WEEK: Final = 604_800


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain asks of those who send to it.

    Attributes:
        mode: "enforce", "testing" or "none".
        max_age: seconds for which a sender may remember it.
        mx: the names, or patterns with a star for the first label, that its servers have.
    """

    mode: str
    max_age: int
    mx: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """The policy in a file (RFC 8461 §3.2).

        Raises:
            ValueError: it is none; the message says why.
        """
        fields: dict[str, str] = {}
        patterns: list[str] = []
        for line in text.removesuffix("\n").split("\n"):
            name, value = _field(line.removesuffix("\r"))
            if name == "mx":
                patterns.append(value)
            else:
                fields.setdefault(name, value)  # a repeated one counts for nothing
        if fields.get("version") != "STSv1":
            raise ValueError(f"version is STSv1, not {_quoted(fields.get('version'))}")
        if fields.get("mode") not in MODES:
            raise ValueError(f"mode is {', '.join(MODES)}, not {_quoted(fields.get('mode'))}")
        return cls(fields["mode"], _age(fields.get("max_age")), _patterns(patterns, fields["mode"]))

    def covers(self, host: str) -> bool:
        """Whether a server of this name may be sent to (RFC 8461 §4.1): a star stands for one whole label."""
        name = host.removesuffix(".").lower()
        rest = name.partition(".")[2]
        wanted = [pattern.removesuffix(".").lower() for pattern in self.mx]
        return name in wanted or (bool(rest) and f"*.{rest}" in wanted)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not _NAME.fullmatch(name) or not value.isprintable():
        raise ValueError(f"this line is no “name: value”: {_quoted(line)}")
    return name, value.strip(" \t")


def _age(text: str | None) -> int:
    if text is None or not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _LONGEST:
        raise ValueError(f"max_age is a number of seconds, at most {_LONGEST}, not {_quoted(text)}")
    return int(text)


def _patterns(patterns: Sequence[str], mode: str) -> tuple[str, ...]:
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise ValueError(f"mx is a host's name, or *.name, not {_quoted(pattern)}")
    if not patterns and mode != "none":
        raise ValueError("it names no mx")
    return tuple(patterns)


def _quoted(text: str | None) -> str:
    return "missing" if text is None else f"“{shortened(text, 80)}”"


class Fetched(NamedTuple):
    """What came of fetching the policy.

    Attributes:
        outcome: "found", "none" (there is none that a sender could use), or "unknown" (it could not be found out).
        text: the file.
        note: why it is not found.
    """

    outcome: str
    text: str = ""
    note: str = ""


def judgement(record: DnsAnswer, fetched: Fetched | None, hosts: Sequence[str] | None) -> Judgement:
    """R12: what the record, the policy and the servers' names say together.

    Args:
        record: the TXT records at _mta-sts.
        fetched: the policy; None where it was not asked for.
        hosts: the mail servers; None where they are not known.
    """
    fault = _record_fault(record)
    if fault is not None:
        return fault
    if fetched is None:
        return "unknown", f"{record.values[0]}; the policy was not fetched"
    if fetched.outcome != "found":
        status = "fail" if fetched.outcome == "none" else "unknown"
        return status, f"the record is there, the policy is not: {fetched.note}"
    try:
        policy = Policy.parse(fetched.text)
    except ValueError as error:
        return "fail", f"the record is there, the policy cannot be used: {error}"
    return _held(policy, hosts)


def _record_fault(record: DnsAnswer) -> Judgement | None:
    if record.outcome == "unknown":
        return "unknown", f"no answer from the DNS ({record.note})"
    if record.outcome == "none":
        return "warn", "no MTA-STS record"
    if len(record.values) > 1:
        return "fail", f"there are {len(record.values)} records, which counts as none"
    if not _RECORD.fullmatch(record.values[0]):
        return "fail", f"the record is not “v=STSv1; id=…;” with letters and digits: {_quoted(record.values[0])}"
    return None


def _held(policy: Policy, hosts: Sequence[str] | None) -> Judgement:
    words = f"mode {policy.mode}, max_age {policy.max_age}, mx {', '.join(policy.mx[:8]) or '-'}"
    if policy.mode == "none":
        return "warn", f"the policy is withdrawn: {words}"
    if hosts is None:
        return "unknown", f"the servers are not known to hold the policy against: {words}"
    outside = [host for host in hosts if not policy.covers(host)]
    if outside:
        return "fail", f"the policy does not name {', '.join(outside[:4])}: {words}"
    if policy.mode == "testing":
        return "warn", f"failures are reported, and the mail is delivered all the same: {words}"
    return "pass", words + ("; weeks are usual for max_age" if policy.max_age < _WEEK else "")
