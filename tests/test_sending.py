"""Whole messages: what they need is asked for or refused, one refusal loses nobody else, no half success is one."""

from __future__ import annotations

import io
import sys
import threading
import time
import tracemalloc
from email import message_from_string as email_from_string
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from scripted import Script, ScriptedPeer
from test_pipeline import Writes

from smtpnb import (
    Delivery,
    Sandbox,
    SmtpClient,
    SmtpDisconnected,
    SmtpError,
    SmtpProtocolError,
    SmtpReply,
    SmtpReplyError,
    SmtpTimeout,
    sending,
)  # fmt: skip
from smtpnb.exchange import Exchange
from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.limits import PIECE
from smtpnb.recorder import Group
from smtpnb.transport.memory import MemoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smtpnb.transport.deadline import Deadline

CONTENT = "Subject: hi\n\n.dot\nHello Bob"
ON_THE_WIRE = b"Subject: hi\r\n\r\n..dot\r\nHello Bob\r\n.\r\n"


def connected(script: str, *offers: str, chunk: int = 65_536) -> tuple[SmtpClient, Writes]:
    """A client, EHLO said, of a scripted server with these offers."""
    lines = ["mx.example", *offers]
    said = "\n".join(f"S: 250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)
    peer = Writes(Script.parse(f"S: 220 hi\nC: EHLO *\n{said}\n{script}\nstall"))
    client = SmtpClient("mx.example", stream=MemoryStream(peer, chunk=chunk), timeout=1)
    client.connect()
    client.ehlo()
    peer.writes.clear()
    return client, peer


def server(
    mail: str = "250 ok",
    rcpt: tuple[str, ...] = ("250 ok",),
    data: str = "354 go",
    end: str = "250 2.0.0 Ok: queued as 4ABC",
    after: str = "",
) -> str:
    """A server's part in one mail transaction; an empty answer ends it."""
    steps = [f"C: MAIL *\nS: {mail}", *[f"C: RCPT *\nS: {answer}" for answer in rcpt]]
    if data:
        steps.append(f"C: DATA\nS: {data}")
    if end:
        steps.append(f"content\nS: {end}")
    return "\n".join([*steps, after])


# -- one message -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [65_536, 1])
@pytest.mark.parametrize(("offers", "writes"), [(("PIPELINING",), 2), ((), 4)])
def test_message_goes_out_and_its_delivery_says_how(offers: tuple[str, ...], writes: int, chunk: int) -> None:
    client, peer = connected(server(), *offers, chunk=chunk)
    delivery = client.send_mail("a@example.org", "b@example.org", CONTENT)
    assert len(peer.writes) == writes
    assert b"".join(peer.writes) == b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + ON_THE_WIRE
    assert delivery.success
    assert (delivery.sender, delivery.accepted, delivery.refused) == ("a@example.org", ("b@example.org",), {})
    assert (delivery.reply.code, delivery.queue_id) == (250, "4ABC")
    assert delivery.raise_for_status() is delivery
    assert repr(delivery) == "<Delivery: 1 recipient accepted, 0 refused, queued as 4ABC>"


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
def test_one_refused_recipient_does_not_lose_the_others(offers: tuple[str, ...]) -> None:
    client, _ = connected(server(rcpt=("250 ok", "550 5.1.1 who?", "251 forwarded")), *offers)
    delivery = client.send_mail("a@example.org", ["b@x", "nobody@x", "c@x"], CONTENT)
    assert delivery.accepted == ("b@x", "c@x")
    assert {to: reply.code for to, reply in delivery.refused.items()} == {"nobody@x": 550}
    with pytest.raises(SmtpReplyError, match="who"):
        delivery.raise_for_status()
    assert delivery.to_text().split("\n") == [
        "From <a@example.org>: 250 2.0.0 Ok: queued as 4ABC",
        "  <b@x>: accepted",
        "  <nobody@x>: refused: 550 5.1.1 who?",
        "  <c@x>: accepted",
    ]


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
def test_when_all_are_refused_the_transaction_is_closed_and_the_session_goes_on(offers: tuple[str, ...]) -> None:
    refused = server(rcpt=("550 no", "450 not now"), data="503 nobody to send to" if offers else "", end="")
    client, peer = connected(f"{refused}\nC: RSET\nS: 250 reset\nC: NOOP\nS: 250 here", *offers)
    delivery = client.send_mail("a@example.org", ["b@x", "c@x"], CONTENT)
    assert not delivery.success
    assert [delivery.refused[to].code for to in ("b@x", "c@x")] == [550, 450]
    assert delivery.reply.code == 550
    assert b"Hello" not in b"".join(peer.writes)
    assert client.noop().message == "here"


def test_refused_sender_sends_no_recipient_where_each_waits_for_its_reply() -> None:
    client, peer = connected("C: MAIL *\nS: 550 not you\nC: NOOP\nS: 250 here")
    delivery = client.send_mail("a@example.org", ["b@x", "c@x"], CONTENT)
    assert [reply.message for reply in delivery.refused.values()] == ["not you"] * 2
    assert delivery.reply.message == "not you"
    assert len(peer.writes) == 1
    assert client.noop().message == "here"


@pytest.mark.parametrize("rcpt", ["503 MAIL first", "250 ok"])
@pytest.mark.parametrize("end", ["554 no", "250 ok"])
def test_refused_sender_with_data_granted_ends_with_the_lone_dot(rcpt: str, end: str) -> None:
    script = f"C: MAIL *\nS: 550 not you\nC: RCPT *\nS: {rcpt}\nC: DATA\nS: 354 go\nC: .\nS: {end}"
    client, peer = connected(f"{script}\nC: NOOP\nS: 250 here", "PIPELINING")
    delivery = client.send_mail("a@example.org", "b@x", CONTENT)
    assert not delivery.success
    assert delivery.accepted == ()
    assert delivery.reply.message == "not you"
    assert peer.writes[1] == b".\r\n"
    assert client.noop().message == "here"


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(("data", "end"), [("451 not now", ""), ("354 go", "554 5.6.0 spam")])
def test_refused_content_is_no_delivery(data: str, end: str, offers: tuple[str, ...]) -> None:
    after = "C: RSET\nS: 250 reset\nC: NOOP\nS: 250 here" if not end else "C: NOOP\nS: 250 here"
    client, _ = connected(server(data=data, end=end, after=after), *offers)
    delivery = client.send_mail("a@example.org", "b@x", CONTENT)
    assert (delivery.success, delivery.accepted, delivery.queue_id) == (False, (), None)
    assert f"{delivery.reply.code} {delivery.reply.message}" == (end or data)
    assert client.noop().message == "here"


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("at", ["mail", "rcpt", "data", "end"])
def test_farewell_at_any_step_is_a_delivery_that_failed(at: str, offers: tuple[str, ...]) -> None:
    steps = {"mail": "C: MAIL *\nS: 421 bye", "rcpt": "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 421 bye"}
    script = steps.get(at) or server(**{at: "421 bye"} | ({"end": ""} if at == "data" else {}))  # type: ignore[arg-type]
    client, _ = connected(f"{script}\nclose", *offers)
    delivery = client.send_mail("a@example.org", ["b@x"], CONTENT)
    assert (delivery.success, delivery.reply.code) == (False, 421)
    assert [reply.code for reply in delivery.refused.values()] == ([421] if at in ("mail", "rcpt") else [])
    with pytest.raises(SmtpDisconnected, match="421"):
        client.noop()


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("script", [server(data="250 what?", end=""), server(end="354 more?"), server(end="334 who?")])
def test_answer_out_of_place_is_never_a_success(script: str, offers: tuple[str, ...]) -> None:
    client, _ = connected(script, *offers)
    with pytest.raises(SmtpProtocolError, match="belongs"):
        client.send_mail("a@example.org", "b@x", CONTENT)
    assert not client.connected


@pytest.mark.parametrize("answer", ["354 go", "334 VXNlcm5hbWU6"])
def test_envelope_that_is_answered_by_3xx_is_refused(answer: str) -> None:
    client, _ = connected(f"C: MAIL *\nS: 250 ok\nC: RCPT *\nS: {answer}\nC: RSET\nS: 250 reset")
    delivery = client.send_mail("a@example.org", "b@x", CONTENT)
    assert (delivery.accepted, delivery.refused["b@x"].message) == ((), answer[4:])


def test_content_that_raises_midway_is_not_delivered() -> None:
    def content() -> Iterator[bytes]:
        yield b"Subject: half\r\n\r\n" + b"x" * PIECE
        raise OSError("the disk is gone")

    client, peer = connected(server(), "PIPELINING")
    with pytest.raises(OSError, match="the disk is gone"):
        client.send_mail("a@example.org", "b@x", content())
    assert not b"".join(peer.writes).endswith(b"\r\n.\r\n")
    assert not client.connected


def test_ehlo_is_said_first_and_helo_where_it_is_not_known() -> None:
    peer = ScriptedPeer(Script.parse(f"S: 220 hi\nC: EHLO *\nS: 502 what?\nC: HELO *\nS: 250 mx\n{server()}\nstall"))
    client = SmtpClient("mx.example", stream=MemoryStream(peer))
    client.connect()
    assert client.send_mail("a@example.org", "b@x", CONTENT).success
    assert peer.heard.lines[:2] == [b"EHLO [127.0.0.1]", b"HELO [127.0.0.1]"]


@pytest.mark.parametrize(
    ("sender", "recipients", "content", "error", "words"),
    [
        ("a@x", [], "x", ValueError, "no recipient"),
        ("a@x", "", "x", ValueError, "a recipient is empty"),
        ("a@x", ["b@x", ""], "x", ValueError, "a recipient is empty"),
        ("a@x", ["b@x", None], "x", ValueError, "a recipient is empty"),
        ("a@x\r\nRSET", ["b@x"], "x", ValueError, "CR, LF or NUL"),
        ("a@x", ["b@x", "c@x\nRSET"], "x", ValueError, "CR, LF or NUL"),
        ("a@x", ["b@x>"], "x", ValueError, "angle brackets"),
        ("a@x", [5], "x", TypeError, "address is str"),
        ("a@x", ["b@x"], None, TypeError, "content is str"),
        ("a@x", ["b@x"], {}, TypeError, "content is str"),
        ("a@x", ["b@x"], 5, TypeError, "content is str"),
    ],
)
def test_bad_input_sends_nothing(
    sender: str, recipients: Any, content: Any, error: type[Exception], words: str
) -> None:
    client, peer = connected("C: NOOP\nS: 250 here", "PIPELINING")
    with pytest.raises(error, match=words):
        client.send_mail(sender, recipients, content)
    assert peer.writes == []
    assert client.noop().message == "here"


# -- what a message needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sender", "offers", "parameters"),
    [
        (CONTENT, "a@x", (), ()),
        (CONTENT, "a@x", ("SIZE 1000",), ("SIZE=32",)),
        (CONTENT.encode(), "a@x", ("SIZE",), ("SIZE=32",)),
        ("Subject: x\r\n\r\n.\r\n..\n", "a@x", ("SIZE 0",), ("SIZE=21",)),
        ("", "a@x", ("SIZE",), ("SIZE=0",)),
        (".", "a@x", ("SIZE",), ("SIZE=3",)),
        ("Subject: x\n\nGrüße", "a@x", ("8BITMIME", "SMTPUTF8"), ("BODY=8BITMIME",)),
        ("Subject: Grüße\n\nx", "a@x", ("8BITMIME", "SMTPUTF8"), ("BODY=8BITMIME", "SMTPUTF8")),
        (CONTENT, "jürgen@x", ("8BITMIME", "SMTPUTF8"), ("SMTPUTF8",)),
        (io.BytesIO(b"Subject: x\n\n\xff"), "a@x", ("8BITMIME", "SIZE"), ("SIZE=17", "BODY=8BITMIME")),
        ([b"Subject: x\r", b"\n\r\n", b"\xff\r\n"], "a@x", ("8BITMIME", "SIZE"), ("SIZE=17", "BODY=8BITMIME")),
        (iter(["Subject: x\n"]), "a@x", ("8BITMIME", "SIZE"), ("BODY=8BITMIME",)),
    ],
)  # fmt: skip
def test_parameters_that_the_message_needs_are_found(
    content: Any, sender: str, offers: tuple[str, ...], parameters: tuple[str, ...]
) -> None:
    client, peer = connected(server(), *offers)
    assert client.send_mail(sender, "b@x", content).mail_parameters == parameters
    assert peer.writes[0].decode() == " ".join((f"MAIL FROM:<{sender}>", *parameters)) + "\r\n"


