"""Where code and enhanced status are both known, the first sentence never names another cause than the status does."""

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import reply_codes
from smtpnb.knowledge.enhanced_status import STATUSES
from smtpnb.knowledge.reasons import ABOUT, SEVERAL, about, reason
from smtpnb.knowledge.reply_codes import CODES, FINER, names
from smtpnb.knowledge.verbs import VERBS
from smtpnb.protocol.reply import SmtpReply

FAILURES = [code for code in CODES if code >= 400]
ASKED = ("", "greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", ".", "BDAT LAST", "VRFY", "EXPN", "AUTH", "STARTTLS")

#: Words of a first sentence → the subjects, or pairs of subject and detail, of which one may say so.
CAUSES: dict[str, tuple[int | tuple[int, int], ...]] = {
    "more recipients": ((5, 3), 3),  # 3: beside "or has no room"
    "no recipient was accepted": (5,),
    "no such mailbox": (1, 2, 7),  # each beside "or its rules forbid this"
    "no such user": (1, 7),
    "mailbox is full": ((2, 2), (2, 0)),
    "mailbox cannot take mail": (2, 7),
    "larger than": ((3, 4), 3),
    "declared size": ((3, 4), 3),
    "short of room": (3,),
    "no room": (3, 2),
    "trouble on": (3, 4),
    "mailbox name": (1,),
    "content breaks": (6, 7),
    "greylisting": ((7, 1),),
    "password is wrong": (7,),
    "fits more than one user": (1,),
}


def sentence(code: int, text: str, command: str) -> str:
    """The first sentence of the card of such a reply."""
    return SmtpReply(code, (text,), b"", command=command).explain().at_a_glance[0].sentences[0]


@pytest.mark.parametrize(
    ("code", "text", "command", "words", "not_words"),
    [
        (452, "4.2.2 x", "RCPT TO:<a@b>", "mailbox is full", "recipients"),
        (452, "4.2.2 x", ".", "mailbox is full", "short of room"),
        (452, "4.2.2 x", "DATA", "mailbox is full", "recipients"),
        (452, "4.3.1 x", "RCPT TO:<a@b>", "no room left", "recipients"),
        (452, "4.5.3 x", "DATA", "more recipients", "room"),
        (450, "4.7.1 x", "MAIL FROM:<a@b>", "rules of the house", "mailbox"),
        (450, "4.7.1 x", "RCPT TO:<a@b>", "rule of the house", "busy"),
        (451, "4.7.1 x", "RCPT TO:<a@b>", "greylisting", "trouble"),
        (451, "4.7.1 x", "DATA", "rules of the house", "trouble"),
        (550, "5.7.1 x", "VRFY bob", "rules of the house", "no such user"),
        (550, "5.7.1 x", "RCPT TO:<a@b>", "relay", "no such"),
        (552, "5.2.2 x", ".", "mailbox is full", "larger"),
        (552, "5.7.0 x", ".", "rules of the house", "larger"),
        (554, "5.7.1 x", "DATA", "rules of the house", "no recipient"),
        (554, "5.7.1 x", "RCPT TO:<a@b>", "relay", "no such"),
        (553, "5.7.1 x", "MAIL FROM:<a@b>", "rules of the house", "badly formed"),
        (554, "5.5.1 x", "DATA", "no recipient was accepted", "out of place"),  # the code's own lesson agrees, and says more
        (552, "5.3.4 x", ".", "larger than this server takes", "mailbox"),
    ],
)  # fmt: skip
def test_the_status_rules_the_first_sentence(code: int, text: str, command: str, words: str, not_words: str) -> None:
    said = sentence(code, text, command)
    assert words in said
    assert not_words not in said


@pytest.mark.parametrize("code", FAILURES)
def test_no_first_sentence_names_a_cause_that_the_status_does_not(code: int) -> None:
    wrong = [
        (asked, pair, said)
        for asked in ASKED
        for pair in STATUSES
        if pair[0] and pair != (1, 5)  # "the recipient is good" comes with no failure
        for said in [reply_codes.meaning(code, asked, pair)]
        for words, causes in CAUSES.items()
        if words in said and STATUSES[pair].meaning.lower() not in said.lower()
        if pair[0] not in causes and pair not in causes and (code // 100, asked, pair) not in FINER
    ]
    assert wrong == []


@pytest.mark.parametrize("code", sorted(SEVERAL))
def test_of_a_code_with_several_causes_the_status_tells_which(code: int) -> None:
    for asked in ASKED:
        for pair, row in STATUSES.items():
            if not pair[0] or not pair[1] or pair in ((5, 1), (5, 2), (5, 4), (5, 5)):
                continue
            said = reply_codes.row(code, asked, pair)
            finer = any((code // 100, name, pair) in FINER for name in names(asked))
            assert finer or (
                said.meaning.lower().endswith(f": {row.meaning.lower()}") and said.reference == row.reference
            )


@pytest.mark.parametrize("code", FAILURES)
def test_whatever_the_status_it_is_a_sentence_with_advice(code: int) -> None:
    for asked in ASKED:
        for pair in [*STATUSES, (7, 650), (2, 99), (9, 9), (0, 0)]:
            row = reply_codes.row(code, asked, pair)
            assert is_one_sentence(row.meaning)
            assert row.advice or code == 453


@pytest.mark.parametrize(
    ("code", "asked", "pair"), [(530, "MAIL", (7, 0)), (503, "DATA", (5, 1)), (501, "MAIL", (1, 7))]
)
def test_where_the_code_s_own_lesson_is_about_the_same_it_stands(code: int, asked: str, pair: tuple[int, int]) -> None:
    assert reason(code, names(asked), pair) is None
    assert reply_codes.meaning(code, asked, pair) == reply_codes.meaning(code, asked)


def test_a_detail_that_no_registry_has_is_told_by_its_subject() -> None:
    assert "the reason lies in the recipient's mailbox" in sentence(452, "4.2.99 x", ".")
    assert sentence(452, "4.9.9 x", ".") == sentence(452, "x", ".")
    assert sentence(452, "5.2.2 x", ".") == sentence(452, "x", ".")  # of another class: the code is believed


def test_what_the_first_sentence_says_is_not_said_again() -> None:
    labels = [note.label for note in SmtpReply(452, ("4.2.2 x",), b"", command=".").explain().at_a_glance]
    assert labels == ["Meaning", "Next"]


def test_the_table_is_about_what_there_is() -> None:
    assert {code for code, _ in ABOUT} <= set(FAILURES)
    assert {name for _, name in ABOUT} <= {"", ".", "greeting", *VERBS}
    assert about(554, ["MAIL"]) == about(599, ["RCPT"]) == (1, 2, 3, 4, 5, 6, 7)
    assert reason(250, ["RCPT"], (1, 5)) is None
