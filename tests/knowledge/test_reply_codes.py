"""Every reply code has a meaning, in a sentence, and the lessons that depend on the verb."""

import subprocess
import sys

import pytest
from sentences import is_one_sentence
from sequences import LESSONS

from smtpnb.knowledge import reply_codes
from smtpnb.knowledge.enhanced_status import STATUSES
from smtpnb.knowledge.reply_codes import ANSWERS, BDAT_LAST, CODES, FINER, GREETING, NAMELESS, OCCASIONS
from smtpnb.knowledge.verbs import VERBS
from smtpnb.secret import MASK

#: RFC 5321 §4.2.3 with 251, 252, 421 and 455, 555 of §4.1.1.11; 4954 §6; 3207; 1985; 2645; 5248; 7504.
KNOWN = """
    211 214 220 221 235 250 251 252 253 334 354 421 432 450 451 452 453 454 455 458 459
    500 501 502 503 504 521 523 524 525 530 534 535 538 550 551 552 553 554 555 556
"""  # fmt: skip

#: The codes that the course names: each has to be explained.
COURSE = """
    211 214 220 221 235 250 251 252 334 354 421 450 451 452 454 500 501 502 503 504 530 534 535 538 550 551 552 553 554 555
"""  # fmt: skip

ROWS = [*CODES.values(), *ANSWERS.values(), *FINER.values()]


def test_every_known_code_has_a_row() -> None:
    assert set(CODES) == {int(code) for code in KNOWN.split()}
    assert {int(code) for code in COURSE.split()} <= set(CODES)


def test_every_code_says_who_says_it_and_when() -> None:
    assert set(OCCASIONS) == set(CODES)
    assert all(map(is_one_sentence, OCCASIONS.values()))
    assert all(sentence.startswith("The server, ") for sentence in OCCASIONS.values())
    assert "no standard" in reply_codes.occasion(599)


@pytest.mark.parametrize(
    ("asked", "code"), [(asked, int(code)) for asked in LESSONS for code in LESSONS[asked].split()]
)
def test_each_answer_of_the_standards_teaches_a_lesson_of_its_own(asked: str, code: int) -> None:
    assert (code, asked) in ANSWERS
    assert reply_codes.meaning(code, asked) != CODES[code].meaning or (code, asked) == (252, "VRFY")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code} {row.meaning[:30]}")
def test_meaning_and_advice_are_sentences(row: reply_codes.ReplyCode) -> None:
    assert is_one_sentence(row.meaning)
    assert all(step.endswith(".") and step[0].isupper() for step in row.advice)
    assert row.reference


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code} {row.meaning[:30]}")
def test_every_failure_says_what_to_try(row: reply_codes.ReplyCode) -> None:
    if row.code >= 300 and row.code != 453:  # 453: there is no mail, and nothing to mend
        assert row.advice


@pytest.mark.parametrize("code", [211, 214, 220, 221, 235, 250])
def test_plain_success_has_no_advice(code: int) -> None:
    verbs = {verb for known, verb in ANSWERS if known == code}
    assert [reply_codes.advice(code, verb) for verb in ("", *verbs)] == [()] * (len(verbs) + 1)


def test_a_lesson_is_filed_under_its_own_code() -> None:
    assert [key for key, row in ANSWERS.items() if key[0] != row.code] == []
    named = {".", GREETING, BDAT_LAST, NAMELESS, "AUTH LOGIN", "AUTH PLAIN"}
    assert {verb for _, verb in ANSWERS} <= {*VERBS, *named}
    assert {verb for _, verb, _ in FINER} <= {*VERBS, *named}
    assert {status for _, _, status in FINER} <= set(STATUSES)
    assert [key for key, row in FINER.items() if key[0] != row.code // 100] == []


@pytest.mark.parametrize("code", [250, 252, 503, 550, 554])
def test_the_verb_changes_the_lesson(code: int) -> None:
    meanings = [row.meaning for (known, verb), row in ANSWERS.items() if known == code and verb != "HELO"]
    assert len(set(meanings)) == len(meanings) > 1


@pytest.mark.parametrize(
    ("code", "asked", "status", "words"),
    [
        (550, "RCPT", (1, 1), "no such mailbox"), (553, "RCPT", (1, 1), "no such mailbox"),
        (550, "RCPT", (7, 1), "does not relay"), (554, "RCPT", (7, 1), "does not relay"),
        (550, "RCPT", None, "no such user, or it does not relay"), (550, "RCPT", (9, 9), "no such user, or"),
        (450, "RCPT", (7, 1), "greylisting"), (451, "RCPT", (7, 1), "greylisting"), (452, "RCPT", (2, 2), "full"),
        (452, "RCPT", (5, 3), "no more recipients"), (550, "MAIL", (7, 1), "this sender"), (550, ".", (7, 1), "spam"),
        (550, "BDAT LAST", (7, 1), "spam"), (554, "greeting", (7, 1), "greeting"), (554, "", (7, 1), "rules of the house"),
        (421, "RCPT", None, "closes the connection"), (421, "greeting", None, "no session now"),
        (550, "BDAT LAST", None, "read the message"), (250, "BDAT", None, "chunk"), (250, "BDAT LAST", None, "last chunk"),
        (501, "EHLO without a name", None, "name is missing"), (501, "EHLO", None, "does not like the name"),
        (334, "AUTH LOGIN", None, "prompt"), (334, "AUTH PLAIN", None, "NUL"), (334, MASK, None, "challenge"),
        (535, MASK, (7, 8), "password is wrong"),
    ],
)  # fmt: skip
def test_the_lesson_depends_on_what_was_asked_and_on_the_status(
    code: int, asked: str, status: tuple[int, int] | None, words: str
) -> None:
    assert words in reply_codes.meaning(code, asked, status)
    assert reply_codes.reference(code, asked, status)


@pytest.mark.parametrize("verb", ["AUTH", "auth", MASK, MASK.upper(), "*"])
def test_a_sasl_response_counts_as_auth(verb: str) -> None:
    assert reply_codes.meaning(501, verb) == ANSWERS[501, "AUTH"].meaning


def test_a_verb_without_a_lesson_gets_the_code_s_meaning() -> None:
    assert reply_codes.meaning(421, "RCPT") == CODES[421].meaning == reply_codes.meaning(421)


@pytest.mark.parametrize(
    ("code", "words"),
    [(299, "success"), (399, "go on"), (441, "try later"), (541, "refused"), (599, "unassigned"), (512, "information")],
)
def test_an_unknown_code_falls_back_on_its_digits_and_says_so(code: int, words: str) -> None:
    meaning = reply_codes.meaning(code, "RCPT")
    assert is_one_sentence(meaning)
    assert str(code) in meaning
    assert words in meaning
    assert "No standard that smtpnb knows" in meaning


def test_every_code_a_reply_can_have_is_explained() -> None:
    assert all(is_one_sentence(reply_codes.meaning(code)) for code in range(200, 600))
    assert all(reply_codes.advice(code) for code in range(400, 600) if code != 453)


def test_import_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import smtpnb.secret, sys, time; t = time.perf_counter(); import smtpnb.knowledge.reply_codes;"
        "print(time.perf_counter() - t, 'dataclasses' in sys.modules, 'htpy' in sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(3)]
    seconds, heavy = zip(*[run.stdout.split(maxsplit=1) for run in runs], strict=True)
    assert {line.strip() for line in heavy} == {"False False"}
    assert min(map(float, seconds)) < 0.1  # a few ms once it is compiled; the best of three, as the machine may be busy