def test_parameters_that_the_user_gives_are_not_given_twice() -> None:
    client, peer = connected(server(), "SIZE", "8BITMIME", "DSN")
    client.send_mail(
        "a@x",
        "b@x",
        "Subject: x\n\nGrüße",
        mail_parameters=["size=99", "BODY=7BIT", "RET=HDRS"],
        rcpt_parameters=["NOTIFY=NEVER"],
    )
    assert peer.writes[:2] == [b"MAIL FROM:<a@x> size=99 BODY=7BIT RET=HDRS\r\n", b"RCPT TO:<b@x> NOTIFY=NEVER\r\n"]


@pytest.mark.parametrize(
    ("content", "recipient", "offers", "words"),
    [
        ("x" * 2_000, "b@x", ("SIZE 1000",), r"2,002 octets, and the server takes 1,000"),
        ("Grüße", "b@x", (), "does not offer 8BITMIME"),
        ("Subject: Grüße\n\n", "b@x", ("8BITMIME",), "does not offer SMTPUTF8"),
        ("x", "jürgen@x", ("8BITMIME",), "does not offer SMTPUTF8"),
        (b"x\0y", "b@x", ("8BITMIME", "CHUNKING"), "does not offer BINARYMIME"),
    ],
)
def test_what_the_server_cannot_take_is_refused_clearly_and_nothing_is_sent(
    content: Any, recipient: str, offers: tuple[str, ...], words: str
) -> None:
    client, peer = connected("C: NOOP\nS: 250 here", *offers)
    with pytest.raises(SmtpError, match=words) as caught:
        client.send_mail("a@x", recipient, content)
    assert caught.value.advice
    assert peer.writes == []
    assert client.noop().message == "here"


