"""`reply.explain()`: every sentence that is known of a reply, as text."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import is_one_sentence

from smtpnb.protocol.conversation import GREETED, Conversation, Stage
from smtpnb.protocol.explanation import Explanation
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import visible

READY = Conversation(Stage.READY, greeted_with="EHLO")


def explained(raw: bytes, command: str | None = None, before: Conversation | None = None) -> Explanation:
    parsed = SmtpReply.parse(raw)
    return SmtpReply(parsed.code, parsed.lines, raw, 0.1, command, conversation=before).explain()


def test_the_whole_text_of_a_refusal() -> None:
    told = explained(b"550 relay not permitted\r\n", "RCPT TO:<bob@example.net>", READY)
    assert str(told) == told.to_text()
    assert str(told).splitlines() == [
        "550 refused (permanent, do not repeat unchanged) · cleartext",
        "C: RCPT TO:<bob@example.net>",
        "S: 550 relay not permitted",
        "Meaning: The server refuses this recipient: there is no such user, or it does not relay mail to that domain. (RFC 5321 §3.6.2)",
        (
            "Hint: May be that the server will not relay: the recipient's domain is not its own, and it does not know you. "
            "The text says “relay not permitted”."
        ),
        "Next: If the domain is this server's own, check the name before the @.",
        "Next: If it is another domain, log in first, or send to that domain's own server.",
        "Who and when: The server, in answer to RCPT, VRFY, EXPN or MAIL, and at the end of data.",
        (
            "RCPT: Names one recipient of the message. The client says it after MAIL, once for each recipient. "
            "Usual replies: 250, 251, 450, 451, 452, 455, 503, 550, 551, 552, 553, 555. (RFC 5321 §4.1.1.3)"
        ),
        "5xx: Refused: permanent, do not repeat unchanged. (RFC 5321 §4.2.1)",
        "x5x: Mail system: what the receiving mail system did with the request.",
        "xx0: The finer meaning, given above.",
    ]


@pytest.mark.parametrize(
    ("raw", "command", "words"),
    [
        (b"250 OK\r\n", "EHLO a", "lists the extensions"), (b"250 OK\r\n", "HELO a", "no extensions"),
        (b"250 OK\r\n", "VRFY bob", "shows its mailbox"), (b"250 OK\r\n", "EXPN staff", "a member on each line"),
        (b"250 OK\r\n", "MAIL FROM:<a@b>", "transaction is open"), (b"250 OK\r\n", "RCPT TO:<a@b>", "recipient is accepted"),
        (b"250 OK\r\n", ".", "must deliver it or report"), (b"250 OK\r\n", "RSET", "forgotten"),
        (b"250 OK\r\n", "NOOP", "nothing has changed"), (b"250 OK\r\n", "BDAT 5", "chunk arrived"),
        (b"250 OK\r\n", "bdat 5 last", "last chunk and with it the message"), (b"252 x\r\n", "VRFY bob", "does not tell"),
        (b"501 x\r\n", "EHLO", "A name is missing"), (b"501 x\r\n", "EHLO ", "A name is missing"), (b"501 x\r\n", "helo", "A name is missing"),
        (b"501 x\r\n", "EHLO a_b", "does not like the name"), (b"421 x\r\n", "RCPT TO:<a@b>", "closes the connection"),
        (b"334 VXNlcm5hbWU6\r\n", "AUTH LOGIN", "“Username:”"), (b"334 UGFzc3dvcmQ6\r\n", "⟨hidden⟩", "“Password:”"),
        (b"535 5.7.8 x\r\n", "⟨hidden⟩", "login failed"), (b"250 OK\r\n", "AUTH PLAIN ⟨hidden⟩", "Sends login and password in one piece"),
        (b"550 4.1.1 x\r\n", "RCPT TO:<a@b>", "4.1.1 says “persistent transient failure”: go by the code"),
        (b"599 5.9.9 x\r\n", "XYZZY", "No standard that smtpnb knows has the code 599"),
        (b"599 5.9.9 x\r\n", "XYZZY", "No registry that smtpnb knows has 5.9.9"),
        (b"599 5.9.9 x\r\n", "XYZZY", "No standard that smtpnb knows has this verb"),
        (b"334 \r\n", "AUTH X-NEW", "No list that smtpnb knows has this mechanism"),
    ],
)  # fmt: skip
def test_what_is_told(raw: bytes, command: str, words: str) -> None:
    assert words in explained(raw, command, READY).to_text()


@pytest.mark.parametrize(
    ("raw", "before", "words"),
    [
        (b"554 go away\r\n", GREETED, "As a greeting this says"), (b"554 go away\r\n", None, "The transaction failed"),
        (b"220 hi\r\n", GREETED, "this greeting opens the session"), (b"421 x\r\n", GREETED, "takes no session now"),
        (b"421 x\r\n", READY, "closes the connection"), (b"554 5.7.1 x\r\n", GREETED, "nothing but say QUIT"),
    ],
)  # fmt: skip
def test_a_greeting_is_told_from_a_reply_that_nobody_asked_for(
    raw: bytes, before: Conversation | None, words: str
) -> None:
    assert words in explained(raw, None, before).to_text()


def test_each_extension_of_an_ehlo_reply_is_explained() -> None:
    raw = b"250-mx\r\n250-SIZE 1000\r\n250-auth=LOGIN X-NEW\r\n250 FROB\r\n"
    told = explained(raw, "EHLO a", GREETED)
    assert [note.label for note in told.offers] == ["SIZE", "AUTH", "AUTH LOGIN", "AUTH X-NEW", "FROB"]
    assert [note.quoted for note in told.offers] == [False, False, False, True, True]
    assert "No list that smtpnb knows has this keyword" in told.to_text()


def test_an_endless_auth_line_is_cut() -> None:
    assert (
        len(explained(b"250-mx\r\n250 AUTH" + b" " + b"X" * 900_000 + b" Y" * 50_000 + b"\r\n", "EHLO a").offers) == 21
    )


def test_no_other_reply_offers_anything() -> None:
    assert explained(b"250-a\r\n250 b\r\n", "EXPN x").offers == ()
    assert explained(b"550-a\r\n550 b\r\n", "EHLO x").offers == ()


def test_many_extensions_are_counted() -> None:
    told = explained(b"250-mx\r\n" + b"250-X\r\n" * 99_999 + b"250 X\r\n", "EHLO a")
    assert len(told.offers) == 41
    assert told.offers[-1].sentences == ("And 99,960 more lines.",)


def test_nothing_vague_stands_at_a_glance() -> None:
    assert [note.label for note in explained(b"250 2.1.5 ok\r\n", "RCPT TO:<a@b>").at_a_glance] == ["Meaning"]
    assert [note.label for note in explained(b"503 5.5.1 x\r\n", "RSET").at_a_glance] == ["Meaning", "Next"]
    assert [note.label for note in explained(b"550 5.1.1 x\r\n", "RCPT TO:<a@b>").at_a_glance] == ["Meaning", "Next"]
    assert [note.label for note in explained(b"550 5.1.2 x\r\n", "RCPT TO:<a@b>").at_a_glance] == ["Meaning", "Next"]
    assert [note.label for note in explained(b"501 5.1.8 x\r\n", "RCPT TO:<a@b>").at_a_glance] == [
        "Meaning",
        "5.1.8",
        "Next",
    ]


def test_a_hint_does_not_repeat_the_advice() -> None:
    (hint,) = [note for note in explained(b"450 greylisted\r\n", "RCPT TO:<a@b>").at_a_glance if note.label == "Hint"]
    assert not any("If so" in sentence for sentence in hint.sentences)


@given(
    st.integers(200, 599),
    st.lists(st.text(max_size=20), min_size=1, max_size=4),
    st.none() | st.text(max_size=30) | st.sampled_from(["EHLO", "AUTH LOGIN", ".", "BDAT 1 LAST", "⟨hidden⟩"]),
    st.sampled_from([None, GREETED, READY]),
)
def test_any_reply_can_be_explained(
    code: int, texts: list[str], command: str | None, before: Conversation | None
) -> None:
    lines = [re.sub("[\r\n]", "", text).encode("utf-8", "surrogatepass") for text in texts]
    raw = b"".join(b"%d%s%s\r\n" % (code, b"-" if n < len(lines) - 1 else b" ", line) for n, line in enumerate(lines))
    told = explained(raw, command, before)
    text = told.to_text()
    assert "\n".join(visible(line) for line in text.split("\n")) == text
    assert text == told.to_text()
    assert visible(repr(told)) == repr(told)
    for note in (*told.at_a_glance, *told.more):
        assert all(sentence.endswith(".") for sentence in note.sentences)


@pytest.mark.parametrize("code", range(200, 600))
def test_meaning_of_every_code_is_a_sentence(code: int) -> None:
    assert is_one_sentence(explained(b"%d x\r\n" % code).at_a_glance[0].sentences[0])


def test_it_is_a_value() -> None:
    told = explained(b"250 OK\r\n", "NOOP")
    assert pickle.loads(pickle.dumps(told)) == told
    assert repr(told) == "<Explanation of 250 OK>"
