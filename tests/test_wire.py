"""The choke point: nothing unread is paired, every wait has its deadline, no broken upload is a success."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
from scripted import Script, ScriptedPeer

from smtpnb import Sandbox, SmtpClient
from smtpnb.errors import SmtpDisconnected, SmtpProtocolError, SmtpTimeout, SmtpTlsError
from smtpnb.protocol.command import Batch, Command
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.memory import MemoryStream
from smtpnb.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripted import Heard

CHUNKS = (65_536, 1)


def wired(script: str, chunk: int = 65_536) -> tuple[Wire, Heard]:
    peer = ScriptedPeer(Script.parse(script))
    return Wire(MemoryStream(peer, chunk=chunk)), peer.heard


def soon() -> Deadline:
    return Deadline(5.0)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_replies_come_one_at_a_time_in_order(chunk: int) -> None:
    wire, _ = wired("S: 220-one\nS: 220 still one\nS: 250 two", chunk)
    assert wire.receive(soon()).raw == b"220-one\r\n220 still one\r\n"
    assert wire.receive(soon()).raw == b"250 two\r\n"


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("unread", ["S: 250 ok", "S: 250-half", "octets 25", "octets rubbish\\n", "garbage 00"])
@pytest.mark.parametrize(
    "use",
    [
        lambda wire: wire.exchange(b"NOOP\r\n", soon()),
        lambda wire: wire.exchange_all(Batch.of((Command("NOOP"), Command("RSET"))), [], soon()),
        lambda wire: wire.upload_whole(b"content\r\n.\r\n", soon()),
        lambda wire: wire.upload(iter([b"content\r\n.\r\n"]), soon()),
    ],
    ids=["exchange", "exchange_all", "upload_whole", "upload"],
)
def test_nothing_is_sent_while_something_is_unread(use: Callable[[Wire], object], unread: str, chunk: int) -> None:
    wire, heard = wired(f"S: 220 hi\n{unread}", chunk)
    wire.receive(soon())
    with pytest.raises(SmtpProtocolError):
        use(wire)
    assert heard.octets == b""


def test_nothing_is_sent_while_a_reply_that_was_read_along_is_not_taken() -> None:
    """In the same packet as the one before: the reader has it, the stream is empty."""
    wire, heard = wired("S: 220 hi\nS: 250 ok")
    wire.receive(soon())
    assert not wire.stream.waiting()
    with pytest.raises(SmtpProtocolError, match="no command asked for"):
        wire.exchange(b"NOOP\r\n", soon())
    assert heard.octets == b""


@pytest.mark.parametrize("chunk", CHUNKS)
def test_farewell_that_was_unread_is_a_disconnection_with_its_words(chunk: int) -> None:
    wire, heard = wired("S: 220 hi\nS: 421 4.4.2 idle \x1b\nclose", chunk)
    wire.receive(soon())
    with pytest.raises((SmtpDisconnected, SmtpProtocolError)) as caught:
        wire.exchange(b"NOOP\r\n", soon())
    if chunk > 1:
        assert str(caught.value) == "the server closed the connection with: 421 4.4.2 idle ⟨ESC⟩"
    assert heard.octets == b""


def test_end_that_was_unread_is_a_disconnection() -> None:
    wire, heard = wired("S: 220 hi\nclose")
    wire.receive(soon())
    with pytest.raises(SmtpDisconnected, match="closed the connection"):
        wire.exchange(b"NOOP\r\n", soon())
    assert heard.octets == b""


def test_sending_blindly_sends_whatever_is_unread() -> None:
    wire, heard = wired("S: 220 hi\nS: 250 ok")
    wire.send_blindly(b"NOOP\r\n", 1, soon())
    assert heard.octets == b"NOOP\r\n"


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "part", ["octets 250 ok", "octets 250 ok\\r", "S: 250-ok", "octets 25", "octets 250-a\\r\\n250 b"]
)
def test_end_in_the_middle_of_a_reply_is_no_reply(part: str, chunk: int) -> None:
    wire, _ = wired(f"{part}\nclose", chunk)
    with pytest.raises(SmtpDisconnected, match="in the middle of a reply"):
        wire.receive(soon())


@pytest.mark.parametrize("chunk", CHUNKS)
def test_part_of_a_reply_by_the_deadline_is_quoted(chunk: int) -> None:
    wire, _ = wired("octets 250 half \\x1b\nstall", chunk)
    with pytest.raises(SmtpTimeout, match="only part of a reply came, “250 half ⟨ESC⟩”"):
        wire.receive(soon())


def test_late_and_truncated_words_of_another_protocol_are_named() -> None:
    for end in ("stall", "close"):
        wire, _ = wired(f"octets SSH-2.0-x\n{end}")
        with pytest.raises(SmtpProtocolError, match="this is not SMTP"):
            wire.receive(soon())


# -- the upload -------------------------------------------------------------------------------------------------


def pieces(*octets: bytes, taken: list[bytes] | None = None) -> Iterator[bytes]:
    for piece in octets:
        if taken is not None:
            taken.append(piece)
        yield piece


@pytest.mark.parametrize("chunk", CHUNKS)
def test_whole_upload_returns_the_reply(chunk: int) -> None:
    wire, heard = wired("content\nS: 250 queued", chunk)
    assert wire.upload(pieces(b"one\r\n", b"two\r\n", b".\r\n"), soon()).code == 250
    assert heard.octets == b"one\r\ntwo\r\n.\r\n"


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("code", [421, 451, 552, 554])
def test_refusal_before_the_end_is_the_answer_and_ends_everything(code: int, chunk: int) -> None:
    wire, heard = wired(f"hear 5\nS: {code} no", chunk)
    taken: list[bytes] = []
    assert wire.upload(pieces(b"one\r\n", b"two\r\n", b".\r\n", taken=taken), soon()).code == code
    assert heard.octets == b"one\r\n"
    assert b".\r\n" not in taken
    with pytest.raises(SmtpDisconnected):
        wire.exchange(b"NOOP\r\n", soon())


@pytest.mark.parametrize("code", [250, 221, 354])
def test_success_before_the_end_is_an_error(code: int) -> None:
    wire, heard = wired(f"hear 5\nS: {code} fine")
    with pytest.raises(SmtpProtocolError, match="before the content ended"):
        wire.upload(pieces(b"one\r\n", b"two\r\n", b".\r\n"), soon())
    assert heard.octets == b"one\r\n"


@pytest.mark.parametrize(("last_words", "code"), [("S: 552 no", 552), ("S: 421 bye", 421)])
def test_last_words_of_a_server_that_hung_up_are_its_answer(last_words: str, code: int) -> None:
    wire, _ = wired(f"hear 5\n{last_words}\nclose")
    assert wire.upload(pieces(b"one\r\n", b"two\r\n", b".\r\n"), soon()).code == code


@pytest.mark.parametrize("last_words", ["", "S: 552-no", "octets 552 no"])
def test_hang_up_during_the_upload_is_an_error(last_words: str) -> None:
    wire, _ = wired(f"hear 5\n{last_words}\nclose")
    with pytest.raises(SmtpDisconnected):
        wire.upload(pieces(b"one\r\n", b"two\r\n", b".\r\n"), soon())


class Broken:
    """A stream that breaks at the second write, with something left to read."""

    address = ("192.0.2.1", 25)
    local_address = "192.0.2.2"
    tls = None

    def __init__(self, *unread: bytes) -> None:
        self.unread = list(unread)
        self.writes = 0
        self.closed = False

    def read(self, deadline: Deadline) -> bytes:
        if not self.unread:
            raise SmtpTimeout("no answer")
        return self.unread.pop(0)

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        self.writes += 1
        if self.writes > 1:
            raise SmtpDisconnected("broken")
        return len(data)

    def waiting(self) -> bool:
        return False

    def start_tls(self, *_: object) -> None:
        raise AssertionError("a handshake")

    def close(self) -> None:
        self.closed = True


class Impatient(Broken):
    """A stream whose peer answers each write, and refuses a large one before its end."""

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        if len(data) > 4_096:
            assert watch
            self.unread.append(b"552 too large\r\n")
            return 4_096
        self.unread.append(b"354 go\r\n" if data == b"DATA\r\n" else b"250 ok\r\n")
        return len(data)


def test_client_whose_whole_content_was_refused_before_its_end_is_not_connected() -> None:
    stream = Impatient(b"220 hi\r\n")
    client = SmtpClient(stream=stream, local_hostname="me")  # type: ignore[arg-type]  # start_tls aside, it is one
    client.connect()
    client.data()
    assert client.data_body(b"x" * 100_000).code == 552
    assert stream.closed
    assert not client.connected
    with pytest.raises(SmtpDisconnected, match="refused the content before its end"):
        client.noop()


def test_short_content_is_one_write_and_its_reply() -> None:
    stream = Impatient(b"220 hi\r\n")
    client = SmtpClient(stream=stream, local_hostname="me")  # type: ignore[arg-type]  # as above
    client.connect()
    client.data()
    assert client.data_body(b"x").code == 250
    assert client.connected


@pytest.mark.parametrize(
    ("unread", "code"), [((b"552 no\r\n",), 552), ((b"250 ok\r\n",), 0), ((), 0), ((b"",), 0), ((b"250 o", b""), 0)]
)
def test_broken_write_is_a_refusal_or_an_error_and_never_a_success(unread: tuple[bytes, ...], code: int) -> None:
    stream = Broken(*unread)
    upload = iter([b"one\r\n", b"two\r\n", b".\r\n"])
    if code:
        assert Wire(stream).upload(upload, soon()).code == code  # type: ignore[arg-type]
        assert stream.closed
    else:
        with pytest.raises(SmtpDisconnected):
            Wire(stream).upload(upload, soon())  # type: ignore[arg-type]


@pytest.mark.parametrize(("unread", "code"), [((b"552 no\r\n",), 552), ((b"250 ok\r\n",), 0), ((), 0)])
def test_broken_write_of_short_content_is_a_refusal_or_an_error(unread: tuple[bytes, ...], code: int) -> None:
    stream = Broken(*unread)
    stream.writes = 1
    if code:
        assert Wire(stream).upload_whole(b"one\r\n.\r\n", soon()).code == code  # type: ignore[arg-type]
    else:
        with pytest.raises(SmtpDisconnected):
            Wire(stream).upload_whole(b"one\r\n.\r\n", soon())  # type: ignore[arg-type]
    assert stream.closed


@pytest.mark.parametrize("error", [SmtpDisconnected("mine"), SmtpTimeout("mine"), OSError("mine"), KeyboardInterrupt()])
def test_error_of_the_content_itself_comes_out_as_it_is(error: BaseException) -> None:
    def content() -> Iterator[bytes]:
        yield b"one\r\n"
        raise error

    wire, heard = wired("hear 1000")
    with pytest.raises(type(error)) as caught:
        wire.upload(content(), soon())
    assert caught.value is error
    assert heard.octets == b"one\r\n"


def test_slow_content_ends_by_the_deadline() -> None:
    def content() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b"more\r\n"

    wire, _ = wired("hear 1000000")
    began = time.monotonic()
    with pytest.raises(SmtpTimeout, match="end of the upload"):
        wire.upload(content(), Deadline(0.2))
    assert time.monotonic() - began < 0.5


# -- STARTTLS ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "behind", ["S: 250 injected", "octets 250-in", "octets rubbish\\r\\n", "octets \\n", "garbage 16 03 01"]
)
def test_octets_behind_the_go_ahead_start_no_tls(behind: str, chunk: int) -> None:
    """Read along with it (one packet), or still in the system's buffer (octet by octet)."""
    wire, heard = wired(f"S: 220 go ahead\n{behind}", chunk)
    wire.receive(soon())
    with pytest.raises(SmtpProtocolError):
        wire.start_tls(ssl.create_default_context(), "mx.example", soon())
    assert heard.octets == b""


