"""Content in its three forms, compared with what a client sends and a server delivers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.content import transparent
from smtpnb.protocol.transparency import explain_content
from smtpnb.sandbox import Sandbox

CONTENT = st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b"\r", b"\n", b" ", b"\xff"]), max_size=30).map(
    b"".join
)


@given(CONTENT)
def test_wire_form_is_what_the_client_sends(content: bytes) -> None:
    lines = explain_content(content).lines
    assert b"".join(line.wire + b"\r\n" for line in lines) + b".\r\n" == b"".join(transparent(iter([content])))


@given(CONTENT)
def test_typed_form_is_the_content_again(content: bytes) -> None:
    ends = {"CR LF": b"\r\n", "CR": b"\r", "LF": b"\n", "": b""}
    assert b"".join(line.typed + ends[line.end] for line in explain_content(content).lines) == content


def test_delivered_form_is_what_the_sandbox_delivers() -> None:
    content = "Subject: dots\n\n.\n..two\r\n.NET\nno end"
    with Sandbox() as sandbox, sandbox.client(in_memory=True) as client:
        client.send_mail("alice@example.org", "bob@example.org", content)
        delivered = b"".join(line.typed + b"\r\n" for line in explain_content(content).lines)
        assert sandbox.messages[0].raw == delivered


def test_text_has_three_columns_with_line_ends_as_words() -> None:
    text = explain_content("a\n.b\r\n").to_text()
    assert text.splitlines() == [
        "Content: 2 lines, 1 dot stuffed, 1 line end made CR LF",
        "typed | on the wire | delivered",
        "a LF | a CR LF | a CR LF",
        ".b CR LF | ..b CR LF | .b CR LF",
        "(nothing) | . CR LF | (nothing)",
    ]


def test_great_content_is_looked_at_in_part() -> None:
    def endless() -> object:
        while True:
            yield b"x" * 1000 + b"\n"

    anatomy = explain_content(endless())  # type: ignore[arg-type]
    assert anatomy.more
    assert "not looked at" in repr(anatomy)


@pytest.mark.parametrize("content", [42, None, {"a": 1}])
def test_what_is_no_content_is_refused(content: object) -> None:
    with pytest.raises(TypeError):
        explain_content(content)  # type: ignore[arg-type]
