"""A part of a transcript, chosen by a word, a code, or a function."""

import pytest
from view_examples import TRANSCRIPT, exchange

from smtpnb import display, options
from smtpnb.exchange import Exchange
from smtpnb.selection import Filter
from smtpnb.transcript import Transcript


@pytest.mark.parametrize(
    ("chosen", "commands"),
    [
        ("RCPT", ["RCPT TO:<nobody@example.org>", "RCPT TO:<bob@example.org>"]),
        ("rcpt", ["RCPT TO:<nobody@example.org>", "RCPT TO:<bob@example.org>"]),
        ("550", ["RCPT TO:<nobody@example.org>"]),
        ("3xx", ["DATA"]),
        ("refused", ["RCPT TO:<nobody@example.org>", None]),
        ("unanswered", ["BDAT 5 LAST"]),
        ("content", [".", "BDAT 5 LAST"]),
        ("clear", [None, "EHLO notebook.example", "STARTTLS"]),
        (("DATA", "."), ["DATA", "."]),
        (lambda exchange: exchange.octets > 100, ["."]),
    ],
)
def test_filter_chooses_exchanges(chosen: Filter, commands: list[str | None]) -> None:
    entries = TRANSCRIPT.show(chosen).entries
    assert [entry.command for entry in entries if isinstance(entry, Exchange)] == commands
    assert len(entries) == len(commands)


def test_no_filter_is_everything() -> None:
    assert TRANSCRIPT.show().entries == TRANSCRIPT.entries
    assert TRANSCRIPT.show().to_text() == TRANSCRIPT.to_text()
    assert TRANSCRIPT.ladder("RCPT") == TRANSCRIPT.show("RCPT")
    assert display.html(TRANSCRIPT.show()).count("<tr") == display.html(TRANSCRIPT).count("<tr")  # type: ignore[union-attr]


@pytest.mark.parametrize("chosen", ["", "two words", "§", "RCPT;"])
def test_a_word_that_means_nothing_is_refused(chosen: str) -> None:
    with pytest.raises(ValueError, match="chooses nothing"):
        TRANSCRIPT.show(chosen)


def test_no_word_at_all_is_refused() -> None:
    with pytest.raises(TypeError, match="a filter is words"):
        TRANSCRIPT.show([42])  # type: ignore[list-item]


def test_all_shows_what_a_view_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "ladder_rows", 4)
    transcript = Transcript(tuple(exchange(f"NOOP {number}", None, "ready") for number in range(50)))
    cut, whole = display.html(transcript.show()) or "", display.html(transcript.show(all=True)) or ""
    assert "46 more entries" in cut
    assert "transcript.show(all=True)" in cut
    assert "more entries" not in whole
    assert all(f"NOOP {number}<" in whole for number in range(50))


def test_times_are_shown_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "took 1.9 ms" not in (display.html(TRANSCRIPT) or "")
    assert "took 1.9 ms" in (display.html(TRANSCRIPT.show(timing=True)) or "")
    monkeypatch.setattr(options, "show_timing", True)
    assert "took 1.9 ms" in (display.html(TRANSCRIPT) or "")
    assert "took 1.9 ms" not in (display.html(TRANSCRIPT.show(timing=False)) or "")