# -- chunks --------------------------------------------------------------------------------------------------------

LARGE = (b"Subject: large\n\n" + b".\n..\r\nx\r" * 100_000)[:700_000]


def test_large_content_goes_in_chunks_that_add_up() -> None:
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        delivery = client.send_mail("alice@example.org", "bob@example.org", LARGE)
        assert delivery.success
        commands = [exchange.command for exchange in client.transcript.exchanges if exchange.command]
        assert [command.partition(" ")[0] for command in commands] == ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "BDAT"]
        assert commands[-1].endswith(" LAST")
        normal = LARGE.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        assert sandbox.messages[0].raw == normal.removesuffix(b"\r\n") + b"\r\n"


def test_binary_content_goes_as_it_is() -> None:
    binary = b"Subject: x\r\n\r\n" + bytes(range(256)) * 40
    script = f"C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: BDAT {len(binary)} LAST\nhear {len(binary)}\nS: 250 ok"
    client, peer = connected(script, "CHUNKING", "BINARYMIME")
    delivery = client.send_mail("a@x", "b@x", binary)
    assert delivery.success
    assert delivery.mail_parameters == ("BODY=BINARYMIME",)
    assert b"".join(peer.writes).endswith(b"LAST\r\n" + binary)


def test_refused_chunk_ends_the_message() -> None:
    script = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: BDAT *\nhear 262144\nS: 452 full\nC: RSET\nS: 250 reset\nC: NOOP\nS: 250 here"
    client, peer = connected(script, "CHUNKING")
    delivery = client.send_mail("a@x", "b@x", b"x\r\n" * 300_000)
    assert (delivery.success, delivery.reply.message) == (False, "full")
    assert sum(write.startswith(b"BDAT") for write in peer.writes) == 1
    assert client.noop().message == "here"


