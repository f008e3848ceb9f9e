"""Whole messages: what they need is asked for or refused, one refusal loses nobody else, no half success is one."""

from __future__ import annotations

import io
import threading
import tracemalloc
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from scripted import Script, ScriptedPeer
from test_pipeline import Writes

from smtpnb import Delivery, Sandbox, SmtpClient, SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpReplyError
from smtpnb.protocol.limits import PIECE
from smtpnb.transport.memory import MemoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    ],
)
def test_envelope_comes_from_the_header_section(
    fields: dict[str, str], sender: str, recipients: tuple[str, ...]
) -> None:
    client, _ = connected(server(), "8BITMIME")
    delivery = client.send_message(email(**fields))
    assert (delivery.sender, delivery.accepted) == (sender, recipients)


@pytest.mark.parametrize(
    ("fields", "words"), [({"To": "b@x"}, "neither From nor Sender"), ({"From": "a@x"}, "no To, Cc or Bcc")]
)
def test_email_message_without_an_envelope_sends_nothing(fields: dict[str, str], words: str) -> None:
    client, peer = connected("", "8BITMIME")
    with pytest.raises(ValueError, match=words):
        client.send_message(email(**fields))
    assert peer.writes == []


@pytest.mark.parametrize("message", ["Subject: text\r\n\r\nhello\r\n", b"octets", {"From": "a@x", "To": "b@x"}, None, 7])
def test_what_is_no_email_message_is_refused_in_words_and_sends_nothing(message: Any) -> None:
    client, peer = connected("", "8BITMIME")
    with pytest.raises(TypeError, match="a message is an EmailMessage, not .*: send_mail"):
        client.send_message(message)
    assert peer.writes == []


# -- queue ids, memory, progress -----------------------------------------------------------------------------------


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
