"""One tree of errors, each with cause and advice, and nothing in them that a terminal would obey."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smtpnb
from smtpnb import errors
from smtpnb.errors import SmtpError, SmtpReplyError
from smtpnb.protocol.command import Command, raw_command
from smtpnb.protocol.path import path
from smtpnb.protocol.reply import SmtpReply
from smtpnb.protocol.sasl import mechanism_name
from smtpnb.text import visible
from smtpnb.transport.endpoint import Endpoint

KINDS = [getattr(errors, name) for name in errors.__all__]
SIMPLE = [kind for kind in KINDS if kind is not SmtpReplyError]


def test_the_tree_is_as_promised() -> None:
    assert all(issubclass(kind, SmtpError) for kind in KINDS)
    assert issubclass(errors.SmtpConnectError, ConnectionError)
    assert issubclass(errors.SmtpDisconnected, ConnectionError)
    assert issubclass(errors.SmtpTimeout, TimeoutError)
    for kind in (errors.SmtpProtocolError, errors.SmtpTlsError, errors.SmtpInsecureError, SmtpReplyError):
        assert kind.__mro__[1] is SmtpError


@pytest.mark.parametrize("kind", SIMPLE)
def test_error_tells_what_why_and_what_to_try(kind: type[SmtpError]) -> None:
    error = kind("it broke", cause="It was old.", advice=("mend it", "buy another"))
    assert str(error) == "it broke"
    assert (
        error.to_text() == f"{kind.__name__}: it broke\n  Likely cause: It was old.\n  Try: mend it\n  Try: buy another"
    )
    assert error._render_traceback_() == error.to_text().split("\n")
    assert kind("it broke").to_text() == f"{kind.__name__}: it broke"
    assert kind("x", advice="one step").advice == ("one step",)


def test_in_place_of_a_traceback_stand_lines_that_jupyterlab_need_not_break() -> None:
    host, token = ".".join(["mail"] * 20), "QUJD" * 30
    error = SmtpError(
        f"nothing listens at {host} port 25", cause="Many networks let no mail out. " * 5, advice=(token, "a-b " * 40)
    )
    lines = error._render_traceback_()
    assert " ".join(lines).split() == error.to_text().split(), "the same words, none of them broken"
    assert all(len(line) <= 72 or len(line.split()) == 1 for line in lines)
    assert [line for line in lines if line.startswith("  ") and not line.startswith("    ")] == [
        line for line in lines if line.startswith(("  Likely cause:", "  Try:"))
    ], "what follows is set in further than what begins"


def test_every_error_that_is_made_has_a_likely_cause_and_something_to_try() -> None:
    bare = []
    for file in Path(smtpnb.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {kind.__name__ for kind in SIMPLE}:
                given = {keyword.arg for keyword in node.keywords}
                if not {"cause", "advice"} <= given:
                    bare.append(f"{file.name}:{node.lineno}")
    assert bare == []


def test_a_refused_reply_tells_what_its_text_may_mean() -> None:
    reply = SmtpReply(550, ("relay not permitted",), b"550 relay not permitted\r\n", command="RCPT TO:<a@b.example>")
    error = SmtpReplyError(reply)
    assert error.cause.startswith(reply.meaning)
    assert "May be that the server will not relay" in error.cause
    assert error.advice == (
        *reply.advice,
        "If so: log in first, or send to the server that the MX record of the recipient's domain names.",
    )


@pytest.mark.parametrize("kind", SIMPLE)
def test_error_travels_between_processes(kind: type[SmtpError]) -> None:
    error = pickle.loads(pickle.dumps(kind("it broke", cause="c", advice=("a", "b"))))
    assert type(error) is kind
    assert (error.message, error.cause, error.advice) == ("it broke", "c", ("a", "b"))


@pytest.mark.parametrize("kind", SIMPLE)
def test_repr_tells_the_message_as_it_stands_and_travels(kind: type[SmtpError]) -> None:
    error = kind("no answer within 1 second")
    error.message += ", after NOOP"
    assert repr(error) == f"{kind.__name__}('no answer within 1 second, after NOOP')"
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)


@given(st.binary(max_size=60), st.text(max_size=30))
def test_no_error_about_any_input_holds_a_control(octets: bytes, text: str) -> None:
    attempts = (
        lambda: SmtpReply.parse(octets),
        lambda: SmtpReply.parse(b"550 " + octets.replace(b"\n", b"") + b"\r\n").raise_for_status(),
        lambda: SmtpReply.parse(text),
        lambda: Command(text, text),
        lambda: raw_command(text),
        lambda: path(text),
        lambda: mechanism_name(text),
        lambda: Endpoint.of(text, 25),
    )
    for attempt in attempts:
        try:
            attempt()
        except (SmtpError, ValueError) as error:
            shown = error.to_text().split("\n") if isinstance(error, SmtpError) else [str(error)]
            for line in [*shown, repr(error)]:
                assert visible(line) == line
