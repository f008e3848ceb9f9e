"""Every verb has a row; those of the conversation table above all."""

import pytest
from sentences import is_one_sentence
from sequences import SEQUENCES

from smtpnb.knowledge import verbs
from smtpnb.knowledge.reply_codes import CODES
from smtpnb.knowledge.verbs import VERBS, Verb
from smtpnb.protocol.conversation import EXPECTED


def test_every_verb_of_the_conversation_has_a_row() -> None:
    assert set(EXPECTED) <= set(VERBS)


@pytest.mark.parametrize("row", VERBS.values(), ids=lambda row: row.name)
def test_purpose_is_a_sentence_and_the_syntax_begins_with_the_verb(row: Verb) -> None:
    assert is_one_sentence(row.purpose)
    assert row.syntax.split(" ")[0] == row.name
    assert is_one_sentence(row.occasion)
    assert is_one_sentence(row.advice)


@pytest.mark.parametrize("row", VERBS.values(), ids=lambda row: row.name)
def test_the_usual_replies_are_codes_that_are_explained(row: Verb) -> None:
    assert row.replies
    assert set(row.replies) <= set(CODES)


@pytest.mark.parametrize(("verb", "codes"), SEQUENCES.items())
def test_the_usual_replies_are_those_of_the_standard(verb: str, codes: str) -> None:
    assert set(map(int, codes.split())) <= {*VERBS[verb].replies, 500, 501}


def test_an_unknown_verb_says_so() -> None:
    row = verbs.row("xyzzy")
    assert (row.name, row.purpose, row.reference) == ("XYZZY", "No standard that smtpnb knows has this verb.", None)
    assert all(map(is_one_sentence, (row.occasion, row.advice)))
