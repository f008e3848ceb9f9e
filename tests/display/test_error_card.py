"""The error card: what happened, the likely cause, what to try."""

from html_checks import text_of
from view_examples import ERROR, REPLY_ERROR

from smtpnb import display
from smtpnb.errors import SmtpTimeout


def test_card_reads_in_order() -> None:
    text = text_of(display.html(ERROR) or "")
    words = ["✖ SmtpConnectError:", "nothing listens", "Likely cause:", "Try:", "587", "Ask whoever"]
    assert sorted(words, key=text.index) == words


def test_no_cause_and_no_advice_leave_no_label() -> None:
    text = text_of(display.html(SmtpTimeout("nothing came")) or "")
    assert text == "✖ SmtpTimeout: nothing came"


def test_a_refused_reply_is_shown_whole() -> None:
    assert "The whole reply (2 lines)S: 550-5.1.1 No such userS: 550␣5.1.1 Ask" in text_of(
        display.html(REPLY_ERROR) or ""
    )
