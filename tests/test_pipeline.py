"""`client.pipeline()`: one write where it is offered, one reply for each command, and nothing left to chance."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import pytest
from leaks import forms, surfaces
from scripted import Script, ScriptedPeer, playing

from smtpnb import SmtpClient, SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpTimeout
from smtpnb.protocol.conversation import Stage
from smtpnb.transport.memory import MemoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smtpnb.pipeline import Pipeline

CHUNKS = (65_536, 1)


class Writes(ScriptedPeer):
    """A scripted peer that keeps each write apart."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.writes: list[bytes] = []

    def receive(self, data: bytes) -> list[bytes | None]:
        self.writes.append(data)
        return super().receive(data)


def connected(script: str, *, pipelining: bool = True, chunk: int = 65_536) -> tuple[SmtpClient, Writes]:
    """A client that has said EHLO, and its peer, whose writes count from there."""
    offer = "S: 250-mx\nS: 250 PIPELINING" if pipelining else "S: 250 mx"
    peer = Writes(Script.parse(f"S: 220 hi\nC: EHLO *\n{offer}\n{script}\nstall"))
    client = SmtpClient("mx.example", stream=MemoryStream(peer, chunk=chunk), timeout=1)
    client.connect()
    client.ehlo()
    peer.writes.clear()
    return client, peer


ENVELOPE = "C: MAIL *\nS: 250 sender\nC: RCPT *\nS: 250 one\nC: RCPT *\nS: 550 two\nC: DATA\nS: 354 go"


def queue_envelope(pipe: Pipeline) -> None:
    pipe.mail("a@example.org", "SIZE=9")
    pipe.rcpt("b@example.org")
    pipe.rcpt("c@example.org", "NOTIFY=NEVER")
    pipe.data()


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("pipelining", [True, False])
def test_replies_are_the_same_in_one_write_or_one_by_one(pipelining: bool, chunk: int) -> None:
    client, peer = connected(ENVELOPE, pipelining=pipelining, chunk=chunk)
    with client.pipeline() as pipe:
        queue_envelope(pipe)
        assert peer.writes == [], "nothing goes out before the end of the block"
    assert [(reply.code, reply.message, reply.verb) for reply in pipe.replies] == [
        (250, "sender", "MAIL"), (250, "one", "RCPT"), (550, "two", "RCPT"), (354, "go", "DATA"),
    ]  # fmt: skip
    sent = b"MAIL FROM:<a@example.org> SIZE=9\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org> NOTIFY=NEVER\r\nDATA\r\n"
    assert b"".join(peer.writes) == sent
    assert len(peer.writes) == (1 if pipelining else 4)
    assert client.conversation.stage is Stage.DATA
    assert client.conversation.forward_paths == ("b@example.org",)
    assert [exchange.pipelined for exchange in client.transcript.exchanges[-4:]] == [False, *[pipelining] * 3]


def test_block_that_raises_sends_nothing() -> None:
    client, peer = connected("")
    with pytest.raises(RuntimeError), client.pipeline() as pipe:
        pipe.mail("a@example.org")
        raise RuntimeError
    assert peer.writes == []
    assert pipe.replies == []


def test_empty_block_sends_nothing() -> None:
    client, peer = connected("")
    with client.pipeline() as pipe:
        pass
    assert (peer.writes, pipe.replies) == ([], [])


@pytest.mark.parametrize("poison", ["\r\nRSET", "\0", "\n"])
@pytest.mark.parametrize(
    "queue",
    [
        lambda pipe, x: pipe.mail(f"a{x}"), lambda pipe, x: pipe.rcpt(f"a{x}"), lambda pipe, x: pipe.rcpt("a", x),
        lambda pipe, x: pipe.vrfy(x), lambda pipe, x: pipe.expn(x), lambda pipe, x: pipe.help(x),
    ],
)  # fmt: skip
def test_bad_argument_sends_nothing_of_the_group(queue: Callable[[Pipeline, str], None], poison: str) -> None:
    client, peer = connected("")
    with pytest.raises(ValueError, match="CR, LF or NUL"), client.pipeline() as pipe:
        pipe.rset()
        queue(pipe, poison)
    assert peer.writes == []


