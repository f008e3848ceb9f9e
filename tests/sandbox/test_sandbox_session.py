"""The session's dialogue, verb by verb: each conversation whole, line by line and octet by octet."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_talk import EHLO, ENVELOPE, MAIL, RCPT, captured, closes, codes, fed, octet_by_octet, replies, talked

from smtpnb.sandbox import Configuration, Session
from smtpnb.sandbox.directory import Directory
from smtpnb.sandbox.mailbox import Mailbox
from smtpnb.sandbox.offer import Offer
from smtpnb.sandbox.steps import Close, Octets, StartTls, joined

PLAIN = base64.b64encode(b"\0alice\0wonderland")


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\r\n" for text in texts).encode()


def test_greeting_names_no_machine() -> None:
    assert Session().greet() == [Octets(b"220 sandbox.example ESMTP smtpnb teaching server\r\n")]


def test_ehlo_lists_what_is_offered() -> None:
    steps = fed(Session(), [EHLO])
    assert joined(steps).decode().split("\r\n")[1:-1] == [
        "250-sandbox.example greets notebook.example",
        "250-PIPELINING",
        "250-SIZE 10485760",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-DSN",
        "250-CHUNKING",
        "250-ENHANCEDSTATUSCODES",
        "250-STARTTLS",
        "250-AUTH PLAIN LOGIN",
        "250-VRFY",
        "250-EXPN",
        "250 HELP",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # order
        (MAIL, ["503 5.5.1"]),
        (EHLO + RCPT, ["250", "503 5.5.1"]),
        (EHLO + b"DATA\r\n", ["250", "503 5.5.1"]),
        (EHLO + MAIL + b"DATA\r\n", ["250", "250 2.1.0", "503 5.5.1"]),
        (EHLO + MAIL + MAIL, ["250", "250 2.1.0", "503 5.5.1"]),
        (ENVELOPE + b"RSET\r\n" + RCPT, ["250", "250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1"]),
        (EHLO + MAIL + EHLO + RCPT, ["250", "250 2.1.0", "250", "503 5.5.1"]),
        (EHLO + MAIL + b"AUTH PLAIN\r\n", ["250", "250 2.1.0", "503 5.5.1"]),
        (b"STARTTLS\r\n", ["503 5.5.1"]),
        (b"HELO notebook.example\r\nSTARTTLS\r\n", ["250", "503 5.5.1"]),
        (b"AUTH PLAIN\r\n", ["503 5.5.1"]),
        (b"BDAT 0 LAST\r\n", ["503 5.5.1"]),
        # allowed at any time (RFC 5321 §4.1.4)
        (
            b"NOOP\r\nRSET\r\nHELP\r\nVRFY alice\r\nEXPN staff\r\n",
            ["250 2.0.0"] * 2 + ["214 2.0.0"] + ["250 2.1.5"] * 2,
        ),
        # arguments
        (b"EHLO\r\n", ["501"]),
        (b"HELO\r\n", ["501"]),
        (b"EHLO two words\r\n", ["501"]),
        (b"EHLO [127.0.0.1]\r\nEHLO [IPv6:::1]\r\n", ["250", "250"]),
        (b"EHLO [127.0.0.256]\r\nEHLO [IPv6:::x]\r\nEHLO []\r\n", ["501", "501", "501"]),
        (b"NOOP with anything\r\nnoop\r\nNoOp  \r\n", ["250 2.0.0"] * 3),
        (b"RSET now\r\nQUIT now\r\n", ["501 5.5.4", "501 5.5.4"]),
        (ENVELOPE + b"DATA now\r\n", ["250", "250 2.1.0", "250 2.1.5", "501 5.5.4"]),
        (EHLO + b"STARTTLS now\r\n", ["250", "501 5.5.4"]),
        (b"VRFY\r\nEXPN\r\n", ["501 5.5.4", "501 5.5.4"]),
        (b"HELP MAIL\r\nHELP NONE\r\n", ["214 2.0.0", "504 5.5.4"]),
        (EHLO + b"AUTH\r\nAUTH CRAM-MD5\r\n", ["250", "501 5.5.4", "504 5.5.4"]),
        # no verbs
        (b"\r\nHOLA\r\n NOOP\r\nMAILFROM:<a@b>\r\n", ["500 5.5.1"] * 4),
        (b"\xff\xfe\x00\r\nNOOP\r\n", ["500 5.5.1", "250 2.0.0"]),
        # line ends
        (b"NOOP\nNOOP\r\n", ["500 5.5.2", "250 2.0.0"]),
        (b"NOOP\rNOOP\r\nNOOP\r\n", ["500 5.5.1", "250 2.0.0"]),
        (b"NOOP " + b"x" * 5000 + b"\r\nNOOP\r\n", ["500 5.5.2", "250 2.0.0"]),
        (b"NOOP " + b"x" * (4096 - 7) + b"\r\n", ["250 2.0.0"]),
        (b"NOOP " + b"x" * (4096 - 6) + b"\r\n", ["500 5.5.2"]),
    ],
)
def test_order_and_syntax(said: bytes, expected: list[str]) -> None:
    assert codes(talked(said)) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("MAIL FROM:<>", "250 2.1.0"),
        ("mail from:<a@b.example>", "250 2.1.0"),
        ("MAIL FROM:<@relay.example,@other.example:a@b.example>", "250 2.1.0"),
        ('MAIL FROM:<"a > b"@b.example>', "250 2.1.0"),
        (r'MAIL FROM:<"a\"b"@b.example> SIZE=1', "250 2.1.0"),
        ("MAIL FROM:<a@[127.0.0.1]>", "250 2.1.0"),
        ("MAIL FROM:<a@[IPv6:2001:db8::1]>", "250 2.1.0"),
        ("MAIL FROM: <a@b.example>", "501 5.5.2 No space behind the colon"),
        ("MAIL FROM :<a@b.example>", "501 5.5.2 No space before the colon"),
        ("MAIL FROM:a@b.example", "501 5.5.2 An address goes in angle brackets"),
        ("MAIL FROM:<a@b.example>SIZE=1", "501 5.5.2 A space goes between"),
        ("MAIL <a@b.example>", "501 5.5.2 Syntax error"),
        ("MAIL TO:<a@b.example>", "501 5.5.2 Syntax error"),
        ("MAIL", "501 5.5.2"),
        ("MAIL FROM:<a>", "501 5.1.7"),
        ("MAIL FROM:<a b@c.example>", "501 5.1.7"),
        ("MAIL FROM:<a@b..example>", "501 5.1.7"),
        ("MAIL FROM:<.a@b.example>", "501 5.1.7"),
        ("MAIL FROM:<a@-b.example>", "501 5.1.7"),
        ("MAIL FROM:<a@[1.2.3]>", "501 5.1.7"),
        (f"MAIL FROM:<{'a' * 65}@b.example>", "501 5.1.7"),
        (f"MAIL FROM:<a@{'b.' * 130}example>", "501 5.1.7"),
        ("MAIL FROM:<a@b.example> SIZE=10 BODY=8bitmime RET=hdrs ENVID=x+2B AUTH=<>", "250 2.1.0"),
        ("MAIL FROM:<a@b.example> AUTH=a+2Bb@c.example", "250 2.1.0"),
        ("MAIL FROM:<a@b.example> SIZE=10485761", "552 5.3.4"),
        ("MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE=1 size=1", "501 5.5.4 SIZE is given twice"),
        ("MAIL FROM:<a@b.example>  SIZE=1", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=9BIT", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> SMTPUTF8=yes", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> RET=ALL", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> ENVID=a+2b", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> XFOO=1", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> NOTIFY=NEVER", "555 5.5.4"),
        ("MAIL FROM:<jürgen@b.example>", "550 5.6.7"),
        ("MAIL FROM:<jürgen@bücher.example> SMTPUTF8", "250 2.1.0"),
    ],
)
def test_mail(command: str, expected: str) -> None:
    assert talked(EHLO + lines(command))[-1].startswith(expected)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("RCPT TO:<bob@example.org>", "250 2.1.5"),
        ("RCPT TO:<BOB@Example.ORG>", "250 2.1.5"),
        ('RCPT TO:<"bob"@example.org>', "250 2.1.5"),
        ("RCPT TO:<Postmaster>", "250 2.1.5"),
        ("RCPT TO:<@relay.example:bob@example.org>", "250 2.1.5"),
        ("RCPT TO:<everyone@example.org>", "250 2.1.5"),
        ("RCPT TO:<anyone@elsewhere.example>", "250 2.1.5"),
        ("RCPT TO:<nobody@example.org>", "550 5.1.1"),
        ("RCPT TO:<>", "501 5.1.3"),
        ("RCPT TO:<bob>", "501 5.1.3"),
        ("RCPT TO: <bob@example.org>", "501 5.5.2 No space behind the colon"),
        ("RCPT TO:<böb@example.org>", "553 5.6.7"),
        ("RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;b+2Bb@x.example", "250 2.1.5"),
        ("RCPT TO:<bob@example.org> NOTIFY=never", "250 2.1.5"),
        ("RCPT TO:<bob@example.org> NOTIFY=NEVER,SUCCESS", "501 5.5.4"),
        ("RCPT TO:<bob@example.org> NOTIFY=SUCCESS,SUCCESS", "501 5.5.4"),
        ("RCPT TO:<bob@example.org> ORCPT=bob@example.org", "501 5.5.4"),
        ("RCPT TO:<bob@example.org> SIZE=1", "555 5.5.4"),
    ],
)
def test_rcpt(command: str, expected: str) -> None:
    assert talked(EHLO + MAIL + lines(command))[-1].startswith(expected)


def test_helo_offers_no_parameters() -> None:
    said = lines("HELO notebook.example", "MAIL FROM:<a@b.example> SIZE=1", "MAIL FROM:<a@b.example>")
    assert codes(talked(said)) == ["250", "555 5.5.4", "250 2.1.0"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alice", "250 2.1.5 Alice <alice@example.org>"),
        ("ALICE", "250 2.1.5 Alice <alice@example.org>"),
        ("alice@example.org", "250 2.1.5 Alice <alice@example.org>"),
        ("<alice@example.org>", "250 2.1.5 Alice <alice@example.org>"),
        ("alice SMTPUTF8", "250 2.1.5 Alice <alice@example.org>"),
        ("nobody", "550 5.1.1 No such user here"),
        ("staff", "550 5.1.1 That is a mailing list, not a user: ask EXPN"),
        ("dave@example.net", "252 2.0.0 Cannot say, but will take mail and try to deliver it"),
    ],
)
def test_vrfy(name: str, expected: str) -> None:
    assert talked(EHLO + lines(f"VRFY {name}"))[-1] == expected


def test_expn_gives_members_and_nested_lists_as_they_are() -> None:
    output = joined(fed(Session(), [b"EXPN everyone\r\nEXPN staff\r\nEXPN alice\r\nEXPN none\r\n"]))
    assert output.decode().split("\r\n")[1:-1] == [
        "250-2.1.5 Staff <staff@example.org>",
        "250 2.1.5 <dave@example.net>",
        "250-2.1.5 Alice <alice@example.org>",
        "250-2.1.5 Bob <bob@example.org>",
        "250 2.1.5 Carol <carol@example.org>",
        "550 5.1.1 That is a user, not a mailing list: ask VRFY",
        "550 5.1.1 No such mailing list here",
    ]


def test_vrfy_lists_the_possibilities_where_a_name_is_ambiguous() -> None:
    directory = Directory(mailboxes=["alice@example.org", "alice@example.net"])
    output = joined(fed(Session(Configuration(directory=directory)), [b"VRFY alice\r\n"]))
    assert output.split(b"\r\n")[1:-1] == [
        b"553-5.1.4 Ambiguous; possibilities are",
        b"553-5.1.4 Alice <alice@example.org>",
        b"553 5.1.4 Alice <alice@example.net>",
    ]


def test_data_undoes_transparency_and_keeps_the_wire() -> None:
    wire = b"Subject: dots\r\n\r\n..\r\n...two\r\n.x\r\n.\r\n"
    assert talked(ENVELOPE + b"DATA\r\n" + wire)[-1] == "250 2.0.0 Queued as 1"
    (message,) = captured(ENVELOPE + b"DATA\r\n" + wire)
    assert message.raw == b"Subject: dots\r\n\r\n.\r\n..two\r\nx\r\n"
    assert message.wire == wire
    assert (message.sender, message.recipients) == ("alice@example.org", ("bob@example.org",))
    assert message.email["Subject"] == "dots"


def test_empty_message() -> None:
    said = ENVELOPE + b"DATA\r\n.\r\n"
    assert codes(talked(said))[-2:] == ["354", "250 2.0.0"]
    assert [message.raw for message in captured(said)] == [b""]


def test_transaction_is_over_after_data() -> None:
    assert codes(talked(ENVELOPE + b"DATA\r\n.\r\n" + RCPT))[-1] == "503 5.5.1"


def test_message_larger_than_size_is_refused_after_the_dot() -> None:
    offer = Offer.usual(size=100)
    said = ENVELOPE + b"DATA\r\n" + b"x" * 101 + b"\r\n.\r\nNOOP\r\n"
    assert codes(talked(said, offer=offer))[-2:] == ["552 5.3.4", "250 2.0.0"]
    assert captured(said, offer=offer) == ()


def test_message_of_exactly_size_is_taken() -> None:
    said = ENVELOPE + b"DATA\r\n" + b"x" * 98 + b"\r\n.\r\n"
    assert codes(talked(said, offer=Offer.usual(size=100)))[-1] == "250 2.0.0"


def test_eight_bits_without_body_as_configured() -> None:
    said = ENVELOPE + b"DATA\r\n\r\n\xc3\xa4\r\n.\r\n"
    assert codes(talked(said))[-1] == "250 2.0.0"
    assert codes(talked(said, strict_8bit=True))[-1] == "554 5.6.3"
    declared = said.replace(b"org>\r\nRCPT", b"org> BODY=8BITMIME\r\nRCPT")
    assert codes(talked(declared, strict_8bit=True))[-1] == "250 2.0.0"


def test_too_many_recipients() -> None:
    assert codes(talked(ENVELOPE + RCPT + RCPT, max_recipients=2))[-2:] == ["250 2.1.5", "452 4.5.3"]


def test_full_sandbox_takes_no_more() -> None:
    said = ENVELOPE + b"DATA\r\n\r\nhello\r\n.\r\n"
    full = Configuration(mailbox=Mailbox(capacity=5))
    assert codes(replies(joined(fed(Session(full), [said]))))[-1] == "452 4.3.1"


def test_bdat_in_chunks() -> None:
    said = ENVELOPE + b"BDAT 9\r\nSubject: BDAT 6\r\nbdat\r\nBDAT 7 LAST\r\n\r\n.\r\n\n\xff"
    assert codes(talked(said))[3:] == ["250 2.0.0"] * 3
    assert {message.raw for message in captured(said)} == {b"Subject: bdat\r\n\r\n.\r\n\n\xff"}


def test_bdat_of_nothing_ends_the_message() -> None:
    said = ENVELOPE + b"BDAT 3\r\nabcBDAT 0 LAST\r\nNOOP\r\n"
    assert codes(talked(said))[3:] == ["250 2.0.0"] * 3
    assert {message.raw for message in captured(said)} == {b"abc"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (EHLO + b"BDAT 6\r\nNOOP\r\nNOOP\r\n", ["250", "503 5.5.1", "250 2.0.0"]),
        (EHLO + MAIL + b"BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", ["250", "250 2.1.0", "503 5.5.1", "250 2.0.0"]),
        (b"HELO c.example\r\nBDAT 6\r\nNOOP\r\nNOOP\r\n", ["250", "503 5.5.1", "250 2.0.0"]),
        (ENVELOPE + b"BDAT x\r\nBDAT 1 NOW\r\nBDAT\r\n", ["250", "250 2.1.0", "250 2.1.5"] + ["501 5.5.4"] * 3),
        (ENVELOPE + b"BDAT 1\r\nxDATA\r\n", ["250", "250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1"]),
        (ENVELOPE + b"BDAT 1\r\nx" + RCPT, ["250", "250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1"]),
    ],
)
def test_bdat_refused_still_takes_its_octets(said: bytes, expected: list[str]) -> None:
    assert codes(talked(said)) == expected


def test_bdat_too_large_ends_the_transaction() -> None:
    said = ENVELOPE + b"BDAT 90\r\n" + b"x" * 90 + b"BDAT 20 LAST\r\n" + b"y" * 20 + b"BDAT 0 LAST\r\n"
    assert codes(talked(said, offer=Offer.usual(size=100)))[3:] == ["250 2.0.0", "552 5.3.4", "503 5.5.1"]


def test_binarymime_where_it_is_offered() -> None:
    offer = Offer.exactly(["CHUNKING", "8BITMIME", "BINARYMIME"], None)
    said = EHLO + lines("MAIL FROM:<a@b.example> BODY=BINARYMIME") + RCPT + b"DATA\r\nBDAT 3 LAST\r\n\0\n\r"
    assert codes(talked(said, offer=offer)) == ["250", "250", "250", "503", "250"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["AUTH PLAIN " + PLAIN.decode()], ["235 2.7.0"]),
        (["auth plain", PLAIN.decode()], ["334", "235 2.7.0"]),
        (["AUTH PLAIN " + base64.b64encode(b"alice\0alice\0wonderland").decode()], ["235 2.7.0"]),
        (["AUTH PLAIN " + base64.b64encode(b"bob\0alice\0wonderland").decode()], ["535 5.7.8"]),
        (["AUTH PLAIN " + base64.b64encode(b"\0alice\0wrong").decode()], ["535 5.7.8"]),
        (["AUTH PLAIN " + base64.b64encode(b"\0nobody\0").decode()], ["501 5.5.2"]),
        (["AUTH PLAIN " + base64.b64encode(b"\0nobody\0x").decode()], ["535 5.7.8"]),
        (["AUTH PLAIN " + base64.b64encode(b"alice wonderland").decode()], ["501 5.5.2"]),
        (["AUTH PLAIN " + base64.b64encode(b"\0\xff\0x").decode()], ["501 5.5.2"]),
        (["AUTH PLAIN ="], ["501 5.5.2"]),
        (["AUTH PLAIN !!!!"], ["501 5.5.2"]),
        (["AUTH PLAIN", "*", "NOOP"], ["334", "501 5.7.0", "250 2.0.0"]),
        (["AUTH PLAIN", "x" * 13_000, "NOOP"], ["334", "500 5.5.6", "250 2.0.0"]),
        (["AUTH LOGIN", "YWxpY2U=", "d29uZGVybGFuZA=="], ["334", "334", "235 2.7.0"]),
        (["AUTH LOGIN YWxpY2U=", "d29uZGVybGFuZA=="], ["334", "235 2.7.0"]),
        (["AUTH LOGIN", "YWxpY2U=", "d3Jvbmc="], ["334", "334", "535 5.7.8"]),
        (["AUTH LOGIN", "YWxpY2U=", "*"], ["334", "334", "501 5.7.0"]),
        (["AUTH PLAIN " + PLAIN.decode(), "AUTH LOGIN"], ["235 2.7.0", "503 5.5.1"]),
    ],
)
def test_auth(said: list[str], expected: list[str]) -> None:
    assert codes(talked(EHLO + lines(*said)))[1:] == expected


def test_login_prompts_are_the_usual_ones() -> None:
    assert talked(EHLO + lines("AUTH LOGIN", "YWxpY2U="))[1:] == ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"]


def test_plain_prompt_is_empty() -> None:
    assert talked(EHLO + b"AUTH PLAIN\r\n")[-1] == "334 "


def test_record_hides_secrets() -> None:
    session = Session()
    fed(session, [EHLO + lines("AUTH PLAIN " + PLAIN.decode(), "AUTH CRAM-MD5", "d29uZGVybGFuZA==", "NOOP")])
    text = session.record().to_text() + repr(session.record())
    assert "wonderland" not in text
    assert PLAIN.decode() not in text
    assert "d29uZGVybGFuZA" not in text
    assert session.record().commands == (
        "EHLO notebook.example",
        "AUTH PLAIN ⟨hidden⟩",
        "AUTH CRAM-MD5",
        "⟨hidden⟩",
        "NOOP",
    )
    assert session.record().authenticated_as == "alice"


def test_starttls_forgets_everything_and_what_is_behind_it() -> None:
    session = Session()
    session.greet()
    steps = session.receive(EHLO + lines("AUTH PLAIN " + PLAIN.decode()) + MAIL + b"STARTTLS\r\nNOOP\r\nRSE")
    assert steps[-2:] == [Octets(b"220 2.0.0 Ready to start TLS\r\n"), StartTls()]
    assert session.receive(b"T\r\nNOOP\r\n") == []
    assert session.tls_started("TLSv1.3", "a cipher") == []
    assert joined(session.receive(MAIL)).startswith(b"503 5.5.1 EHLO first")
    offered = joined(session.receive(EHLO))
    assert b"STARTTLS" not in offered
    assert b"AUTH PLAIN LOGIN" in offered
    assert joined(session.receive(b"STARTTLS\r\n")).startswith(b"503 5.5.1")
    assert session.record().secure
    assert session.record().authenticated_as is None


def test_starttls_in_pieces() -> None:
    said = EHLO + b"STARTTLS\r\n" + EHLO + MAIL
    assert codes(talked(said)) == ["250", "220 2.0.0", "250", "250 2.1.0"]


def test_quit_closes_and_nothing_follows() -> None:
    session = Session()
    steps = fed(session, [b"QUIT\r\nNOOP\r\n"])
    assert steps[1:] == [Octets(b"221 2.0.0 sandbox.example closes the connection\r\n"), Close()]
    assert session.receive(b"NOOP\r\n") == []


def test_too_many_errors_close() -> None:
    steps = fed(Session(Configuration(max_errors=2)), [b"X\r\n" * 5])
    assert codes(replies(joined(steps))) == ["500 5.5.1", "500 5.5.1", "421 4.7.0"]
    assert closes(steps)


def test_silence_is_421() -> None:
    session = Session()
    session.greet()
    assert session.timed_out() == [Octets(b"421 4.4.2 sandbox.example waited too long\r\n"), Close()]


def test_extension_that_is_not_offered_does_not_work() -> None:
    offer = Offer.exactly(["XFOO bar"], None)
    said = (
        EHLO
        + lines("STARTTLS", "AUTH PLAIN", "BDAT 1 LAST")
        + b"x"
        + lines("EXPN staff", "MAIL FROM:<a@b.example> SIZE=1")
    )
    assert codes(talked(said, offer=offer)) == ["250", "502", "503", "502", "502", "555"]
    assert talked(EHLO, offer=offer) == ["250 XFOO bar"]


def test_pipelined_whole_session() -> None:
    said = ENVELOPE + b"DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n"
    assert codes(talked(said)) == ["250", "250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"]


FRAGMENTS = st.sampled_from(
    [
        *(EHLO, MAIL, RCPT, b"DATA\r\n", b"\r\n.\r\n", b".\r\n", b"..", b"\r", b"\n", b"BDAT 5 LAST\r\n"),
        *(b"AUTH LOGIN\r\n", b"AUTH PLAIN " + PLAIN + b"\r\n", b"*\r\n", b"RSET\r\n", b"VRFY alice\r\n"),
        *(b"EXPN staff\r\n", b"\x00\xff\r\n", b"QUIT\r\n"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=20), st.data())
def test_any_cut_of_any_octets_gives_the_same(parts: list[bytes], data: st.DataObject) -> None:
    said = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=8)))
    pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    whole, cut, octets = Session(), Session(), Session()
    expected = fed(whole, [said])
    assert joined(fed(cut, pieces)) == joined(expected)
    assert joined(fed(octets, octet_by_octet(said))) == joined(expected)
    assert whole.record() == cut.record() == octets.record()


@pytest.mark.parametrize(
    "line",
    [
        b"EHLO " + b"a" * 4000 + b"!",
        b"EHLO " + b"a-" * 2000,
        b"EHLO " + b"a." * 2000,
        b"MAIL FROM:<" + b"a" * 4000 + b">",
        b"MAIL FROM:<a@" + b"a-" * 2000 + b">",
        b"MAIL FROM:<" + b"@a,@" * 1000 + b">",
        b"MAIL FROM:<" + b'"' * 4001 + b">",
        b"MAIL FROM:<" + rb"\"" * 2000 + b">",
        b"MAIL FROM:<a@b.example> ENVID=" + b"+2B" * 1300,
        b"MAIL FROM:<a@b.example> " + b"X=" * 2000,
    ],
)
def test_no_line_makes_the_grammar_slow(line: bytes) -> None:
    session = Session()
    session.greet()
    started = time.process_time()
    for _ in range(20):
        session.receive(line + b"\r\n")
    assert time.process_time() - started < 0.5


def test_hostile_client_fills_no_memory() -> None:
    session = Session(Configuration(max_errors=10**9))
    session.greet()
    for _ in range(200):
        session.receive(b"x" * 65_536)
    assert len(session._lines._kept) <= 4097
    session.receive(b"\r\n" + ENVELOPE + b"DATA\r\n")
    for _ in range(200):
        session.receive(b"x" * 65_536)
    receiver = session._dialogue.expected.receiver  # type: ignore[union-attr]
    assert len(receiver._raw) == len(receiver._wire) == 0
    assert joined(session.receive(b"\r\n.\r\n")).startswith(b"552 5.3.4")
