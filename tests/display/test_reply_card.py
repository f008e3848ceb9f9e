"""The reply card: framing, meaning, next step."""

import re

import pytest
from html_checks import check, outside_code, parsed, squeezed, text_of
from view_examples import EHLO, GREETING, HOSTILE, NO_SUCH_USER, RECIPIENTS, SENDER, lines, reply

from smtpnb import display, options
from smtpnb.protocol.conversation import CLOSED, Conversation, Stage
from smtpnb.protocol.next_step import next_steps
from smtpnb.protocol.reply import SmtpReply

READY = Conversation(Stage.READY, greeted_with="EHLO")


def text(value: SmtpReply) -> str:
    return text_of(display.html(value) or "")


def test_heading_reads_as_a_sentence_without_styles() -> None:
    begin = "220 ✔ success (done, go ahead) · ○ cleartextS: 220"
    assert text(GREETING).startswith(begin)
    assert "this greeting opens the session. (RFC 5321 §3.1)" in text(GREETING)


@pytest.mark.parametrize(
    ("raw", "framing"),
    [
        (b"250\r\n", ["S: 250"]),
        (b"250 \r\n", ["S: 250␣"]),
        (b"250 OK\r\n", ["S: 250␣OK"]),
        (b"250-a\r\n250-\r\n250\r\n", ["S: 250-a", "S: 250-", "S: 250"]),
        (b"250-a\r\n250 b\r\n", ["S: 250-a", "S: 250␣b"]),
    ],
)
def test_the_separator_is_shown_as_it_came(raw: bytes, framing: list[str]) -> None:
    assert "".join(framing) + "Meaning:" in text(reply(raw))


def test_command_tls_and_both_meanings_are_said() -> None:
    shown = text(NO_SUCH_USER)
    for words in (
        "C: RCPT TO:<nobody@example.org>",
        "🔒 inside TLS",
        "✖ refused",
        "The server says that it has no such mailbox.",
        "x.x.1:No such mailbox.",
    ):
        assert words in shown


def test_the_end_of_data_is_named() -> None:
    assert "C: . (end of mail data)" in text(reply(b"250 OK\r\n", "."))


def test_many_lines_are_counted_where_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "reply_lines", 4)
    assert "S: 250-2… 6 more lines …S: 250␣9" in text(reply(lines(250, *map(str, range(10)))))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (GREETING, "EHLO"),
        (EHLO, "STARTTLS is on offer"),
        (reply(lines(250, "hi", "AUTH PLAIN"), "EHLO a", secure=True, conversation=READY), "AUTH is on offer"),
        (reply(lines(250, "hi", "SIZE"), "EHLO a", conversation=READY), "MAIL"),
        (reply(b"220 go\r\n", "STARTTLS", conversation=READY), "EHLO again"),
        (reply(b"250 OK\r\n", "MAIL FROM:<a@b.example>", conversation=READY), "RCPT"),
        (reply(b"250 OK\r\n", "RCPT TO:<a@b.example>", conversation=SENDER), "DATA"),
        (reply(b"354 go\r\n", "DATA", conversation=RECIPIENTS), "lone dot"),
        (reply(b"503 no\r\n", "DATA", conversation=SENDER), "Here: RCPT first"),
        (reply(b"503 no\r\n", "DATA"), "at least one RCPT"),
    ],
)
def test_the_next_step_depends_on_where_the_session_stands(value: SmtpReply, words: str) -> None:
    assert any(words in step for step in next_steps(value))
    assert words in text(value)


@pytest.mark.parametrize("value", [reply(b"250 OK\r\n"), reply(b"221 Bye\r\n", "QUIT", conversation=READY)])
def test_no_next_step_where_there_is_none(value: SmtpReply) -> None:
    assert next_steps(value) == ()
    assert "Next:" not in text(value)


# -- the card and the text form of the explanation say the same --------------------------------------------------

COMMANDS = (
    None, "EHLO a.example", "EHLO", "MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "DATA", ".", "BDAT 5 LAST", "RSET",
    "VRFY bob", "EXPN staff", "STARTTLS", "AUTH PLAIN ⟨hidden⟩", "AUTH LOGIN", "⟨hidden⟩", "QUIT", "XYZZY a",
)  # fmt: skip
TEXTS = ("2.1.0 a", "4.7.1 Greylisted", "5.1.2 relay access denied", "VXNlcm5hbWU6")
#: What the card shows and the text does not: its signs, and the names of what is folded.
CHROME = re.compile("[✔▶↻✖○🔒]|More about this [0-9]{3}|What it offers")