def test_nothing_is_queued_behind_data_or_quit() -> None:
    client, _ = connected("")
    for last in ("data", "quit"):
        pipe = client.pipeline()
        getattr(pipe, last)()
        with pytest.raises(ValueError, match=f"NOOP cannot be queued behind {last.upper()}"):
            pipe.noop()


def test_verb_that_may_only_end_a_group_ends_one() -> None:
    """RFC 2920 §3.1: EHLO, DATA, VRFY, EXPN, TURN, QUIT and NOOP can only be the last of a group."""
    client, peer = connected(
        "".join(f"C: {verb}*\nS: 250 {verb}\n" for verb in ("MAIL", "VRFY", "RSET", "NOOP", "EXPN", "HELP"))
    )
    with client.pipeline() as pipe:
        pipe.mail("a@example.org")
        pipe.vrfy("bob")
        pipe.rset()
        pipe.noop()
        pipe.expn("staff")
        pipe.help()
    assert peer.writes == [
        b"MAIL FROM:<a@example.org>\r\nVRFY bob\r\n",
        b"RSET\r\nNOOP\r\n",
        b"EXPN staff\r\n",
        b"HELP\r\n",
    ]
    assert [reply.message for reply in pipe.replies] == ["MAIL", "VRFY", "RSET", "NOOP", "EXPN", "HELP"]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("ending", ["554 no valid recipients", "250 ok"])
@pytest.mark.parametrize(
    ("mail", "rcpt"), [("250 ok", "550 no"), ("550 no", "250 ok")], ids=["no recipient", "no sender"]
)
def test_data_granted_though_nobody_is_to_have_it_ends_with_a_lone_dot(
    mail: str, rcpt: str, ending: str, chunk: int
) -> None:
    """RFC 2920 §3.1: the client must then send a lone dot, and must not take its reply for a success."""
    script = f"C: MAIL *\nS: {mail}\nC: RCPT *\nS: {rcpt}\nC: DATA\nS: 354 go\nC: .\nS: {ending}\nC: NOOP\nS: 250 here"
    client, peer = connected(script, chunk=chunk)
    with client.pipeline() as pipe:
        pipe.mail("a@example.org")
        pipe.rcpt("nobody@example.org")
        pipe.data()
    assert peer.writes[1] == b".\r\n"
    assert pipe.ending is not None
    assert f"{pipe.ending.code} {pipe.ending.message}" == ending
    assert [reply.code for reply in pipe.replies] == [int(mail[:3]), int(rcpt[:3]), 354]
    assert client.noop().message == "here"


def test_data_by_hand_without_any_mail_is_left_to_the_user() -> None:
    """Wrong order is not policed: who asked for DATA and was granted it goes on."""
    client, _ = connected("C: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nC: hello\nC: .\nS: 250 taken")
    with client.pipeline() as pipe:
        pipe.rcpt("b@example.org")
        pipe.data()
    assert pipe.ending is None
    assert client.data_body("hello").message == "taken"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_farewell_within_a_group_keeps_the_replies_before_it(chunk: int) -> None:
    client, _ = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 421 bye\nclose", chunk=chunk)
    with pytest.raises(SmtpDisconnected, match="the server closed the session with 421"), client.pipeline() as pipe:
        pipe.mail("a@example.org")
        pipe.rcpt("b@example.org")
        pipe.data()
    assert [reply.code for reply in pipe.replies] == [250, 421]
    assert not client.connected


