"""Hints: what real servers' texts suggest, what must suggest nothing, and what hostile text can do (nothing)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_servers import RealServer
from sentences import is_one_sentence
from server_texts import FALSE_FRIENDS, SERVER_TEXTS

from smtpnb.client import SmtpClient
from smtpnb.knowledge import hints
from smtpnb.knowledge.enhanced_status import STATUSES
from smtpnb.knowledge.hints import RULES, Rule, hint, words_of
from smtpnb.protocol.reply import EnhancedStatus, SmtpReply
from smtpnb.text import visible

PHRASES = {phrase for rule in RULES for phrase in rule.phrases}


def hint_of(code: int, verb: str, text: str) -> str | None:
    status = EnhancedStatus.parse(text)
    found = hint(code, verb, text.split("\n"), status and (status.subject, status.detail))
    return found and found.name


@pytest.mark.parametrize(("server", "code", "verb", "text", "name"), SERVER_TEXTS)
def test_texts_of_real_servers(server: str, code: int, verb: str, text: str, name: str | None) -> None:
    assert hint_of(code, verb, text) == name


def test_every_popular_server_is_among_the_texts() -> None:
    popular = {"Postfix", "Exim", "Sendmail", "Exchange", "Microsoft 365", "Gmail", "OpenSMTPD", "qmail"}
    assert popular <= {server for server, *_, name in SERVER_TEXTS if name}


def test_every_rule_has_a_real_text() -> None:
    found = {hint(code, verb, text.split("\n")) for _, code, verb, text, _ in SERVER_TEXTS}
    assert {rule.name for rule in RULES} <= {each.name for each in found if each}


@pytest.mark.parametrize(("code", "verb", "text"), FALSE_FRIENDS)
def test_false_friends_suggest_nothing(code: int, verb: str, text: str) -> None:
    assert hint_of(code, verb, text) is None


@pytest.mark.parametrize(
    ("code", "verb", "text", "name"),
    [
        (421, "greeting", "too busy, come back later", "server busy"),
        (550, ".", "message is not authenticated: DMARC", "DMARC"),
        (550, "RCPT", "Daily sending quota exceeded", "rate limit"),
        (450, "RCPT", "greylisted: temporary failure", "greylisting"),
        (454, "STARTTLS", "session encryption failed", None),
        (550, ".", "message exceeds the size limit of the mailbox", "message too large"),
    ],
)  # fmt: skip
def test_of_two_readings_the_likelier_one(code: int, verb: str, text: str, name: str | None) -> None:
    assert hint_of(code, verb, text) == name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_said_as_a_guess_in_sentences(rule: Rule) -> None:
    assert rule.meaning.startswith("May be ")
    assert is_one_sentence(rule.meaning)
    assert is_one_sentence(rule.advice)
    assert len(set(rule.phrases)) == len(rule.phrases)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_phrase_can_be_found_and_none_is_hidden_by_a_shorter_one_of_a_finer_rule(rule: Rule) -> None:
    for phrase in rule.phrases:
        found = hint(rule.severities[0] * 100 + 50, rule.verbs[0] if rule.verbs else "RCPT", [phrase])
        assert found, phrase
        assert words_of(found.words) in words_of(phrase)


def test_names_tell_rules_apart() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    "lines",
    [
        ["Relay access denied"], ["RELAY ACCESS DENIED"], ["relay  access\tdenied!"], ["<a@b>: Relay access", "denied"],
        ["5.7.1 relay", "5.7.1 access", "5.7.1 denied"], ['"Relay-access" denied'], ["x " * 500 + "relay access denied"],
    ],
)  # fmt: skip
def test_case_spaces_punctuation_and_line_ends_do_not_matter(lines: list[str]) -> None:
    found = hint(554, "RCPT", lines)
    assert found
    assert (found.name, found.words) == ("relaying refused", "relay access denied")
    assert found.reason == "The text says “relay access denied”."
    assert found.step.startswith("If so: log in first")


def test_what_stands_beyond_the_bound_is_not_read() -> None:
    assert hint(554, "RCPT", ["x " * hints.CHARACTERS + "relay access denied"]) is None
    assert hint(554, "RCPT", ["x"] * hints.LINES + ["relay access denied"]) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["x" * 4_000_000], ["a " * 2_000_000], ["relay access " * 300_000], ["@" * 4_000_000], ["." * 4_000_000],
        ["\u202e\0\x1b[2J" * 1_000_000], ["<" * 4_000_000], ["too many " * 400_000] * 50, ["(((((" * 900_000],
        [""] * 1_000_000, ["İ" * 2_000_000], ["'" * 4_000_000], ["(#5.7.1" * 600_000] * 20, ["#5.7. " * 700_000] * 20,
    ],
    ids=range(14),
)  # fmt: skip
def test_hostile_text_costs_no_time(lines: list[str]) -> None:
    started = time.perf_counter()
    for _ in range(5):
        hint(550, "RCPT", lines)
    assert time.perf_counter() - started < 0.5  # about 0.01 s for the five; the margin is for a busy machine


@given(st.integers(200, 599), st.sampled_from(["", "RCPT", "AUTH", ".", "greeting"]), st.lists(st.text(), max_size=4))
def test_any_text_gives_nothing_or_words_of_ours(code: int, verb: str, lines: list[str]) -> None:
    found = hint(code, verb, lines)
    assert found == hint(code, verb, lines)
    assert found is None or found.words in PHRASES or re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", found.words)
    assert found is None or visible(found.words) == found.words


@given(st.sampled_from(sorted(PHRASES)), st.text(max_size=30), st.text(max_size=30))
def test_no_2xx_or_3xx_has_a_hint(phrase: str, before: str, behind: str) -> None:
    assert hint(250, "RCPT", [f"{before} {phrase} {behind}"]) is None
    assert hint(334, "AUTH", [f"{before} {phrase} {behind}"]) is None


# -- a status out of its place -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        (553, "sorry, your envelope sender is in my badmailfrom list (#5.7.1)", "5.7.1"),  # qmail
        (550, "sorry, no room here (#5.2.2)", "5.2.2"),
        (451, "See http://example.org/ (#4.4.3)", "4.4.3"),
        (550, "#5.1.1 bad address a@b", "5.1.1"),  # IronPort
        (550, "Blocked [#5.7.25].", "5.7.25"),
        (554, "Refused (5.7.1)", "5.7.1"),
        (554, "Refused [5.7.1].", "5.7.1"),
    ],
)  # fmt: skip
def test_a_status_elsewhere_in_the_text_is_a_guess(code: int, text: str, said: str) -> None:
    reply = SmtpReply(code, (text,), b"", command="RCPT TO:<a@b>")
    assert reply.enhanced_status is None
    assert reply.hint
    assert reply.hint.meaning.startswith(f"May be meant as the enhanced status {said}: ")
    assert is_one_sentence(reply.hint.meaning)
    assert reply.hint.reason == f"The text says “{said}”."
    assert reply.meaning == SmtpReply(code, ("x",), b"", command="RCPT TO:<a@b>").meaning, "a guess, never a fact"
    (note,) = [note for note in reply.explain().more if note.label == f"{said} in the text"]
    assert note.sentences[0] == f"May be meant as the enhanced status {said}, which belongs in front of the text."


def test_the_words_come_before_the_status_and_both_are_explained() -> None:
    reply = SmtpReply(
        553, ("sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",), b"", command="RCPT TO:<a@b>"
    )
    assert reply.enhanced_status is None
    assert reply.hint
    assert reply.hint.name == "relaying refused"
    told = reply.explain().to_text()
    assert "Hint: May be that the server will not relay" in told
    assert "5.7.1 in the text: May be meant as the enhanced status 5.7.1" in told


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "(#4.7.1)"),  # of another class than the code
        (550, "(#2.0.0)"), (550, "(#5.0.0)"), (550, "(#5.9.9)"), (550, "(#05.7.1)"), (550, "(#5.7.1.2)"), (550, "x#5.7.1"),
        (554, "refused by Mailer (5.7.1) of ours"), (554, "refused by Mailer 5.7.1"), (554, "a@(#5.7.1)"),
        (503, "MAIL first (#5.5.1)"),  # says nothing that 503 does not
        (550, "nothing here (#5.3.0)"),  # names no fault
        (250, "ok (#2.1.5)"), (550, "5.1.1 x (#5.7.1)"),  # one in front is the enhanced status
    ],
)  # fmt: skip
def test_what_is_no_status_out_of_its_place_suggests_nothing(code: int, text: str) -> None:
    reply = SmtpReply(code, (text,), b"", command="RCPT TO:<a@b>")
    assert reply.hint is None


@pytest.mark.parametrize("status", [pair for pair in STATUSES if pair[0]])
@pytest.mark.parametrize("severity", [4, 5])
def test_every_such_guess_is_a_sentence(status: tuple[int, int], severity: int) -> None:
    found = hint(severity * 100 + 50, "RCPT", [f"x (#{severity}.{status[0]}.{status[1]})"])
    assert found is None or (is_one_sentence(found.meaning) and is_one_sentence(found.advice))
    assert (found is None) is (not status[1] or status in {(5, 1), (5, 2), (5, 4), (5, 5)})


# -- servers that nobody here wrote ------------------------------------------------------------------------------


@pytest.mark.postfix
def test_hints_of_a_running_postfix(postfix: RealServer) -> None:
    with SmtpClient(postfix.host, postfix.port, timeout=10) as client:
        client.ehlo("client.example")
        client.mail(postfix.mailboxes[0])
        stranger, unknown = client.rcpt("bob@elsewhere.example"), client.rcpt(f"nobody-of-this-name@{postfix.domain}")
        early = client.ehlo("client.example") and client.data()
    assert stranger.hint
    assert stranger.hint.name == "relaying refused"
    assert not unknown.success
    assert unknown.hint is None or unknown.hint.name == "unknown recipient"
    assert any(step.startswith("Here: MAIL first") for step in early.advice)


@pytest.mark.opensmtpd
def test_hints_of_a_running_opensmtpd(opensmtpd: RealServer) -> None:
    with SmtpClient(opensmtpd.host, opensmtpd.port, timeout=10) as client:
        client.ehlo("client.example")
        client.mail(opensmtpd.mailboxes[0])
        unknown = client.rcpt(f"nobody-of-this-name@{opensmtpd.domain}")
        again = client.ehlo("client.example")
    assert not unknown.success
    assert unknown.hint is None or unknown.hint.name == "unknown recipient"
    assert again.code == 503
    assert any(step.startswith("By the order of the standard EHLO fits here") for step in again.advice)
