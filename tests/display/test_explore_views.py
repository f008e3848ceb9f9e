"""The cards of a probe, a domain and a survey: their facts, hostile words, and their size."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from explore_examples import DOMAIN, QUIET, REPORT, SURVEY, TALKATIVE, facts
from html_checks import check, outside_code, parsed, rows_of, text_of
from view_examples import HOSTILE

from smtpnb import display, options
from smtpnb.explore.report import ProbeReport
from smtpnb.explore.results import Packed, Survey
from smtpnb.explore.rules import DnsAnswer, judged
from smtpnb.explore.targets import Problem, Target


def shown(value: object) -> str:
    html = display.html(value)
    assert html
    return html


def said_by(text: str) -> dict[str, object]:
    line = text.encode("utf-8", "surrogatepass").decode("latin-1").replace("\r", "").replace("\n", "")
    return facts(
        (None, f"220 {line}", False),
        ("EHLO x", f"250-{line}\n250-{line}\n250-SIZE {line}\n250 AUTH {line}", False),
        ("EHLO x", f"250-{line}\n250-X{line}\n250 AUTH {line}", True),
        reason=text, tls="TLSv1.3", cipher=["TLS_AES_256_GCM_SHA384", 256], host=text[:50] or "h", tls_reason=text,
        checks={"relay": f"refused: {text}"},
    )  # fmt: skip


def hostile_report(text: str) -> object:
    return judged(
        ProbeReport.from_facts(said_by(text)), mta_sts=("pass", text), dns={"tlsa": DnsAnswer("found", (text,), text)}
    )


def hostile_diff(text: str) -> object:
    return REPORT.diff(hostile_report(text))  # type: ignore[arg-type]


def hostile_domain(text: str) -> object:
    return replace(DOMAIN, domain=text, reports=(hostile_report(text),), findings=hostile_report(text).findings)  # type: ignore[attr-defined]


def hostile_survey(text: str) -> object:
    return Survey((Target(text, 25),) * 2, (Packed.of(said_by(text)),) * 2, (Problem(1, text, text),))


@pytest.mark.parametrize(
    "make", [hostile_report, hostile_diff, hostile_domain, hostile_survey], ids=lambda make: make.__name__
)
@pytest.mark.parametrize("text", [text[:40_000] for text in HOSTILE], ids=lambda text: ascii(text[:20]))
def test_hostile_text_stays_text(make: Callable[[str], object], text: str) -> None:
    html = shown(make(text))
    check(html)
    assert len(html) < 1_000_000
    if "$" in text:
        assert text[:20] not in outside_code(html)


def test_differences_are_marked_in_words() -> None:
    rows = rows_of(shown(REPORT))
    assert any(re.match(r"SIZEyes 1000yes 2000≠ other parameters", row) for row in rows)
    assert any(row.startswith("HELPyesno≠ only in the clear") for row in rows)


def test_auth_is_told_before_and_inside_tls() -> None:
    assert "in the clear: PLAIN; inside TLS: PLAIN, LOGIN" in text_of(shown(REPORT))


def test_card_says_what_the_text_says() -> None:
    for report in (REPORT, QUIET):
        text = text_of(shown(report))
        assert report.verdict in text
        assert all(finding.evidence in text and finding.title in text for finding in report.findings)


def test_time_is_shown_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "handshake 45.0 ms" in text_of(shown(REPORT))
    monkeypatch.setattr(options, "show_timing", False)
    assert " ms" not in text_of(shown(REPORT))
    assert " ms" not in text_of(shown(SURVEY))


def test_survey_card_counts() -> None:
    text = text_of(shown(SURVEY))
    assert "1 up, 1 timeout, 1 pending" in text
    assert "line 4: host:99999" in text
    assert "KilledWorker" in text


def on_one_line(html: str) -> set[str]:
    """The texts that no narrow page can break."""
    return {
        "".join(element.itertext())
        for element in parsed(html).iter()
        if "white-space:nowrap" in element.attrib.get("style", "")
    }


def test_findings_and_statuses_stay_on_one_line() -> None:
    """Cells break anywhere, for hostile words; and where styles are stripped, as on GitHub, at every space."""
    assert {"✔\xa0pass\xa0R1", "✖\xa0fail\xa0R8", "?\xa0unknown\xa0R9"} <= on_one_line(shown(REPORT))
    assert {"fail", "pass", "unknown"} <= on_one_line(shown(REPORT.diff(QUIET)))
    assert {"up", "timeout", "TLSv1.3"} <= on_one_line(shown(SURVEY))


def test_name_of_a_host_keeps_its_room_beside_a_long_greeting() -> None:
    rooms = re.findall(r"inline-block;min-width:([\d.]+)em", shown(SURVEY) + shown(hostile_survey("h" * 300)))
    assert rooms == ["13.2", "13.2", "14.4", "14.4"]


def test_few_hosts_of_a_survey_are_unfolded() -> None:
    few, many = (Survey((Target("h.example", 25),) * n, (Packed.of(TALKATIVE),) * n) for n in (10, 11))
    assert "<details open" in shown(few)
    assert "<details open" not in shown(many)


def test_what_was_not_measured_is_not_known_and_not_none() -> None:
    """Neither TLS nor the rules: a server that gave no answer is no server without TLS."""
    up, silent = (row for row in rows_of(shown(SURVEY)) if " port 25" in row)
    assert silent.count("not known") == 2
    assert "not known" not in up
    assert "TLS:not known" in rows_of(shown(QUIET))
    without = judged(ProbeReport.from_facts(facts((None, "220 mx", False), ("EHLO x", "250 mx", False))))
    assert "TLS:none" in rows_of(shown(without))


def test_ten_thousand_hosts_are_a_small_card() -> None:
    many = Survey(tuple(Target(f"h{n}.example", 25) for n in range(10_000)), (Packed.of(TALKATIVE),) * 10_000)
    html = shown(many)
    assert len(html) < 300_000
    assert "9,960 more" in text_of(html)


def test_sortable_table_holds_hostile_words_as_text() -> None:
    html = hostile_survey("<img src=x onerror=alert(1)></script><script>alert(2)</script>").table()._repr_html_()  # type: ignore[attr-defined]
    assert "<img src=x" not in html
    assert "<script>alert" not in html