# -- an EmailMessage -----------------------------------------------------------------------------------------------


def email(**fields: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hello\n.\nGrüße\n")
    return message


def test_email_message_goes_to_all_and_its_bcc_is_told_to_nobody() -> None:
    message = email(
        From="Alice <alice@example.org>",
        To="Bob <bob@example.org>",
        Cc="carol@example.org",
        Bcc="postmaster@example.org",
        Subject="x",
    )
    before = message.as_bytes()
    with Sandbox(in_memory=True) as sandbox, sandbox.client() as client:
        delivery = client.send_message(message)
        assert delivery.accepted == ("bob@example.org", "carol@example.org", "postmaster@example.org")
        (arrived,) = sandbox.messages
        assert arrived.email["Bcc"] is None
        assert arrived.email.get_content().split() == message.get_content().split()
        assert b"postmaster" not in arrived.raw
    assert message.as_bytes() == before


@pytest.mark.parametrize(
    ("fields", "sender", "recipients"),
    [
        ({"From": "a@x", "To": "b@x"}, "a@x", ("b@x",)),
        ({"From": "a@x, c@x", "Sender": "s@x", "To": "b@x"}, "s@x", ("b@x",)),
        ({"From": "a@x", "To": "b@x, B <b@x>", "Cc": "b@x"}, "a@x", ("b@x",)),
        ({"From": "a@x", "To": "b@x", "Resent_From": "r@x", "Resent_To": "n@x"}, "r@x", ("n@x",)),
        ({"From": "a@x", "To": "b@x", "Resent_Message_ID": "<1@x>"}, "a@x", ("b@x",)),
    ],
)
def test_envelope_comes_from_the_header_section(
    fields: dict[str, str], sender: str, recipients: tuple[str, ...]
) -> None:
    client, _ = connected(server(), "8BITMIME")
    delivery = client.send_message(email(**fields))
    assert (delivery.sender, delivery.accepted) == (sender, recipients)


def test_message_that_was_resent_more_than_once_has_no_one_envelope() -> None:
    client, peer = connected("", "8BITMIME")
    message = email_from_string(
        "Resent-From: b@x\nResent-To: c@x\nResent-From: a@x\nResent-To: secret@x\nFrom: a@x\nTo: b@x\n\nhi\n"
    )
    with pytest.raises(ValueError, match="resent more than once"):
        client.send_message(message)
    assert peer.writes == []


@pytest.mark.parametrize(
    ("fields", "words"), [({"To": "b@x"}, "neither From nor Sender"), ({"From": "a@x"}, "no To, Cc or Bcc")]
)
def test_email_message_without_an_envelope_sends_nothing(fields: dict[str, str], words: str) -> None:
    client, peer = connected("", "8BITMIME")
    with pytest.raises(ValueError, match=words):
        client.send_message(email(**fields))
    assert peer.writes == []


@pytest.mark.parametrize(
    "message", ["Subject: text\r\n\r\nhello\r\n", b"octets", {"From": "a@x", "To": "b@x"}, None, 7]
)
def test_what_is_no_email_message_is_refused_in_words_and_sends_nothing(message: Any) -> None:
    client, peer = connected("", "8BITMIME")
    with pytest.raises(TypeError, match=r"a message is an EmailMessage, not .*: send_mail"):
        client.send_message(message)
    assert peer.writes == []


# -- what ends midway --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    "said",
    [
        {"rcpt": ("354 huh",), "data": "503 no", "end": "", "after": "C: RSET\nS: 250 ok"},
        {"rcpt": ("354 huh", "250 ok")},
        {"mail": "354 huh", "rcpt": ("503 no",), "data": "503 no", "end": ""},
    ],
)
def test_delivery_to_fewer_than_all_raises_whatever_the_code(said: dict[str, Any], offers: tuple[str, ...]) -> None:
    client, _ = connected(server(**said) if offers else one_by_one(**said), *offers)
    delivery = client.send_mail("a@x", [f"b{number}@x" for number, _ in enumerate(said.get("rcpt", ("",)))], b"hi\r\n")
    assert delivery.accepted != delivery.recipients
    with pytest.raises(SmtpReplyError):
        delivery.raise_for_status()


