"""The five servers of notebook 11 are what the exercises say they are."""

from smtpnb import probe
from smtpnb.exercises.probing import _BEST_FIRST, avenue


def test_ranking_follows_from_the_reports() -> None:
    reports = {name: probe(server) for name, server in avenue().items()}
    assert sorted(reports, key=lambda name: (reports[name].status != "up", reports[name].count("fail"))) == _BEST_FIRST
    broken = [reports[name].count("fail") for name in _BEST_FIRST[:4]]
    assert broken == sorted(set(broken))


def test_one_certificate_alone_is_bad() -> None:
    bad = [
        (name, finding.rule)
        for name, server in avenue().items()
        for finding in probe(server).findings
        if finding.rule in ("R6", "R7") and finding.status == "fail"
    ]
    assert bad == [("hazel", "R7")]
