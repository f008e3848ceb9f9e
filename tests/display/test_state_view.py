"""The state view: the way, and the three rows."""

import pytest
from html_checks import text_of

from smtpnb import display
from smtpnb.protocol.conversation import Conversation, Stage


@pytest.mark.parametrize("stage", Stage)
def test_the_present_state_is_marked_in_words(stage: Stage) -> None:
    text = text_of(display.html(Conversation(stage)) or "")
    assert f"▲ {stage.value} (you are here)" in text
    assert text.count("(you are here)") == 1


@pytest.mark.parametrize(
    ("stage", "reason"),
    [(Stage.CLOSED, "no connection"), (Stage.DATA, "lone dot"), (Stage.AUTH, "SASL response first")],
)
def test_where_no_verb_is_expected_the_reason_is_given(stage: Stage, reason: str) -> None:
    text = text_of(display.html(Conversation(stage)) or "")
    assert reason in text.partition("Expected now:")[2].partition("Would likely")[0]


def test_each_refusal_has_its_reason() -> None:
    text = text_of(display.html(Conversation(Stage.READY, greeted_with="EHLO")) or "")
    assert "RCPT:MAIL first: no mail transaction is open." in text
