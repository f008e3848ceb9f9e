"""The error card: what happened, the likely cause, what to try."""

import re

import pytest
from html_checks import check, squeezed, text_of
from view_examples import ERROR, REPLY_ERROR, reply

from smtpnb import display
from smtpnb.errors import SmtpError, SmtpReplyError, SmtpTimeout

HINTED = SmtpReplyError(reply(b"450 Greylisted\r\n", "RCPT TO:<bob@example.org>"))


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


@pytest.mark.parametrize(
    "error", [ERROR, REPLY_ERROR, HINTED, SmtpTimeout("nothing came")], ids=["error", "reply", "hint", "bare"]
)
def test_every_sentence_of_the_text_is_in_the_html_and_the_other_way_round(error: SmtpError) -> None:
    html = display.html(error) or ""
    check(html)
    shown = squeezed(text_of(html).removeprefix("✖"))
    said = [re.sub("^ *Try: ", "", line) for line in error.to_text().splitlines()]
    assert [sentence for sentence in said if squeezed(sentence) not in shown] == []
    rest = shown.partition("Thewholereply")[0]  # what is folded is the reply itself
    for sentence in said:
        rest = rest.replace(squeezed(sentence), "", 1)
    assert rest in ("", "Try:")


def test_a_hint_is_worded_as_a_guess() -> None:
    shown = text_of(display.html(HINTED) or "")
    assert "May be greylisting: " in shown
    assert "the server said 450 Greylisted" in shown
