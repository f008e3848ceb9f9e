"""All views: snapshots, agreement with the text forms, hostile text, size and determinism."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from html_checks import check, glued, outside_code, squeezed, text_of
from sheet import classes, views
from view_examples import EXAMPLES, HOSTILE, SENDER, exchange, lines, reply

from smtpnb import display, options
from smtpnb.display.capability_matrix import capability_matrix
from smtpnb.errors import SmtpConnectError, SmtpReplyError
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.conversation import Conversation, Stage
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


@pytest.mark.parametrize("kind", sorted(display.VIEWS.keys() | display.LONGER_VIEWS.keys()))
def test_every_registered_view_has_an_example_and_meets_hostile_text(kind: str) -> None:
    assert any(kind in classes(value) for value in EXAMPLES.values())
    assert any(kind in classes(make("x")) for make in MAKERS)


def test_no_snapshot_is_left_over() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(EXAMPLES)


# -- text and HTML agree -----------------------------------------------------------------------------------------


def text_form(value: object) -> str:
    return str(value.to_text() if hasattr(value, "to_text") else value)


@pytest.mark.parametrize(
    "name", ["reply_card", "reply_card_refused", "error_card", "error_card_reply", "ladder", "state_view"]
)
def test_every_fact_of_the_text_is_in_the_html(name: str) -> None:
    text = squeezed(text_of(shown(EXAMPLES[name])))
    facts = [
        re.sub(r"^([-~]>|<[-~]|\*\*|===)( |$)|^(Now|  Try): ", "", line)
        for line in text_form(EXAMPLES[name]).splitlines()
    ]
    assert [fact for fact in facts if squeezed(fact) not in text] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_word_of_the_text_is_in_the_html(name: str) -> None:
    words = re.findall(
        r"\w[\w.@-]*\w", re.sub(r"^<\w+|^(?:Now|  Try): ", "", text_form(EXAMPLES[name]), flags=re.MULTILINE)
    )
    assert words
    text = squeezed(text_of(shown(EXAMPLES[name])))
    assert [word for word in words if word not in text] == []


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


MAKERS = (
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
    "many certificates": lambda: TlsInfo(WORST, WORST, 1, False, WORST, (Certificate(b"x"),) * 1000),
}


@pytest.mark.parametrize("name", BIG)
def test_a_great_value_makes_less_than_a_megabyte_and_quickly(name: str) -> None:
    value = BIG[name]()
    started = time.process_time()
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


def test_a_matrix_of_nothing_says_so() -> None:
    assert "EHLO asks for them" in str(capability_matrix([]))
    assert "EHLO asks for them" in shown(Capabilities())
