"""The one place where a command line is checked: an argument cannot become a second command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.command import Command, mail_command, raw_command, rcpt_command
from smtpnb.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "AGFsaWNlAHdvbmRlcmxhbmQ="


def test_arguments_are_joined_by_spaces_and_empty_ones_left_out() -> None:
    assert (
        Command("MAIL", "FROM:<a@b>", "", "SIZE=9", "BODY=8BITMIME").wire()
        == b"MAIL FROM:<a@b> SIZE=9 BODY=8BITMIME\r\n"
    )
    assert Command("NOOP").wire() == b"NOOP\r\n"
    assert Command("EHLO", "").wire() == b"EHLO\r\n"
    assert Command("vrfy", "ünï").wire() == "vrfy ünï\r\n".encode()
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
    line = command.wire()
    assert line.count(b"\r") == line.count(b"\n") == 1
    assert line.endswith(b"\r\n")
    assert b"\0" not in line


@given(st.text(max_size=20), st.booleans())
def test_raw_command_is_sent_as_it_was_typed(line: str, answers: bool) -> None:
    try:
        command = raw_command(line, answers_challenge=answers)
    except ValueError:
        return
    assert command.wire() == line.encode("utf-8", "surrogateescape") + b"\r\n"


def test_secret_is_sent_and_not_shown() -> None:
    command = Command("AUTH", "PLAIN", secret=Secret(TOKEN))
    assert command.wire() == f"AUTH PLAIN {TOKEN}\r\n".encode()
    assert command.shown == f"AUTH PLAIN {MASK}"
    assert TOKEN not in repr(command)
    assert Command("", secret=Secret(TOKEN)).shown == MASK
    assert Command("", secret=Secret(TOKEN)).wire() == f"{TOKEN}\r\n".encode()


def test_text_that_looks_like_the_mask_is_sent_whole() -> None:
    assert Command("NOOP", MASK).wire() == f"NOOP {MASK}\r\n".encode()
    assert Command("AUTH", MASK, secret=Secret("x")).wire() == f"AUTH {MASK} x\r\n".encode()


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
    assert command.wire() == line.encode() + b"\r\n"


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
        assert command.wire() == line.encode() + b"\r\n"
    assert raw_command("*", answers_challenge=True).shown == "*"


def test_repr_holds_no_control() -> None:
    assert repr(Command("NOOP", "\x1b[2J\u202e")) == "<Command NOOP ⟨ESC⟩[2J⟨U+202E⟩>"


@pytest.mark.parametrize("make", [mail_command, rcpt_command])
def test_addresses_of_usual_length_alone_are_remembered(make: Callable[[str], Command]) -> None:
    """Made anew at each call: equal strings may be one object."""
    usual, long = ["a" * 200, "@example.org"], ["a" * 300, "@example.org"]
    assert make("".join(usual)) is make("".join(usual))
    assert make("".join(long)) is not make("".join(long))
    assert make("".join(long)).wire() == make("".join(long)).wire()
