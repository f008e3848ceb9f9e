"""All views: snapshots, agreement with the text forms, hostile text, size and determinism."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest
from html_checks import check, glued, outside_code, squeezed, text_of
from sheet import classes, views
from view_examples import EXAMPLES, HOSTILE, SENDER, exchange, lines, reply

from smtpnb import display, options
from smtpnb.delivery import Delivery
from smtpnb.display.capability_matrix import capability_matrix
from smtpnb.errors import SmtpConnectError, SmtpReplyError
from smtpnb.exercises.exercise import Verdict
from smtpnb.panel.letter import Draft
from smtpnb.panel.model import Captured, Notice, Offers
from smtpnb.protocol.anatomy import explain_command
from smtpnb.protocol.capabilities import Capabilities, CapabilityHistory
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.plain_lesson import explain_plain
from smtpnb.protocol.transparency import explain_content
from smtpnb.sandbox.description import SandboxDescription
from smtpnb.sandbox.mailbox import CapturedMessage
from smtpnb.sandbox.record import Heard, SessionRecord
from smtpnb.sandbox.stripper import Change
from smtpnb.session import Certificate, SessionSnapshot, TlsInfo
from smtpnb.transcript import Remark, Transcript

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("SMTPNB_UPDATE_SNAPSHOTS"))
MEGABYTE = 1_000_000


def shown(value: object) -> str:
    html = display.html(value)
    assert html
    return html


# -- snapshots ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_view_is_as_in_its_snapshot(name: str) -> None:
    """`SMTPNB_UPDATE_SNAPSHOTS=1 pytest tests/display` writes them anew; read the diff."""
    html = re.sub(r"(?=<(?:div|table|tbody|tr|td|th|details|li)\b)", "\n", shown(EXAMPLES[name])).strip() + "\n"
    file = SNAPSHOTS / f"{name}.html"
    if UPDATE:
        file.write_text(html, encoding="utf-8")
    assert html == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_view_is_allow_listed_and_reads_the_same_again(name: str) -> None:
    html = shown(EXAMPLES[name])
    check(html)
    assert html == shown(EXAMPLES[name])


#: Views that meet hostile text in `test_explore_views.py`, and one that shows nothing but a sentence of ours.
ELSEWHERE = {"ProbeReport", "ReportDiff", "DomainReport", "Survey", "Legend"}


@pytest.mark.parametrize("kind", sorted(display.VIEWS.keys() | display.LONGER_VIEWS.keys()))
def test_every_registered_view_has_an_example_and_meets_hostile_text(kind: str) -> None:
    assert any(kind in classes(value) for value in EXAMPLES.values())
    assert kind in ELSEWHERE or any(kind in classes(make("x")) for make in MAKERS)


def test_no_snapshot_is_left_over() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(EXAMPLES)


# -- text and HTML agree -----------------------------------------------------------------------------------------


def text_form(value: object) -> str:
    return str(value.to_text() if hasattr(value, "to_text") else value)


@pytest.mark.parametrize(
    "name",
    [
        "reply_card",
        "reply_card_refused",
        "error_card",
        "error_card_reply",
        "ladder",
        "members_view",
        "plain_view",
        "state_view",
    ],
)
def test_every_line_of_the_text_is_in_the_html(name: str) -> None:
    text = squeezed(text_of(shown(EXAMPLES[name])))
    facts = [
        re.sub(r"^([-~]>|<[-~]|\*\*|===)( |$)|^(Now|  Try): ", "", line)
        for line in text_form(EXAMPLES[name]).splitlines()
    ]
    assert [fact for fact in facts if squeezed(fact) not in text] == []


#: Signs and headings that a text form has in the place of columns, glyphs and layout.
_NOTATION = {
    "",
    "->",
    "<-",
    "~>",
    "<~",
    "**",
    "===",
    "|",
    "=",
    "SP",
    "Content",
    "Offered",
    "Now",
    "clear",
    "envelope",
    "MAIL",
    "RCPT",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_word_of_the_text_is_in_the_html(name: str) -> None:
    text = text_of(shown(EXAMPLES[name]))
    form = text_form(EXAMPLES[name])
    if name.startswith("bytes"):  # each line is given whole too, before its parts
        form = re.sub("(?m)^[CS]: .*", "", form)
    form = re.sub("(?m)^  More help: .*", "", form)  # how to see the next hint: the card folds them instead
    words = {word.removeprefix("FROM:").removeprefix("TO:").strip(":;,().") for word in form.split()}
    assert {word for word in words - _NOTATION if word.lower() not in text.lower()} == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_words_are_separated_without_any_layout(name: str) -> None:
    """A heading or label does not run into what follows it."""
    assert not re.search(r"(Meaning|Next|Try|Likely cause):\S", text_of(shown(EXAMPLES[name])))


@pytest.mark.parametrize("name", views())
def test_no_word_is_glued_to_the_next_one_where_all_styling_is_stripped(name: str) -> None:
    """GitHub and nbviewer keep the blocks and drop the rest; a word that an element ends is then a word of the text."""
    assert glued(views()[name]) == []


def test_glued_words_are_found() -> None:
    assert glued("<div><span>one</span><span>two</span></div>") == ["one|two"]
    assert glued("<div>one<strong>two</strong></div>") == ["one|two"]
    assert glued("<div><div>one</div>two</div>") == []
    assert glued("<div><code>2<code>5</code></code> <strong>three</strong>.</div>") == []


# -- hostile text ------------------------------------------------------------------------------------------------


def hostile_reply(text: str) -> object:
    return reply(lines(550, text, text), text, conversation=SENDER)


def hostile_greeting(text: str) -> object:
    return reply(lines(220, text))


def hostile_error(text: str) -> object:
    return SmtpConnectError(text, cause=text, advice=(text, text))


def hostile_reply_error(text: str) -> object:
    return SmtpReplyError(reply(lines(550, text, text), text))


def hostile_capabilities(text: str) -> object:
    return Capabilities((text, f"AUTH {text}", f"SIZE {text}", f"XYZZY {text}"))


def hostile_tls(text: str) -> object:
    return TlsInfo(text, text, 256, False, text, (Certificate(text.encode("utf-8", "surrogatepass")),))


def hostile_conversation(text: str) -> object:
    return Conversation(Stage.RECIPIENTS, False, False, text, text, (text, text), 2)


def hostile_transcript(text: str) -> Transcript:
    content = text.encode("utf-8", "surrogatepass")
    said = exchange(text, lines(250, text, text, text), text, content=content)
    return Transcript(
        (Remark(0.0, text), said, Remark(0.0, text, unexpected=True), exchange(".", None, text, content=content))
    )


def hostile_snapshot(text: str) -> object:
    capabilities, conversation = Capabilities((text,)), Conversation(Stage.SENDER, reverse_path=text)
    info = TlsInfo(text, text, 256, True, text)
    transcript = hostile_transcript(text)
    history = (capabilities, Capabilities(), capabilities)
    return SessionSnapshot(text, 25, (text, 25), False, False, conversation, capabilities, history, info, transcript)


def hostile_history(text: str) -> object:
    capabilities = Capabilities((text, f"SIZE {text}"))
    return CapabilityHistory((capabilities, Capabilities((text,), secure=True, authenticated=True)))


def hostile_selection(text: str) -> object:
    return hostile_transcript(text).show(all=len(text) < 10_000, timing=True)


def hostile_session_bytes(text: str) -> object:
    return hostile_transcript(text).bytes()


def hostile_command(text: str) -> object:
    return explain_command(f"RCPT TO:<{text}@{text}> {text}={text}\r\n{text}".encode("utf-8", "surrogatepass"))


def hostile_content(text: str) -> object:
    return explain_content(f".{text}\n{text}\r{text}\r\n".encode("utf-8", "surrogatepass"))


def hostile_lesson(text: str) -> object:
    line = re.sub("[\r\n\0\ud800-\udfff]", "", text)[:50]
    return explain_plain(line, line, line)


def hostile_members(text: str) -> object:
    return reply(lines(250, text, f"{text} <{text}>", f"{text}@{text}"), f"EXPN {text}").members


def hostile_delivery(text: str) -> object:
    refusal, last = reply(lines(550, text), text), reply(lines(250, f"queued as {text}"), ".")
    return Delivery(text, (text,), {f"{text}2": refusal}, last, (text,), (text, f"{text}2", f"{text}3"))


def hostile_message(text: str) -> object:
    header = (
        f"From: {text} <{text}@{text}>\r\nTo: {text}\r\nBcc: a@b\r\n{text}: {text}\r\nReceived: {text}\r\n\r\n{text}"
    )
    raw = header.encode("utf-8", "surrogatepass")
    return CapturedMessage(text, (text, text), raw, raw, authenticated_as=text, number=1)


def hostile_envelope(text: str) -> object:
    return hostile_message(text).envelope_view()  # type: ignore[attr-defined]


def hostile_diff(text: str) -> object:
    return hostile_transcript(text).diff(hostile_transcript(f"{text}x"), (text, text))


def hostile_timing(text: str) -> object:
    return hostile_transcript(text).timing(hostile_transcript(text), labels=(text, text))


def hostile_explanation(text: str) -> object:
    return reply(lines(550, text), text).explain()


def hostile_verdict(text: str) -> object:
    return Verdict(text, "not quite", text, text, (text, text))


def hostile_record(text: str) -> object:
    return SessionRecord(1, (Heard(text, text), Heard(text, text, secure=True)), authenticated_as=text)


def hostile_change(text: str) -> object:
    octets = lines(250, text, text)
    return Change(1, text, octets, lines(250, text))


def hostile_sandbox(text: str) -> object:
    pairs = ((text, text),)
    message = hostile_message(text)
    assert isinstance(message, CapturedMessage)
    record = hostile_record(text)
    assert isinstance(record, SessionRecord)
    return SandboxDescription(
        text, (text,), (text,), pairs, pairs, (text,), (text,), (text,), (text,), (message,), (record,)
    )


def hostile_notice(text: str) -> object:
    return Notice("bad", text, (text, text))


def hostile_offers(text: str) -> object:
    return Offers((Capabilities((text, f"{text} {text}")), Capabilities((f"X{text}",), secure=True)))


def hostile_draft(text: str) -> object:
    return Draft(text, ((text, "To"), (text, "Bcc")), (("From", text), ("Subject", text)), ((text, 1),))


def hostile_captured(text: str) -> object:
    message = hostile_message(text)
    assert isinstance(message, CapturedMessage)
    return Captured((message,))


MAKERS = (
    hostile_explanation, hostile_verdict, hostile_record, hostile_change, hostile_sandbox, hostile_notice, hostile_offers,
    hostile_draft, hostile_captured,
    hostile_history, hostile_selection, hostile_session_bytes, hostile_command, hostile_content, hostile_lesson,
    hostile_members, hostile_delivery, hostile_message, hostile_envelope, hostile_diff, hostile_timing,
    hostile_reply, hostile_greeting, hostile_error, hostile_reply_error, hostile_capabilities, hostile_tls,
    hostile_conversation, hostile_transcript, hostile_snapshot,
)  # fmt: skip


def test_there_are_hostile_strings_enough() -> None:
    assert len(set(HOSTILE)) >= 32


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_text_stays_text(make: Callable[[str], object], text: str) -> None:
    value = make(text)
    for html in {shown(value), display.explained(value) or ""}:
        assert len(html.encode()) < MEGABYTE
        check(html)
        assert not re.search(r"\$|\\[(\[b]|`", outside_code(html)), "TeX that JupyterLab would set"


@pytest.mark.parametrize("text", [text for text in HOSTILE if "<" in text and len(text) < 100])
def test_hostile_markup_is_shown_as_it_was_said(text: str) -> None:
    assert text in text_of(shown(hostile_reply(text)))


# -- size and time -----------------------------------------------------------------------------------------------

WORST = "\U000e0041" * 1000

BIG = {
    "ten megabytes in a line": lambda: reply(lines(250, "x" * 10_000_000), "EHLO a"),
    "ten megabytes in lines": lambda: reply(lines(250, *["x" * 90] * 100_000), "EHLO a"),
    "a million short lines": lambda: reply(b"250-\r\n" * 1_000_000 + b"250 \r\n", "EXPN all"),
    "the worst characters": lambda: reply(lines(250, *[WORST] * 1000), WORST),
    "a transcript of worst characters": lambda: Transcript((exchange(WORST, lines(250, *[WORST] * 70), WORST),) * 300),
    "a transcript of one great reply": lambda: Transcript(
        (exchange("EXPN all", lines(250, *["<" * 90] * 100_000), "ready"),)
    ),
    "a transcript of remarks": lambda: Transcript((Remark(0.0, WORST),) * 2000),
    "a transcript of content": lambda: Transcript(
        (exchange(".", None, "ready", content=b"<\r\n" * 1300, unkept=9),) * 2000
    ),
    "many capabilities": lambda: Capabilities(tuple(f"X{number} {WORST}" for number in range(5000))),
    "many recipients": lambda: Conversation(Stage.RECIPIENTS, forward_paths=(WORST,) * 100, recipients=10**6),
    "ten megabytes as bytes": lambda: reply(lines(250, "x" * 10_000_000), "EHLO a").bytes(),
    "a hundred thousand lines as bytes": lambda: reply(lines(250, *["< a" * 30] * 100_000), "EHLO a").bytes(),
    "a command of many parts": lambda: explain_command("RCPT TO:<a@b>" + f" {WORST[:9]}=<" * 20_000),
    "many lines of the worst": lambda: explain_command(f"NOOP {WORST}\r\n" * 5000),
    "much content": lambda: explain_content(f".{WORST[:200]}\n" * 9000),
    "many members": lambda: reply(lines(250, *[f"{WORST} <{WORST}@x>"] * 3000), "EXPN a").members,
    "many refused": lambda: Delivery(
        WORST,
        (),
        dict.fromkeys(map(str, range(9000)), reply(lines(550, WORST), WORST)),
        reply(lines(554, WORST)),
        recipients=tuple(map(str, range(9000))),
    ),
    "a great message": lambda: CapturedMessage(WORST, (WORST,) * 9000, f"To: {WORST}\r\n".encode() * 9000, b""),
    "a diff of great sessions": lambda: Transcript((exchange(WORST, lines(250, *[WORST] * 9), WORST),) * 900).diff(
        Transcript((exchange("NOOP", lines(250, *[WORST] * 9), WORST),) * 900)
    ),
    "the times of a great session": lambda: Transcript((exchange(WORST, lines(250, WORST), WORST),) * 2000).timing(
        *[Transcript((exchange(WORST, lines(250, WORST), WORST),) * 2000)] * 9
    ),
    "many certificates": lambda: TlsInfo(WORST, WORST, 1, False, WORST, (Certificate(b"x"),) * 1000),
}


@pytest.mark.parametrize("name", BIG)
def test_a_great_value_makes_less_than_a_megabyte_and_quickly(name: str) -> None:
    value = BIG[name]()
    started = time.process_time()  # what it costs, whatever else the machine does
    html = shown(value)
    assert time.process_time() - started < 1.0
    assert len(html.encode()) < MEGABYTE
    check(html)


# -- what is not shown -------------------------------------------------------------------------------------------


def test_seconds_are_shown_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1.9" not in text_of(shown(EXAMPLES["reply_card"]))
    monkeypatch.setattr(options, "show_timing", True)
    assert "1.9 ms" in text_of(shown(EXAMPLES["reply_card"]))


def test_port_and_address_are_not_shown() -> None:
    assert not re.search("2525|49152|127[.]0[.]0[.]1", shown(EXAMPLES["snapshot_card"]))


# -- the look-up -------------------------------------------------------------------------------------------------


def test_a_subclass_is_shown_as_what_it_is() -> None:
    assert "SmtpConnectError" in shown(EXAMPLES["error_card"])


@pytest.mark.parametrize("value", [object(), 42, None, "text"])
def test_a_value_without_a_view_has_none(value: object) -> None:
    assert display.html(value) is None
    assert display.explained(value) is None


def test_a_stranger_of_the_same_name_has_no_view() -> None:
    assert display.html(type("SmtpReply", (), {})()) is None


def test_every_view_that_is_named_exists() -> None:
    from importlib import import_module

    for module, view in (*display.VIEWS.values(), *display.LONGER_VIEWS.values()):
        assert callable(getattr(import_module(f"smtpnb.display.{module}"), view))


def test_the_value_s_own_repr_is_the_view() -> None:
    for value in EXAMPLES.values():
        assert value._repr_html_() == display.html(value)


def test_rich_output_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "rich_output", False)
    assert EXAMPLES["reply_card"]._repr_html_() is None


def test_explained_unfolds_a_reply() -> None:
    html = display.explained(EXAMPLES["reply_card"])
    assert html
    check(html)
    assert "<details open" in html
    assert display.explained(EXAMPLES["ladder"]) == display.html(EXAMPLES["ladder"])


# -- pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_stands_alone(name: str, tmp_path: Path) -> None:
    value = EXAMPLES[name]
    page = value.to_html(tmp_path / "view.html")
    assert (tmp_path / "view.html").read_text(encoding="utf-8") == page
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    assert "default-src 'none'" in tree.find(".//meta[@http-equiv]").attrib["content"]
    assert tree.find(".//meta[@name='color-scheme']").attrib["content"] == "light dark"
    assert tree.find(".//title").text
    assert shown(value) in page
    assert not re.search(r"<(script|link|iframe|style)|(src|href)=\"(?!data:|https://www\.rfc-editor\.org/)", page)


def test_a_value_without_a_view_has_no_page() -> None:
    with pytest.raises(TypeError, match="no view of int"):
        display.page(42)


def test_a_matrix_of_nothing_says_so() -> None:
    assert "EHLO asks for them" in str(capability_matrix([]))
    assert "EHLO asks for them" in shown(Capabilities())
