"""The client against hostile servers: what it guarantees whatever they do. The scripts are in `sessions/`."""

import logging
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import pytest
import trustme
from leaks import forms, surfaces
from scripted import PLACES, Script, ScriptedPeer, playing

from smtpnb import (
    SmtpClient,
    SmtpConnectError,
    SmtpDisconnected,
    SmtpError,
    SmtpInsecureError,
    SmtpProtocolError,
    SmtpTimeout,
    SmtpTlsError,
)
from smtpnb.secret import MASK
from smtpnb.session import TlsInfo
from smtpnb.text import visible
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.memory import MemoryStream

#: Session → what connecting, then the commands in it, must end with. Nothing else may come out, and never a reply.
CONNECTING = {
    "greeting-closes": SmtpDisconnected,
    "greeting-drips": SmtpTimeout,
    "greeting-floods": SmtpProtocolError,
    "greeting-half-closes": SmtpDisconnected,
    "greeting-resets": (SmtpConnectError, SmtpDisconnected),
    "greeting-stalls": SmtpTimeout,
    "greeting-truncated": SmtpDisconnected,
    "http": SmtpProtocolError,
    "ssh": SmtpProtocolError,
    "tls-alert": SmtpProtocolError,
}
COMMANDS = {
    "reply-drips": SmtpTimeout,
    "reply-endless": SmtpProtocolError,
    "reply-half-closes": SmtpDisconnected,
    "reply-late": SmtpTimeout,
    "reply-resets": SmtpDisconnected,
    "reply-stalls": SmtpTimeout,
    "reply-truncated": SmtpDisconnected,
}
CONTENT = {
    "data-250-early": SmtpProtocolError,
    "data-closes": SmtpDisconnected,
    "data-deaf": SmtpTimeout,
    "data-resets": SmtpDisconnected,
    "data-sips": SmtpTimeout,
    "data-stalls": SmtpTimeout,
}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def dead(client: SmtpClient) -> bool:
    """Whether the connection is gone, and whoever calls next is told why."""
    with pytest.raises(SmtpDisconnected, match="not connected"):
        client.noop()
    return not client.connected and "not connected" in repr(client)


@pytest.mark.parametrize(("session", "error"), CONNECTING.items(), ids=CONNECTING)
def test_greeting_is_complete_or_an_error_within_the_deadline(session: str, error: type[SmtpError]) -> None:
    with playing(session) as (client, _):
        began = time.monotonic()
        with pytest.raises(error) as caught:
            client.connect()
        assert time.monotonic() - began < 1.5
        assert all(visible(line) == line for line in caught.value.to_text().split("\n"))
        assert dead(client)


@pytest.mark.parametrize(("session", "error"), COMMANDS.items(), ids=COMMANDS)
def test_reply_is_complete_or_an_error_within_the_deadline(session: str, error: type[SmtpError]) -> None:
    with playing(session) as (client, _):
        client.connect()
        began = time.monotonic()
        with pytest.raises(error):
            client.noop()
        assert time.monotonic() - began < 1.5
        assert dead(client)


@pytest.mark.parametrize(("session", "error"), CONTENT.items(), ids=CONTENT)
def test_upload_that_breaks_is_never_a_success(session: str, error: type[SmtpError]) -> None:
    with playing(session, appetite=4_096) as (client, _):
        client.connect()
        assert client.data().code == 354
        began = time.monotonic()
        with pytest.raises(error):
            client.data_body(b"x" * 70 + b"\r\n" + b"y" * 20_000_000)
        assert time.monotonic() - began < 2
        assert dead(client)


@pytest.mark.parametrize("session", ["data-552-early-closes", "data-552-early-stalls"])
def test_refusal_before_the_end_of_the_content_is_the_answer_and_no_dead_lock(session: str) -> None:
    with playing(session, appetite=4_096) as (client, _):
        client.connect()
        client.data()
        reply = client.data_body(b"x" * 20_000_000)
        assert reply.code == 552
        assert not reply.success
        assert dead(client)


@pytest.mark.parametrize("place", PLACES)
def test_content_that_raises_midway_is_never_terminated(place: str) -> None:
    def content() -> Iterator[bytes]:
        yield b"Subject: half\r\n\r\n" + b"x" * 300_000 + b"\r\n"
        yield b"more\r\n"
        raise OSError("the disk is gone")

    with playing(Script.parse("S: 220 hi\nC: DATA\nS: 354 go\nstall"), place, timeout=5) as (client, heard):
        client.connect()
        client.data()
        with pytest.raises(OSError, match="the disk is gone"):
            client.data_body(content())
        assert dead(client)
        assert b"\r\n.\r\n" not in heard.octets


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "reply",
    [
        "25 ok",
        "2500 ok",
        "+25 ok",
        "2_5 ok",
        " 25 ok",
        "٢٥٠ ok",
        "199 ok",
        "600 ok",
        "abc",
        "",
        "250",
        "250-a\nS: 251 b",
    ],
)
def test_only_three_digits_of_2_to_5_are_a_code(place: str, reply: str) -> None:
    with playing(Script.parse(f"S: 220 hi\nC: NOOP\nS: {reply}\nstall"), place) as (client, _):
        client.connect()
        if reply == "250":  # no text and no space: seen in the field
            assert client.noop().lines == ("",)
        else:
            with pytest.raises(SmtpProtocolError):
                client.noop()
            assert dead(client)