def test_end_behind_the_go_ahead_starts_no_tls() -> None:
    wire, _ = wired("S: 220 go ahead\nclose")
    wire.receive(soon())
    with pytest.raises(SmtpDisconnected):
        wire.start_tls(ssl.create_default_context(), "mx.example", soon())


def test_greeting_in_the_clear_where_tls_comes_first_is_a_plain_port() -> None:
    wire, _ = wired("S: 220 mx.example")
    with pytest.raises(SmtpTlsError, match="does not speak TLS") as caught:
        wire.start_tls(ssl.create_default_context(), "mx.example", soon(), implicit=True)
    assert "plain port" in caught.value.cause


# -- errors quote nothing secret --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "octets 535 wonderland\nclose",
        "octets 535 wonderland\nstall",
        "S: 535-a\nS: 536 wonderland",
        "S: wonderland",
        "octets 535 wonderland\\n",
    ],
)
def test_quoted_octets_are_masked(script: str) -> None:
    wire = Wire(
        MemoryStream(ScriptedPeer(Script.parse(script))), lambda octets: octets.replace(b"wonderland", b"(masked)")
    )
    with pytest.raises((SmtpDisconnected, SmtpTimeout, SmtpProtocolError), match=r"\(masked\)") as caught:
        wire.receive(soon())
    assert "wonderland" not in caught.value.to_text()


