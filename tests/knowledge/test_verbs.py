"""Every verb has a row; those of the conversation table above all."""

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import verbs
from smtpnb.knowledge.verbs import VERBS, Verb
from smtpnb.protocol.conversation import EXPECTED


def test_every_verb_of_the_conversation_has_a_row() -> None:
    assert set(EXPECTED) <= set(VERBS)


@pytest.mark.parametrize("row", VERBS.values(), ids=lambda row: row.name)
def test_purpose_is_a_sentence_and_the_syntax_begins_with_the_verb(row: Verb) -> None:
    assert is_one_sentence(row.purpose)
    assert row.syntax.split(" ")[0] == row.name


def test_an_unknown_verb_says_so() -> None:
    assert verbs.row("xyzzy") == Verb("XYZZY", "No standard that smtpnb knows has this verb.", "XYZZY", None)