@pytest.mark.parametrize("place", PLACES)
def test_text_is_cut_at_crlf_only_and_preserved(place: str) -> None:
    octets = r"250-a\x0bb\x0cc\x1cd\x85\r\n250 \xe2\x80\xa8e\xfff\r\n"
    with playing(Script.parse(f"S: 220 hi\nC: NOOP\noctets {octets}\nstall"), place) as (client, _):
        client.connect()
        reply = client.noop()
        assert reply.lines == ("a\x0bb\x0cc\x1cd\udc85", "\u2028e\udcfff")
        assert visible(repr(reply)) == repr(reply)


def test_late_reply_is_not_taken_for_the_next_commands() -> None:
    with playing("reply-late") as (client, _):
        client.connect()
        with pytest.raises(SmtpTimeout, match="RSET"):
            client.rset()
        time.sleep(0.3)
        assert dead(client)
        assert client.connect().code == 220


@pytest.mark.parametrize("session", ["unasked-reply", "unasked-reply-later", "unasked-rubbish"])
def test_unasked_input_is_an_error_and_never_paired(session: str) -> None:
    with playing(session) as (client, heard):
        client.connect()
        with pytest.raises(SmtpProtocolError):
            client.rset()
            time.sleep(0.15)
            client.noop()
        assert b"NOOP" not in heard.octets
        assert dead(client)


def test_unasked_421_is_the_servers_farewell() -> None:
    with playing("unasked-421") as (client, _):
        client.connect()
        with pytest.raises(SmtpDisconnected, match="421"):
            client.noop()
            time.sleep(0.15)
            client.noop()


def test_421_is_returned_and_ends_the_connection() -> None:
    with playing(Script.parse("S: 220 hi\nC: NOOP\nS: 421 bye\nstall")) as (client, _):
        client.connect()
        assert client.noop().code == 421
        assert dead(client)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_closes_the_connection_and_says_so() -> None:
    import _thread

    with playing(Script.parse("S: 220 hi\nC: NOOP\nstall"), timeout=10) as (client, _):
        client.connect()
        threading.Timer(0.2, _thread.interrupt_main).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as caught:
            client.noop()
        assert time.monotonic() - began < 3
        assert "connect() starts afresh" in "".join(caught.value.__notes__)
        assert "interrupted" in repr(client)
        assert dead(client)


# -- TLS ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", ["S: 250 injected", "octets GARBAGE", r"octets 250-half\r\n"])
def test_data_behind_the_220_of_starttls_is_an_error(behind: str, trusting: ssl.SSLContext) -> None:
    script = Script.parse(f"S: 220 hi\nC: STARTTLS\nS: 220 go ahead\n{behind}\nstall")
    with playing(script, ssl_context=trusting) as (client, heard):
        client.connect()
        with pytest.raises(SmtpProtocolError, match="in the clear"):
            client.starttls()
        assert not client.secure
        assert dead(client)
        assert heard.octets == b"STARTTLS\r\n"


@pytest.mark.parametrize("session", ["starttls-plaintext", "starttls-closes", "starttls-resets"])
def test_handshake_that_fails_sends_nothing_more_in_the_clear(session: str, trusting: ssl.SSLContext) -> None:
    with playing(session, ssl_context=trusting) as (client, heard):
        client.connect()
        with pytest.raises((SmtpTlsError, SmtpProtocolError, SmtpDisconnected)):
            client.starttls()
        assert not client.secure
        assert dead(client)
        assert b"NOOP" not in heard.octets
        assert b"QUIT" not in heard.octets


def test_handshake_that_stalls_ends_at_the_deadline(trusting: ssl.SSLContext) -> None:
    with playing("starttls-stalls", ssl_context=trusting) as (client, _):
        client.connect()
        began = time.monotonic()
        with pytest.raises(SmtpTimeout, match="TLS handshake"):
            client.starttls()
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("code", [221, 250, 354, 454, 501, 503])
def test_anything_but_220_starts_no_tls(code: int, trusting: ssl.SSLContext) -> None:
    script = Script.parse(f"S: 220 hi\nC: STARTTLS\nS: {code} no\nC: NOOP\nS: 250 ok\nstall")
    with playing(script, ssl_context=trusting) as (client, _):
        client.connect()
        assert client.starttls().code == code
        assert not client.secure
        assert client.noop().code == 250