@pytest.mark.parametrize(
    ("script", "error", "codes"),
    [
        ("C: MAIL *\nS: 250 ok\nC: RCPT *\nstall", SmtpTimeout, [250]),
        ("C: MAIL *\nS: 250 ok\nC: RCPT *\nclose", SmtpDisconnected, [250]),
        ("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: rubbish", SmtpProtocolError, [250]),
    ],
)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_group_that_breaks_off_ends_the_connection(
    script: str, error: type[Exception], codes: list[int], chunk: int
) -> None:
    client, peer = connected(script, chunk=chunk)
    client.timeout = 0.2
    with pytest.raises(error), client.pipeline() as pipe:
        pipe.mail("a@example.org")
        pipe.rcpt("b@example.org")
    assert [reply.code for reply in pipe.replies] == codes
    assert client.transcript.exchanges[-1].command == "RCPT TO:<b@example.org>"
    assert client.transcript.exchanges[-1].reply is None
    peer.writes.clear()
    with pytest.raises(SmtpDisconnected):
        client.noop()
    assert peer.writes == []


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("end", ["close", "stall", "S: rubbish", "S: 250 ok\nC: DATA\nS: 354 d29uZGVyLWxhbmQ="])
def test_secret_that_a_broken_group_echoed_is_in_no_frame(end: str, chunk: int) -> None:
    """The last of them is whole, and breaks because the log does."""
    client, _ = connected(
        f"C: AUTH *\nS: 235 ok\nC: MAIL *\nS: 250 wonder-land d29uZGVyLWxhbmQ=\nC: RCPT *\n{end}", chunk=chunk
    )
    client.timeout = 0.2
    client.auth_plain("alice", "wonder-land")
    log = failing_log("DATA -> 354")
    with log, pytest.raises((SmtpError, OSError)) as caught, client.pipeline() as pipe:
        queue_letter(pipe)
    shown = surfaces(client, [caught.value])
    assert not [form for form in forms("alice", "wonder-land") if form in shown]


def queue_letter(pipe: Pipeline) -> None:
    pipe.mail("a@example.org")
    pipe.rcpt("b@example.org")
    pipe.data()


@contextlib.contextmanager
def failing_log(word: str) -> Iterator[None]:
    """A handler of the client's log that fails at every line with this word, such as one whose disk is full."""

    class Full(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if word in record.getMessage():
                raise OSError("the disk is full")

    log, handler = logging.getLogger("smtpnb.client"), Full()
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)


