"""The envelope beside the header section: what differs, and what that means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb import Sandbox
from smtpnb.envelope import EnvelopeRow, envelope_view


def row(
    name: str, content: str, sender: str = "a@b.example", recipients: tuple[str, ...] = ("c@d.example",)
) -> EnvelopeRow:
    rows = envelope_view("Message 1", sender, recipients, content.replace("\n", "\r\n").encode()).rows
    return next(each for each in rows if each.name == name)


@pytest.mark.parametrize(
    ("content", "differs"),
    [
        ("From: A <a@b.example>\n\n", False),
        ("from: a@B.EXAMPLE\n\n", False),
        ("From: A <A@b.example>\n\n", True),  # capitals of a local-part may mean something
        ("From: x@y\nSender: a@b.example\n\n", False),
        ("From: x@y\n\nFrom: a@b.example\n", True),
        ("From:\n =?utf-8?q?x?=\n <a@b.example>\n\n", False),
        ("Subject: nobody\n\n", True),
        ("", True),
    ],
)
def test_sender(content: str, differs: bool) -> None:
    assert row("sender", content).differs == differs


def test_null_reverse_path_is_explained() -> None:
    assert "null reverse-path" in row("sender", "From: a@b\n\n", sender="").note


def test_bcc_is_who_is_only_in_the_envelope() -> None:
    found = row("recipients", "To: c@d.example\n\n", recipients=("c@d.example", "e@f.example"))
    assert found.differs
    assert "Only in the envelope: <e@f.example>." in found.note
    assert not row("recipients", "To: c@d.example\n\n").differs


def test_a_bcc_field_that_was_sent_is_told() -> None:
    assert "There is a Bcc field" in row("recipients", "To: c@d.example\nBcc: c@d.example\n\n").note


def test_who_is_only_in_the_header_section_is_told() -> None:
    assert "Only in the header section: <e@f>" in row("recipients", "To: c@d.example\nCc: e@f\n\n").note


def test_return_path_belongs_to_the_final_host() -> None:
    assert not row("Return-Path", "To: x@y\n\n").differs
    assert not row("Return-Path", "Return-Path: <a@b.example>\n\n").differs
    assert row("Return-Path", "Return-Path: <x@y>\n\n").differs


def test_text_has_a_line_for_each_row() -> None:
    text = envelope_view("Message 1", "a@b", ("c@d",), b"From: a@b\r\nTo: c@d\r\nReceived: by x\r\n\r\n").to_text()
    assert text.splitlines() == [
        "Message 1: envelope | header section | note",
        "sender: <a@b> | From: a@b | = They agree.",
        "Return-Path: <a@b> | — | = Not there yet: the final host writes the reverse-path into it (RFC 5321 §4.4).",
        "recipients: <c@d> | To: c@d | = They agree.",
        "Received: — | Received: by x | = Each server on the way puts one on top. 1 hop so far.",
    ]


def test_a_captured_message_has_the_view() -> None:
    with Sandbox() as sandbox, sandbox.client(in_memory=True) as client:
        client.send_mail(
            "alice@example.org", ["bob@example.org", "carol@example.org"], "From: x@y\nTo: bob@example.org\n\nhi\n"
        )
        view = sandbox.messages[0].envelope_view()
    assert "Only in the envelope: <carol@example.org>" in view.to_text()
    assert repr(view) == "<EnvelopeView of Message 1: sender, recipients differs>"


@given(st.binary(max_size=300))
def test_any_content_has_a_view(content: bytes) -> None:
    assert "\x1b" not in envelope_view("x", "a@b", ("c@d",), content).to_text()