@pytest.mark.parametrize("session", ["tls-truncated", "tls-ended"])
def test_connection_cut_inside_tls_is_no_complete_reply(
    session: str, server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with playing(session, context=server_context, ssl_context=trusting) as (client, _):
        client.connect()
        assert client.starttls().code == 220
        with pytest.raises(SmtpDisconnected):
            client.noop()


# -- secrets --------------------------------------------------------------------------------------------------


class FarAway:
    """A stream to an address that is not loopback."""

    address = ("192.0.2.1", 25)
    local_address = "192.0.2.2"
    tls: TlsInfo | None = None

    def __init__(self) -> None:
        self.written = b""
        self._answers = [b"220 hi\r\n"]

    def read(self, deadline: Deadline) -> bytes:
        return self._answers.pop(0)

    def write(self, data: bytes, deadline: Deadline, *, watch: bool = False) -> int:
        self.written += data
        self._answers.append(b"334 \r\n")
        return len(data)

    def waiting(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "attempt",
    [
        lambda client: client.auth_plain("alice", "wonderland"),
        lambda client: client.auth("PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ="),
        lambda client: client.get_response("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="),
        lambda client: client.send_data("auth plain AGFsaWNlAHdvbmRlcmxhbmQ=\r\n"),
        lambda client: client.send_data("NOOP\rAUTH PLAIN AGFsaWNl\r\n"),
        lambda client: client.send_data("AUTH LOGIN\r\nYWxpY2U=\r\n"),
        lambda client: (client.send_data("AUTH PLA"), client.send_data("IN AGFsaWNl\r\n")),
        lambda client: (client.auth("LOGIN"), client.auth_login_username("alice")),
        lambda client: (client.auth("LOGIN"), client.auth_login_password("wonderland")),
        lambda client: (client.auth("LOGIN"), client.get_response("YWxpY2U=")),
        lambda client: (client.auth("LOGIN"), client.send_data("YWxp")),
    ],
)
def test_secret_in_the_clear_is_refused_but_to_loopback(attempt: Callable[[SmtpClient], object]) -> None:
    stream = FarAway()
    client = SmtpClient("mail.example", stream=stream)  # type: ignore[arg-type]
    client.connect()
    with pytest.raises(SmtpInsecureError):
        attempt(client)
    assert b"AGFs" not in stream.written
    assert b"YWxp" not in stream.written
    assert client.connected


PASSWORD = "wonderland-ünlock"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", range(5))
@pytest.mark.parametrize(
    "echo",
    [
        "S: 535 bad {0}",
        "S: 535-bad {0}\nS: 535 again {0}",
        "S: 535-{1}\nS: 535 {2}",
        "S: 535-{0}\nS: 536 {0}",
        "octets 535 {0}",
    ],
)
def test_secret_appears_nowhere_even_when_the_server_echoes_it(
    place: str, form: int, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    shown = forms("alice", PASSWORD)[form]
    if "octets" in echo:
        shown = shown.replace("ü", "\\xc3\\xbc")
    script = f"S: 220 hi\nC: AUTH *\n{echo.format(shown, shown[:6], shown[6:])}\nstall"
    errors: list[BaseException] = []
    with caplog.at_level(logging.DEBUG), playing(Script.parse(script), place, timeout=0.2) as (client, _):
        client.connect()
        try:
            client.auth_plain("alice", PASSWORD)
        except SmtpError as error:
            errors.append(error)
        told = surfaces(client, errors, caplog.text)
        told += "".join("".join(traceback.format_exception(error)) for error in errors)
    for secret in forms("alice", PASSWORD):
        assert secret not in told


@pytest.mark.parametrize("echo", ["220 you were {}", "220-{}\nS: 220 hi"])
def test_secret_is_masked_in_a_later_session_of_the_same_client(echo: str) -> None:
    sessions = ["S: 220 hi\nC: AUTH *\nS: 535 no\nstall", f"S: {echo.format(PASSWORD)}\nstall"]
    peers = [ScriptedPeer(Script.parse(session)) for session in sessions]
    client = SmtpClient(stream=lambda: MemoryStream(peers.pop(0)))
    client.connect()
    client.auth_plain("alice", PASSWORD)
    greeting = client.connect()
    assert MASK in greeting.message
    assert PASSWORD not in surfaces(client, []) + repr(greeting) + greeting.raw.decode()


# -- nothing is left -------------------------------------------------------------------------------------------


def test_failed_connections_leave_no_thread_and_close_is_idempotent() -> None:
    before = threading.active_count()
    for session in ("greeting-closes", "greeting-stalls", "http"):
        for _ in range(3):
            with playing(session, timeout=0.05) as (client, _heard):
                with pytest.raises(SmtpError):
                    client.connect()
                client.disconnect()
                client.disconnect()
    assert threading.active_count() <= before


@pytest.mark.parametrize("session", ["quit-stalls", "reply-stalls"])
def test_leaving_with_never_masks_the_bodys_exception_and_ends_in_time(session: str) -> None:
    with playing(session, timeout=0.3) as (client, _):
        began = time.monotonic()
        with pytest.raises(ZeroDivisionError), client:
            _ = 1 / 0
        assert time.monotonic() - began < 1.5
        assert not client.connected