def one_by_one(mail: str = "250 ok", rcpt: tuple[str, ...] = ("250 ok",), **said: str) -> str:
    """What the server says where a refused MAIL, or no recipient at all, ends it."""
    if not mail.startswith("250"):
        return f"C: MAIL *\nS: {mail}"
    if "250 ok" in rcpt:
        return server(mail, rcpt)
    return "\n".join(["C: MAIL *\nS: 250 ok", *[f"C: RCPT *\nS: {answer}" for answer in rcpt], "C: RSET\nS: 250 ok"])


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("step", range(4))
def test_interrupt_between_two_steps_leaves_no_mail_open(
    offers: tuple[str, ...], step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = connected(server(rcpt=("250 ok", "550 no")), *offers)
    steps = iter(range(9))
    agreed = sending._agreed

    def interrupted(reply: SmtpReply) -> bool:
        if next(steps) == step:
            raise KeyboardInterrupt
        return agreed(reply)

    monkeypatch.setattr(sending, "_agreed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.send_mail("a@x", ["b@x", "c@x"], b"hi\r\n")
    assert client.conversation.stage in (Stage.CLOSED, Stage.READY)
    assert client.connected == ("interrupted" not in client.transcript.to_text())


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
def test_bar_that_cannot_be_drawn_sends_nothing(offers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    client, peer = connected(server(), *offers)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        client.send_mail("a@x", "b@x", b"hi\r\n", progress=True)
    assert peer.writes == []
    assert client.send_mail("a@x", "b@x", b"hi\r\n").success


def test_mail_where_the_server_takes_content_or_a_response_is_refused_and_loses_nothing() -> None:
    script = f"{server(end='')}\ncontent\nS: 250 taken\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: *\nS: 501 no"
    client, peer = connected(script)
    client.mail("a@x")
    client.rcpt("b@x")
    client.data()
    peer.writes.clear()
    with pytest.raises(SmtpError, match="taking content; nothing was sent"):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert peer.writes == []
    assert client.data_body(b"hi\r\n").code == 250
    client.auth("LOGIN")
    peer.writes.clear()
    with pytest.raises(SmtpError, match="awaiting a SASL response; nothing was sent"):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert peer.writes == []
    assert client.auth_login_username("alice").code == 501


class Sipping(MemoryStream):
    """Takes 500 octets of a write that watches, as a window that fills does."""

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        if not watch or self.waiting():
            return super().write(data, deadline, watch=watch)
        return super().write(data[:500], deadline)


@pytest.mark.parametrize("chunk", [65_536, 1])
def test_farewell_in_the_middle_of_a_great_envelope_is_a_delivery_that_failed(chunk: int) -> None:
    script = Script.parse(
        "S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\nhear 2000\nS: 250 a\nS: 250 b\nS: 421 enough\nclose"
    )
    client = SmtpClient("mx.example", stream=Sipping(ScriptedPeer(script), chunk=chunk), timeout=1)
    client.connect()
    client.ehlo()
    delivery = client.send_mail("a@x", [f"b{number}@x" for number in range(400)], b"hi\r\n")
    assert not delivery.accepted
    assert (delivery.reply.code, len(delivery.refused)) == (421, 399)
    assert "421 enough" in client.transcript.to_text()
    with pytest.raises(SmtpDisconnected, match="421"):
        client.noop()


def test_answers_to_what_has_not_gone_out_are_none() -> None:
    answers = "\n".join(["S: 250 ok"] * 401)
    script = Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\nhear 2000\n{answers}\nS: 354 go\nstall")
    client = SmtpClient("mx.example", stream=Sipping(ScriptedPeer(script)), timeout=1)
    client.connect()
    client.ehlo()
    with pytest.raises(SmtpProtocolError, match="had not gone out"):
        client.send_mail("a@x", [f"b{number}@x" for number in range(400)], b"hi\r\n")
    assert not client.connected


@pytest.mark.parametrize("chunk", [65_536, 1])
@pytest.mark.parametrize(("end", "words"), [("close", "closed the connection"), ("garbage 00ff0d0a", "no reply")])
def test_replies_before_a_great_envelope_broke_off_are_recorded(end: str, words: str, chunk: int) -> None:
    script = Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\nhear 2000\nS: 250 a\nS: 250 b\n{end}")
    client = SmtpClient("mx.example", stream=Sipping(ScriptedPeer(script), chunk=chunk), timeout=1)
    client.connect()
    client.ehlo()
    with pytest.raises(SmtpError, match=words):
        client.send_mail("a@x", [f"b{number}@x" for number in range(400)], b"hi\r\n")
    said = [
        (entry.command, entry.reply and entry.reply.code) for entry in client.transcript if isinstance(entry, Exchange)
    ]
    assert said[2:4] == [("MAIL FROM:<a@x>", 250), ("RCPT TO:<b0@x>", 250)]
    unanswered = [command for command, code in said if code is None]
    assert unanswered == [f"RCPT TO:<b{number}@x>" for number in range(1, 1 + len(unanswered))]
    assert 50 < len(unanswered) < 399, "what went out, and no more"


def entries(client: SmtpClient) -> list[tuple[str | None, int | None, int]]:
    return [
        (entry.command, entry.reply.code if entry.reply else None, entry.octets)
        for entry in client.transcript
        if isinstance(entry, Exchange)
    ][2:]


def test_commands_of_a_group_without_any_answer_are_all_recorded() -> None:
    client, _ = connected("C: MAIL *\nclose", "PIPELINING")
    with pytest.raises(SmtpDisconnected):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert entries(client) == [("MAIL FROM:<a@x>", None, 0), ("RCPT TO:<b@x>", None, 0), ("DATA", None, 0)]


def test_what_did_not_go_out_is_not_recorded() -> None:
    client, peer = connected(f"{server(data='', end='')}\nC: DATA\nS: 354 go\nS: 250 unasked", "PIPELINING")
    with pytest.raises(SmtpProtocolError, match=r"nobody asked|no command asked"):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert len(peer.writes) == 1
    assert entries(client) == [("MAIL FROM:<a@x>", 250, 0), ("RCPT TO:<b@x>", 250, 0), ("DATA", 354, 0)]
    client, peer = connected("C: NOOP\nS: 250 ok\nS: 250 unasked")
    client.noop()
    with pytest.raises(SmtpProtocolError):
        client.rset()
    assert b"".join(peer.writes) == b"NOOP\r\n"
    assert entries(client) == [("NOOP", 250, 0)]


def test_content_that_ends_midway_is_recorded_as_far_as_it_went_out() -> None:
    def content() -> Iterator[bytes]:
        yield b"x" * PIECE
        yield b"y" * PIECE
        raise RuntimeError("the disk is gone")

    client, peer = connected(server(end=""), "PIPELINING")
    with pytest.raises(RuntimeError):
        client.send_mail("a@x", "b@x", content())
    out = len(b"".join(peer.writes).partition(b"DATA\r\n")[2])
    assert out >= PIECE
    assert entries(client)[-1] == (".", None, out)
    assert not client.transcript.to_text().rstrip().endswith("-> .")


@pytest.mark.parametrize("content", [b"x" * 70 + b"\r\n", (b"x" * 70 + b"\r\n") * 9_000])
def test_content_refused_before_its_end_is_recorded_as_far_as_it_went_out(content: bytes) -> None:
    peer = Writes(
        Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\n{server(end='')}\nhear 1\nS: 552 no")
    )
    client = SmtpClient("mx.example", stream=MemoryStream(peer), timeout=1)
    client.connect()
    client.ehlo()
    delivery = client.send_mail("a@x", "b@x", content)
    assert (delivery.accepted, delivery.reply.code) == ((), 552)
    out = len(b"".join(peer.writes).partition(b"DATA\r\n")[2])
    assert entries(client)[-1] == (".", 552, out)
    last = [entry for entry in client.transcript if isinstance(entry, Exchange)][-1]
    assert last.reply is not None
    assert last.wait <= last.reply.elapsed


@pytest.mark.parametrize("recipients", ["b@x", ["b@x", "c@x"]])
def test_parameters_may_come_from_an_iterator(recipients: Any) -> None:
    client, peer = connected(server(rcpt=("250 ok",) * (1 if recipients == "b@x" else 2)), "DSN", "PIPELINING")
    delivery = client.send_mail("a@x", recipients, b"hi\r\n", mail_parameters=iter(["RET=HDRS"]),  # type: ignore[arg-type]
                                rcpt_parameters=iter(["NOTIFY=NEVER"]))  # type: ignore[arg-type]  # fmt: skip
    assert delivery.mail_parameters == ("RET=HDRS",)
    assert b"".join(peer.writes).count(b"NOTIFY=NEVER") == len(delivery.accepted) > 0


@pytest.mark.parametrize("source", [lambda octets: octets, io.BytesIO, lambda octets: [octets[:5], octets[5:]]])
@pytest.mark.parametrize("given", [(), ("body=binarymime",)])
def test_binary_content_has_the_size_of_its_own_octets(source: Callable[[bytes], Any], given: tuple[str, ...]) -> None:
    octets = b"Subject: x\n\n\0\n"
    script = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: BDAT 14 LAST\nhear 14\nS: 250 ok"
    client, peer = connected(script, "SIZE 15", "BINARYMIME", "CHUNKING")
    delivery = client.send_mail("a@x", "b@x", source(octets), mail_parameters=given)
    assert delivery.success
    assert "SIZE=14" in delivery.mail_parameters
    assert b"".join(peer.writes).endswith(b"BDAT 14 LAST\r\n" + octets)


@pytest.mark.parametrize("chunk", [65_536, 1])
@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("said", [{"rcpt": ("235 ok",)}, {"mail": "235 ok"}])
def test_any_2xx_grants_however_it_comes(said: dict[str, Any], offers: tuple[str, ...], chunk: int) -> None:
    client, _ = connected(server(**said), *offers, chunk=chunk)
    assert client.send_mail("a@x", "b@x", b"hi\r\n").accepted == ("b@x",)


@pytest.mark.parametrize(
    "content",
    [b"Subject: x\n\r\n\xc3\x84\n", b"Subject: x\r\r\xc3\x84\r", b"\r\n\xc3\x84", b"Subject: x\r\n\r\n\xc3\x84\r\n"],
)
@pytest.mark.parametrize("way", [bytes, lambda octets: [octets[:12], octets[12:]], io.BytesIO])
def test_body_of_eight_bits_needs_no_international_header(content: bytes, way: Callable[[bytes], Any]) -> None:
    client, _ = connected(server(), "8BITMIME")
    assert client.send_mail("a@x", "b@x", way(content)).mail_parameters == ("BODY=8BITMIME",)


def test_header_of_eight_bits_needs_one_however_it_is_cut() -> None:
    for way in (bytes, lambda octets: [octets[:12], octets[12:]], io.BytesIO):
        client, peer = connected("", "8BITMIME")
        with pytest.raises(SmtpError, match="not ASCII"):
            client.send_mail("a@x", "b@x", way(b"Subject: x\r\nX: \xc3\x84\r\n\r\nhi"))
        assert peer.writes == []


def test_transaction_that_will_not_be_reset_gets_no_other_message() -> None:
    client, peer = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RSET\nS: 502 no", "PIPELINING")
    client.mail("old@x")
    client.rcpt("other@x")
    peer.writes.clear()
    with pytest.raises(SmtpReplyError, match="502"):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert peer.writes == [b"RSET\r\n"]
    assert client.connected


def test_content_from_a_file_that_next_reads_and_from_every_second_octet(tmp_path: Path) -> None:
    path = tmp_path / "mail.txt"
    path.write_text("first\nSubject: x\n\nhi\n", encoding="utf-8")
    client, peer = connected(server() + "\n" + server())
    with path.open(encoding="utf-8") as file:
        assert next(file) == "first\n"
        assert client.send_mail("a@x", "b@x", file).success
    assert b"".join(peer.writes).endswith(b"DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n")
    assert client.send_mail("a@x", "b@x", memoryview(b"axbxcx")[::2]).success
    assert b"".join(peer.writes).endswith(b"DATA\r\nabc\r\n.\r\n")


def test_file_that_cannot_be_read_through_in_time_sends_nothing() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            time.sleep(0.2)
            return super().read(size)

    client, peer = connected("C: NOOP\nS: 250 ok", "8BITMIME", "SIZE")
    client.timeout = 0.5
    began = time.monotonic()
    with pytest.raises(SmtpTimeout):
        client.send_mail("a@x", "b@x", Slow(b"x" * 20 * PIECE))
    assert time.monotonic() - began < 1.5
    assert peer.writes == []
    assert client.noop().code == 250


@pytest.mark.parametrize("at", ["size", "after"])
def test_mail_that_was_taken_is_recorded_whenever_an_interrupt_comes(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = connected(server(), "PIPELINING")
    real = getattr(Group, at)
    calls = iter(range(9))

    def interrupted(group: Group) -> Any:
        if next(calls) == 0:
            raise KeyboardInterrupt
        return real(group)

    monkeypatch.setattr(Group, at, interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.send_mail("a@x", "b@x", b"hi\r\n")
    assert entries(client)[-1] == (".", 250, 7)
    assert [command for command, _, _ in entries(client)].count("DATA") == 1


# -- queue ids, memory, progress ---'''--------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4F5z2L1kBnz9v7K", "4F5z2L1kBnz9v7K"),  # Postfix
        ("2.0.0 3b2c1d0e Message accepted for delivery", "3b2c1d0e"),  # OpenSMTPD
        ("2.0.0 48KJw2xB012345 Message accepted for delivery", "48KJw2xB012345"),  # Sendmail
        ("OK id=1rXyZa-000Abc-2D", "1rXyZa-000Abc-2D"),  # Exim
        ("ok 1700000000 qp 12345", "12345"),  # qmail
        ("2.0.0 OK  1700000000 d2e1a72fcca58-7c1b0a-gsmtp - gsmtp", "d2e1a72fcca58-7c1b0a-gsmtp"),  # Gmail
        ("2.0.0 OK  1700000000 and so on", None),
        ("2.6.0 <x@y> [InternalId=4711, Hostname=mx] Queued mail for delivery", "4711"),  # Exchange
        ("thanks", None),
        ("queued as \x1b[2J", None),
    ],
)
def test_queue_id_is_read_out_of_the_words_of_popular_servers(words: str, queue_id: str | None) -> None:
    from smtpnb import SmtpReply

    reply = SmtpReply(250, (words,), f"250 {words}\r\n".encode())
    assert Delivery("a@x", ("b@x",), {}, reply).queue_id == queue_id
    assert Delivery("a@x", (), {}, reply).queue_id is None


class Swallowing:
    """A stream to a server that grants everything and keeps nothing."""

    address, local_address, tls = ("192.0.2.1", 25), "192.0.2.2", None

    def __init__(self, *offers: str) -> None:
        self.octets = 0
        self._answers = [b"220 hi\r\n"]
        lines = ["mx.example", *offers]
        self._ehlo = b"".join(
            b"250%s%s\r\n" % (b"-" if n < len(lines) - 1 else b" ", line.encode()) for n, line in enumerate(lines)
        )

    def write(self, data: bytes, deadline: object, *, watch: bool = False) -> int:
        self.octets += len(data)
        if data.startswith(b"EHLO"):
            self._answers.append(self._ehlo)
        elif data == b"DATA\r\n":
            self._answers.append(b"354 go\r\n")
        elif data[:4] in (b"MAIL", b"RCPT", b"BDAT") or data.endswith(b"\r\n.\r\n"):
            self._answers.append(b"250 ok\r\n")
        return len(data)

    def read(self, deadline: object) -> bytes:
        return self._answers.pop(0)

    def waiting(self) -> bool:
        return False

    def close(self) -> None:
        pass


LINE = b"." + b"x" * 68 + b"\n"


def in_one_part() -> EmailMessage:
    message = email(From="a@x", To="b@x")
    message.set_content((LINE * 100_000).decode(), cte="7bit")
    return message


@pytest.mark.parametrize("offers", [(), ("CHUNKING",)])
@pytest.mark.parametrize(
    ("made", "least", "most"),
    [
        (lambda: LINE * 300_000, 21_000_000, 8_000_000),
        ((LINE * 300_000).decode, 21_000_000, 8_000_000),
        (lambda: io.BytesIO(LINE * 300_000), 21_000_000, 8_000_000),
        (lambda: io.StringIO((LINE * 300_000).decode()), 21_000_000, 8_000_000),
        (lambda: (LINE for _ in range(300_000)), 21_000_000, 8_000_000),
        (in_one_part, 7_000_000, 24_000_000),  # stdlib's generator holds the text of the part that it writes
    ],
    ids=["bytes", "str", "file", "text file", "lines", "message"],
)
def test_content_of_any_kind_streams_in_constant_memory(
    made: Callable[[], Any], least: int, most: int, offers: tuple[str, ...]
) -> None:
    stream = Swallowing(*offers)
    client = SmtpClient("mx.example", stream=stream)  # type: ignore[arg-type]  # as much of one as is needed
    client.connect()
    client.ehlo()
    content = made()
    tracemalloc.start()
    try:
        assert client.send_mail("a@x", "b@x", content).success
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stream.octets > least
    assert grown < most


def test_progress_leaves_no_thread(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    client, _ = connected(server())
    client.send_mail("a@x", "b@x", CONTENT, progress=True)
    assert threading.active_count() == before
    capsys.readouterr()


def test_progress_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    client, _ = connected(server())
    client.send_mail("a@x", "b@x", CONTENT, progress=True)
    assert "content: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"RSET\r\nMAIL FROM:<x@x>\0\r\n", b"RSET\r\n" * 120_000], ids=["binary", "large"])
def test_354_to_a_recipient_grants_no_content(content: bytes) -> None:
    """Where content goes by BDAT, nothing that looks like a go-ahead lets it out before its length is told."""
    offers = ("PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME", "SIZE")
    client, peer = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 354 go on\nC: RSET\nS: 250 ok", *offers)
    delivery = client.send_mail("a@x", "b@x", content)
    assert {to: reply.code for to, reply in delivery.refused.items()} == {"b@x": 354}
    assert not delivery.accepted
    assert [write.split(b" ")[0] for write in peer.writes] == [b"MAIL", b"RSET\r\n"]