@pytest.mark.parametrize("rcpt", ["250 ok", "550 no", "421 bye"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_log_that_fails_ends_the_connection_and_loses_and_repeats_no_exchange(rcpt: str, chunk: int) -> None:
    rest = "close" if rcpt[:3] == "421" else "C: DATA\nS: 354 go"
    client, _ = connected(f"C: MAIL *\nS: 250 ok\nC: RCPT *\nS: {rcpt}\n{rest}", chunk=chunk)
    before = len(client.transcript.exchanges)
    log = failing_log("MAIL")
    with log, pytest.raises(OSError, match="the disk is full") as caught, client.pipeline() as pipe:
        queue_letter(pipe)
    assert "nothing was delivered" not in "".join(caught.value.__notes__)
    said = [(each.command, each.reply.code if each.reply else None) for each in client.transcript.exchanges[before:]]
    expected = [("MAIL FROM:<a@example.org>", 250), ("RCPT TO:<b@example.org>", int(rcpt[:3])), ("DATA", 354)]
    assert said == expected[: 2 if rcpt[:3] == "421" else 3]
    assert [reply.code for reply in pipe.replies] == [code for _, code in said]
    assert not client.connected


@pytest.mark.parametrize("chunk", CHUNKS)
def test_group_that_breaks_off_while_the_log_fails_ends_the_connection_too(chunk: int) -> None:
    client, _ = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nclose", chunk=chunk)
    with failing_log("MAIL"), pytest.raises(SmtpDisconnected), client.pipeline() as pipe:
        queue_letter(pipe)
    assert not client.connected
    assert [reply.code for reply in pipe.replies] == [250]


def test_secret_in_a_reply_is_in_no_frame_where_the_log_fails() -> None:
    client, _ = connected("C: AUTH *\nS: 235 ok\nC: VRFY *\nS: 252 wonder-land")
    client.auth_plain("alice", "wonder-land")
    with failing_log("VRFY"), pytest.raises(OSError, match="the disk is full") as caught:
        client.vrfy("bob")
    assert "wonder-land" not in surfaces(client, [caught.value])


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "end", ["close", "stall", "S: rubbish wonder-land", "S: 250 wonder-land", "S: 421 wonder-land"]
)
def test_secret_echoed_around_the_content_is_in_no_frame_and_each_exchange_recorded_once(end: str, chunk: int) -> None:
    """Where a reply to the content comes, the log fails at it."""
    client, _ = connected(
        "C: AUTH *\nS: 235 ok\nC: MAIL *\nS: 250 wonder-land\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 wonder-land\n"
        f"content\n{end}",
        chunk=chunk,
    )
    client.timeout = 0.2
    client.auth_plain("alice", "wonder-land")
    before = len(client.transcript.exchanges)
    with failing_log(". -> "), pytest.raises((SmtpError, OSError)) as caught:
        client.send_mail("a@example.org", "b@example.org", "hi")
    shown = surfaces(client, [caught.value])
    assert not [form for form in forms("alice", "wonder-land") if form in shown]
    said = [
        (each.command and each.command[:4], each.reply and each.reply.code)
        for each in client.transcript.exchanges[before:]
    ]
    code = int(end[3:6]) if end[3:6].isdigit() else None
    assert said == [("MAIL", 250), ("RCPT", 250), ("DATA", 354), (".", code)]
    assert not client.connected


def test_log_that_fails_at_the_reply_to_the_content_does_not_deny_the_delivery() -> None:
    client, _ = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nC: hi\nC: .\nS: 250 done")
    with failing_log(". -> 250"), pytest.raises(OSError, match="the disk is full") as caught:
        client.send_mail("a@example.org", "b@example.org", "hi")
    assert "nothing was delivered" not in "".join(caught.value.__notes__)
    last = client.transcript.exchanges[-1]
    assert (last.command, last.reply and last.reply.code) == (".", 250)
    assert not client.connected


@pytest.mark.parametrize("chunk", CHUNKS)
def test_one_reply_too_many_is_never_paired(chunk: int) -> None:
    client, peer = connected("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nS: 250 extra", chunk=chunk)
    with client.pipeline() as pipe:
        pipe.mail("a@example.org")
        pipe.rcpt("b@example.org")
    assert [reply.code for reply in pipe.replies] == [250, 250]
    peer.writes.clear()
    with pytest.raises(SmtpProtocolError):
        client.data()
    assert peer.writes == []


@pytest.mark.parametrize("place", ["sockets", "memory"])
def test_group_larger_than_both_windows_does_not_dead_lock(place: str) -> None:
    count = 2_000
    steps = "".join("C: RCPT *\nS: 250 " + "x" * 400 + "\n" for _ in range(count))
    with playing(
        Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250-mx\nS: 250 PIPELINING\nC: MAIL *\nS: 250 ok\n{steps}stall"),
        place,
        timeout=20,
        appetite=1_000,
    ) as (client, _):
        client.connect()
        client.ehlo()
        with client.pipeline() as pipe:
            pipe.mail("a@example.org")
            for number in range(count):
                pipe.rcpt(f"{'x' * 60}{number}@example.org")
        assert [reply.code for reply in pipe.replies] == [250] * (count + 1)
        assert client.conversation.recipients == count


def test_a_secret_is_never_in_a_group() -> None:
    """STARTTLS, AUTH and content cannot be queued: what follows depends on their replies."""
    assert not {"starttls", "auth", "auth_plain", "ehlo", "data_body", "bdat"} & set(dir(connected("")[0].pipeline()))