def test_quoted_unasked_and_early_replies_are_masked() -> None:
    def mask(octets: bytes) -> bytes:
        return octets.replace(b"wonderland", b"(masked)")

    for unasked in ("S: 250 wonderland", "S: 421 wonderland", "octets 250-wonderland"):
        wire = Wire(MemoryStream(ScriptedPeer(Script.parse(unasked))), mask)
        with pytest.raises((SmtpDisconnected, SmtpProtocolError), match=r"\(masked\)"):
            wire.exchange(b"NOOP\r\n", soon())
    wire = Wire(MemoryStream(ScriptedPeer(Script.parse("hear 1\nS: 250 wonderland"))), mask)
    with pytest.raises(SmtpProtocolError, match=r"\(masked\)"):
        wire.upload(iter([b"a", b"b"]), soon())


def test_thread_that_looks_meanwhile_takes_no_reply_and_sees_no_end(quick_switches: None) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            client.still_connected()

    with Sandbox() as sandbox, sandbox.client() as client:
        thread = threading.Thread(target=look)
        thread.start()
        try:
            assert {client.noop().code for _ in range(300)} == {250}
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    "use",
    [
        lambda wire: wire.exchange(b"NOOP\r\n", soon()),
        lambda wire: wire.send_blindly(b"NOOP\r\n", 1, soon()),
        lambda wire: wire.start_tls(ssl.create_default_context(), "mx", soon()),
    ],
    ids=["exchange", "send_blindly", "start_tls"],
)
def test_whoever_uses_the_connection_waits_for_a_look_in_progress(use: Callable[[Wire], object]) -> None:
    looking, go_on = threading.Event(), threading.Event()
    beside: list[str] = []

    class Watched(MemoryStream):
        def waiting(self) -> bool:
            if threading.current_thread() is looker:
                looking.set()
                go_on.wait(5)
            elif not go_on.is_set():
                beside.append("waiting")
            return super().waiting()

        def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
            if not go_on.is_set():
                beside.append("write")
            return super().write(data, deadline, watch=watch)

    wire = Wire(Watched(ScriptedPeer(Script.parse("S: 220 hi\nC: NOOP\nS: 250 ok"))))
    wire.receive(soon())
    looker = threading.Thread(target=wire.check, args=(soon(),))
    looker.start()
    assert looking.wait(5)
    release = threading.Timer(0.2, go_on.set)
    release.start()
    with contextlib.suppress(SmtpTlsError):  # there is none in memory
        use(wire)
    looker.join()
    release.join()
    assert beside == []


def test_closing_is_idempotent() -> None:
    wire, _ = wired("S: 220 hi")
    wire.close()
    wire.close()
    with pytest.raises(SmtpDisconnected):
        wire.receive(soon())
