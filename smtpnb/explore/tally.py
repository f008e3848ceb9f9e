"""What many reports have in common: counts and times for a survey's card."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtpnb.explore.report import PHASES, ProbeReport

if TYPE_CHECKING:
    from smtpnb.explore.results import Packed

#: Hosts that a tally looks into; of more, evenly spread ones.
MOST = 20_000


@dataclass(frozen=True)
class Tally:
    """Counts over the hosts of a survey.

    Attributes:
        looked_at: how many hosts were looked into.
        tls: what became of TLS → how many of the hosts that are up.
        keywords: EHLO keyword, inside TLS where there was any → how many hosts offer it, most first.
        phases: phase → (median, nine tenths are faster) in seconds.
    """

    looked_at: int
    tls: Mapping[str, int]
    keywords: Mapping[str, int]
    phases: Mapping[str, tuple[float, float]]


def tally(packed: Sequence["Packed"]) -> Tally:
    """The counts over a survey's hosts."""
    packed = packed[:: max(1, -(-len(packed) // MOST))]
    tls: Counter[str] = Counter()
    keywords: Counter[str] = Counter()
    times: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for each in packed:
        report = ProbeReport.from_facts(each.facts)
        if report.status == "up":
            tls[report.tls or "none"] += 1
        keywords.update(list(report.offered or ()))
        for phase, seconds in report.phases.items():
            times.setdefault(phase, []).append(seconds)
    spans = {phase: _span(times[phase]) for phase in PHASES if times[phase]}
    return Tally(len(packed), dict(tls.most_common()), dict(keywords.most_common()), spans)


def _span(seconds: Sequence[float]) -> tuple[float, float]:
    if len(seconds) < 2:
        return seconds[0], seconds[0]
    return statistics.median(seconds), statistics.quantiles(seconds, n=10, method="inclusive")[8]
