"""Several addresses of one server, one result: which is told first, and whether they answer alike (R16)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtpnb.explore.report import ProbeReport
    from smtpnb.explore.rules import Judgement


def combined(asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of the first address that is up, or of the first, with those of the others under "others"."""
    first = next((position for position, facts in enumerate(asked) if facts["status"] == "up"), 0)
    others = [{**facts, "others": None} for position, facts in enumerate(asked) if position != first]
    return {**asked[first], "others": others}


def answered_alike(host: str, reports: Sequence["ProbeReport"]) -> "Judgement":
    """Whether all addresses are up and offer the same."""
    if any(report.status == "rate_limited" for report in reports):
        return "unknown", f"{host} asked for fewer connections; its other addresses were left alone"
    downs = [report.address[0] for report in reports if report.status != "up" and report.address]
    if len(downs) == len(reports):
        return "unknown", f"no address of {host} answered"
    if downs:
        return "fail", f"{', '.join(downs)} did not answer, others did"
    heard = {(report.ehlo and tuple(report.ehlo), report.ehlo_tls and tuple(report.ehlo_tls)) for report in reports}
    return (
        ("pass", f"all {len(reports)} addresses alike")
        if len(heard) == 1
        else ("fail", "they offer different keywords")
    )


def judgement(report: "ProbeReport") -> "Judgement":
    """R16 for a report with every address; the DNS names of the addresses were not looked at."""
    reports = [report, *(report.others or ())]
    status, words = answered_alike(report.host, reports)
    families = {":" in each.address[0] for each in reports if each.address}
    if status == "pass" and len(families) == 1:
        return "warn", f"{report.host} has {'AAAA' if families == {True} else 'A'} alone"
    return status, f"{words}; their names in the DNS were not looked up" if status == "pass" else words
