"""The one place where a command line is checked: an argument cannot become a second command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.command import Command, raw_command
from smtpnb.secret import MASK, Secret

TOKEN = "AGFsaWNlAHdvbmRlcmxhbmQ="


def test_arguments_are_joined_by_spaces_and_empty_ones_left_out() -> None:
    assert (
        Command("MAIL", "FROM:<a@b>", "", "SIZE=9", "BODY=8BITMIME").line() == b"MAIL FROM:<a@b> SIZE=9 BODY=8BITMIME"
    )
    assert Command("NOOP").line() == b"NOOP"
    assert Command("EHLO", "").line() == b"EHLO"
    assert Command("vrfy", "ünï").line() == "vrfy ünï".encode()
    assert Command("vrfy", "x").verb == "VRFY"


@pytest.mark.parametrize("forbidden", ["\r", "\n", "\0", "\r\n", "\r\nRSET"])
@pytest.mark.parametrize("template", ["{}", "a{}", "{}b", "a{}b"])
def test_cr_lf_nul_are_refused_in_every_place(forbidden: str, template: str) -> None:
    argument = template.format(forbidden)
    for attempt in (
        lambda: Command(argument),
        lambda: Command("NOOP", argument),
        lambda: Command("NOOP", "x", argument),
        lambda: Command("AUTH", "PLAIN", secret=Secret(argument)),
        lambda: Command("", secret=Secret(argument)),
        lambda: raw_command(argument),
        lambda: raw_command(f"AUTH PLAIN x{argument}y"),
        lambda: raw_command(argument, answers_challenge=True),
    ):
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            attempt()


@pytest.mark.parametrize("wrong", [None, 0, b"", [], 5, b"bytes", ["x"], Secret("x")])
def test_argument_that_is_no_text_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match=type(wrong).__name__):
        Command("NOOP", wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=type(wrong).__name__):
        raw_command(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["\ud800", "a\udfff", "\udbff\udfff x"])
def test_text_that_no_octets_stand_for_is_refused_before_it_is_sent(wrong: str) -> None:
    """A lone surrogate found only when the line is written would cost the connection."""
    for attempt in (lambda: Command("NOOP", wrong), lambda: Command(wrong), lambda: raw_command(wrong)):
        with pytest.raises(ValueError, match=r".") as caught:
            attempt()
        assert type(caught.value) in (ValueError, UnicodeEncodeError)


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3), st.none() | st.binary(max_size=8))
def test_encoded_command_has_exactly_one_crlf_at_its_end(verb: str, arguments: list[str], secret: bytes | None) -> None:
    try:
        command = Command(verb, *arguments, secret=None if secret is None else Secret(secret))
    except ValueError:
        return
    line = command.line() + b"\r\n"
    assert line.count(b"\r") == line.count(b"\n") == 1
    assert line.endswith(b"\r\n")
    assert b"\0" not in line


@given(st.text(max_size=20), st.booleans())
def test_raw_command_is_sent_as_it_was_typed(line: str, answers: bool) -> None:
    try:
        command = raw_command(line, answers_challenge=answers)
    except ValueError:
        return
    assert command.line() == line.encode("utf-8", "surrogateescape")


def test_secret_is_sent_and_not_shown() -> None:
    command = Command("AUTH", "PLAIN", secret=Secret(TOKEN))
    assert command.line() == f"AUTH PLAIN {TOKEN}".encode()
    assert command.shown == f"AUTH PLAIN {MASK}"
    assert TOKEN not in repr(command)
    assert Command("", secret=Secret(TOKEN)).shown == MASK
    assert Command("", secret=Secret(TOKEN)).line() == TOKEN.encode()


def test_text_that_looks_like_the_mask_is_sent_whole() -> None:
    assert Command("NOOP", MASK).line() == f"NOOP {MASK}".encode()
    assert Command("AUTH", MASK, secret=Secret("x")).line() == f"AUTH {MASK} x".encode()


@pytest.mark.parametrize(
    "line",
    [
        f"AUTH PLAIN {TOKEN}",
        f"auth plain {TOKEN}",
        f"  AUTH   PLAIN   {TOKEN}  ",
        f"AUTH\tPLAIN\t{TOKEN}",
        f"AUTH X {TOKEN} more",
        f"\vAuth PLAIN {TOKEN}",
    ],
)
def test_typed_initial_response_is_hidden(line: str) -> None:
    command = raw_command(line)
    assert TOKEN not in command.shown
    assert MASK in command.shown
    assert command.verb == "AUTH"
    assert command.secret is not None
    assert command.line() == line.encode()


@pytest.mark.parametrize(
    "line", ["AUTH PLAIN", "AUTH LOGIN ", "AUTH", "AUTH PLAIN =", "NOOP AUTH PLAIN x", "AUTHX PLAIN x", "VRFY x"]
)
def test_line_without_initial_response_hides_nothing(line: str) -> None:
    assert raw_command(line).secret is None
    assert raw_command(line).shown == line


def test_answer_to_a_challenge_is_hidden_whatever_it_is_but_the_cancelling_star() -> None:
    for line in ("d29uZGVybGFuZA==", "NOOP", "", "AUTH PLAIN"):
        command = raw_command(line, answers_challenge=True)
        assert command.shown == MASK
        assert command.line() == line.encode()
    assert raw_command("*", answers_challenge=True).shown == "*"


def test_repr_holds_no_control() -> None:
    assert repr(Command("NOOP", "\x1b[2J\u202e")) == "<Command NOOP ⟨ESC⟩[2J⟨U+202E⟩>"