def blocks(html: str) -> list[str]:
    """The text of each innermost block."""
    elements = [element for element in parsed(html).iter() if element.tag in BLOCKS]
    inner = [each for each in elements if not any(child.tag in BLOCKS for child in each.iter() if child is not each)]
    return ["".join(each.itertext()) for each in inner]


BLOCKS = ("div", "li", "tr", "summary")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("code", [250, 334, 450, 503, 550, 599])
def test_every_sentence_of_the_text_is_in_the_html_and_the_other_way_round(code: int, command: str | None) -> None:
    for said in TEXTS:
        value = reply(lines(code, said, "more <b>of</b> it"), command, secure=True, conversation=SENDER)
        html = display.html(value.explain()) or ""
        check(html)
        in_html, in_text = squeezed(CHROME.sub("", text_of(html))), squeezed(value.explain().to_text())
        sentences = [re.sub("^Next: ", "", line) for line in value.explain().to_text().splitlines()]
        assert [sentence for sentence in sentences if squeezed(sentence) not in in_html] == []
        shown = [re.sub("^Next: ?", "", squeezed(CHROME.sub("", block))) for block in blocks(html)]
        assert [block for block in shown if block not in in_text] == []


@pytest.mark.parametrize("value", [GREETING, EHLO, NO_SUCH_USER], ids=["greeting", "EHLO", "refused"])
def test_the_card_says_nothing_that_the_explanation_does_not(value: SmtpReply) -> None:
    longer = {squeezed(block) for block in blocks(display.html(value.explain()) or "")}
    assert {squeezed(block) for block in blocks(display.html(value) or "")} <= longer


def test_what_to_do_is_seen_without_unfolding() -> None:
    shown = (display.html(NO_SUCH_USER) or "").partition("<details")[0]
    assert "Meaning:" in shown
    assert "Next:" in shown
    assert "Names one recipient" not in shown


def test_a_hint_is_set_off_and_worded_as_a_guess() -> None:
    shown = text(reply(b"450 4.2.0 Greylisted\r\n", "RCPT TO:<a@b.example>", conversation=SENDER))
    assert "Hint: May be greylisting: " in shown
    assert "The text says “greylisted”." in shown


def test_explain_shows_itself_and_is_unfolded() -> None:
    html = EHLO.explain()._repr_html_()
    assert html == display.explained(EHLO) == display.html(EHLO.explain())
    assert html
    assert html.count("<details open") == 2
    assert "Send STARTTLS, then EHLO again. (RFC 3207 §3)" in text_of(html)


def test_an_unknown_keyword_is_quoted_as_the_server_s_own() -> None:
    value = reply(lines(250, "mx", "<b>FROB</b>"), "EHLO a.example", conversation=CLOSED)
    html = display.html(value.explain()) or ""
    check(html)
    assert "<B>FROB</B>:" in text_of(html)


@pytest.mark.parametrize("said", HOSTILE, ids=lambda said: ascii(said[:20]))
def test_hostile_text_in_an_explanation(said: str) -> None:
    for value in (
        reply(lines(550, said, said), said, conversation=SENDER),
        reply(lines(250, said, said), "EHLO a"),
        reply(lines(334, said), f"AUTH {said}"),
    ):
        html = display.html(value.explain()) or ""
        check(html)
        assert len(html.encode()) < 1_000_000
        assert not re.search(r"\$|\\[(\[b]|`", outside_code(html)), "TeX that JupyterLab would set"


@pytest.mark.parametrize("line", ["AUTH" + " \u202e" * 60_000, "X" * 400_000, "\U000e0041" * 100_000])
def test_a_great_ehlo_reply_is_explained_in_less_than_a_megabyte(line: str) -> None:
    html = display.html(reply(lines(250, *[line] * 60), "EHLO a.example").explain()) or ""
    assert html
    assert len(html.encode()) < 1_000_000
    check(html)
