"""`SmtpClient`: one method per verb, each one exchange; what it says of itself is true at every moment."""

from __future__ import annotations

import base64
import logging
import pickle
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from leaks import forms, locals_shown
from scripted import PLACES, Script, playing

from smtpnb import (
    Sandbox,
    SmtpClient,
    SmtpDisconnected,
    SmtpError,
    SmtpInsecureError,
    SmtpProtocolError,
    SmtpTimeout,
)  # fmt: skip
from smtpnb.exchange import Exchange
from smtpnb.protocol.conversation import Stage
from smtpnb.secret import MASK, Secret
from smtpnb.text import visible
from smtpnb.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A server that takes anything, ten times.
AGREEABLE = Script.parse("S: 220 hi\n" + "C: *\nS: 250 ok\n" * 10 + "stall")

TOKEN = "AGFsaWNlAHdvbmRlcmxhbmQ="


def script(*steps: str) -> Script:
    return Script.parse("\n".join(("S: 220 hi", *steps, "stall")))


# -- a session ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_whole_session(place: str) -> None:
    with playing("good-session", place) as (client, heard):
        with client:
            assert client.conversation.stage is Stage.GREETED
            assert not client.capabilities
            assert client.ehlo().lines == ("mx.example", "SIZE 1000000", "HELP")
            assert client.capabilities == {"SIZE": ("1000000",), "HELP": ()}
            assert client.mail("alice@example.org").code == 250
            assert client.rcpt("bob@example.org").code == 250
            assert client.conversation.envelope == "from <alice@example.org>, to <bob@example.org>"
            assert client.data().code == 354
            assert client.conversation.stage is Stage.DATA
            reply = client.data_body("Subject: hi\n\n.dot\n")
            assert (reply.code, reply.message) == (250, "2.0.0 queued as 4711")
            assert client.conversation.stage is Stage.READY
        assert not client.connected
    assert heard.lines == [
        b"EHLO client.example", b"MAIL FROM:<alice@example.org>", b"RCPT TO:<bob@example.org>", b"DATA",
        b"Subject: hi", b"", b"..dot", b".", b"QUIT",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda c: c.ehlo(), b"EHLO client.example"), (lambda c: c.ehlo("me"), b"EHLO me"), (lambda c: c.ehlo(""), b"EHLO"),
        (lambda c: c.helo(), b"HELO client.example"), (lambda c: c.noop(), b"NOOP"), (lambda c: c.rset(), b"RSET"),
        (lambda c: c.help(), b"HELP"), (lambda c: c.help("MAIL"), b"HELP MAIL"),
        (lambda c: c.mail("a@b"), b"MAIL FROM:<a@b>"), (lambda c: c.mail(None), b"MAIL FROM:<>"), (lambda c: c.mail(""), b"MAIL FROM:<>"),
        (lambda c: c.mail("<a@b>", "SIZE=5", "BODY=8BITMIME"), b"MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME"),
        (lambda c: c.rcpt("ünï@b", "NOTIFY=NEVER"), "RCPT TO:<ünï@b> NOTIFY=NEVER".encode()),
        (lambda c: c.data(), b"DATA"), (lambda c: c.vrfy("bob"), b"VRFY bob"), (lambda c: c.vrfy(""), b"VRFY"), (lambda c: c.expn("staff"), b"EXPN staff"),
        (lambda c: c.auth("LOGIN"), b"AUTH LOGIN"), (lambda c: c.auth("plain"), b"AUTH PLAIN"), (lambda c: c.auth("PLAIN", "="), b"AUTH PLAIN ="),
        (lambda c: c.auth("PLAIN", TOKEN), f"AUTH PLAIN {TOKEN}".encode()), (lambda c: c.auth_plain("alice", "wonderland"), f"AUTH PLAIN {TOKEN}".encode()),
        (lambda c: c.auth_plain("alice", Secret("wonderland")), f"AUTH PLAIN {TOKEN}".encode()),
        (lambda c: c.auth_plain("alice", "wonderland", "bob"), b"AUTH PLAIN " + base64.b64encode(b"bob\0alice\0wonderland")),
        (lambda c: c.auth_login_username("alice"), b"YWxpY2U="), (lambda c: c.auth_login_password("wonderland"), b"d29uZGVybGFuZA=="),
        (lambda c: c.get_response("xYzZy  two spaces "), b"xYzZy  two spaces "), (lambda c: c.quit(), b"QUIT"), (lambda c: c.starttls(), b"STARTTLS"),
    ],
)  # fmt: skip
def test_verb_sends_its_one_line(call: Callable[[SmtpClient], Any], line: bytes) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        call(client)
        assert heard.octets == line + b"\r\n"


@pytest.mark.parametrize("code", [220, 250, 354, 421, 450, 503, 554, 599])
def test_any_reply_is_a_reply_and_no_exception(code: int) -> None:
    with playing(script("C: *", f"S: {code} x"), "memory") as (client, _):
        client.connect()
        reply = client.mail("a@b")
        assert (reply.code, reply.command) == (code, "MAIL FROM:<a@b>")


def test_order_is_the_servers_to_judge() -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        client.rcpt("a@b")
        client.data()
        client.mail("a@b")
        client.mail("a@b")
        assert len(heard.lines) == 4


def test_bdat_sends_its_octets_as_they_are_behind_their_number() -> None:
    with playing(script("hear 17", "S: 250 a", "hear 12", "S: 250 b", "hear 13", "S: 250 c"), "memory") as (
        client,
        heard,
    ):
        client.connect()
        client.bdat(b".\n\x00\r\n.\r\n\xff")
        client.bdat("ü\n")
        assert client.bdat(b"", last=True).message == "c"
    assert heard.octets == b"BDAT 9\r\n.\n\x00\r\n.\r\n\xff" + "BDAT 4\r\nü\r\n".encode() + b"BDAT 0 LAST\r\n"


# -- bad arguments -----------------------------------------------------------------------------------------------

POISON = ("\r", "\n", "\0", "\r\n", "x\r\nRSET", "\ud800")


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize(
    "call",
    [
        lambda c, x: c.ehlo(x), lambda c, x: c.helo(x), lambda c, x: c.help(x), lambda c, x: c.mail(x), lambda c, x: c.mail("a@b", x),
        lambda c, x: c.mail("a@b", "SIZE=1", x), lambda c, x: c.rcpt(x), lambda c, x: c.rcpt("a@b", x), lambda c, x: c.vrfy(x), lambda c, x: c.expn(x),
        lambda c, x: c.auth(x), lambda c, x: c.auth("PLAIN" + x), lambda c, x: c.auth_plain(x, "y"), lambda c, x: c.auth_plain("y", "z", x),
        lambda c, x: c.auth_login_username(x), lambda c, x: c.get_response(x), lambda c, x: c.get_response("NOOP", f"x{x}"),
    ],
)  # fmt: skip
def test_argument_that_would_end_the_line_is_refused_before_a_byte_is_sent(
    call: Callable[[SmtpClient, str], Any], poison: str
) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(ValueError, match=r".") as caught:
            call(client, poison)
        assert visible(str(caught.value)) == str(caught.value)
        assert heard.octets == b""
        assert client.noop().code == 250


@pytest.mark.parametrize("poison", ["\r", "\n", "\0", "x\r\nRSET"])
@pytest.mark.parametrize(
    "call",
    [lambda c, x: c.auth("PLAIN", x), lambda c, x: c.auth_plain("alice", x), lambda c, x: c.auth_login_password(x)],
)
def test_secret_that_would_end_the_line_is_refused_and_not_shown(
    call: Callable[[SmtpClient, str], Any], poison: str
) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(ValueError, match="CR, LF or NUL") as caught:
            call(client, f"wonderland{poison}")
        assert heard.octets == b""
        assert "wonderland" not in locals_shown(caught.value) + str(caught.value)
        assert client.noop().code == 250


@pytest.mark.parametrize("call", [lambda c, x: c.auth_plain("alice", x), lambda c, x: c.auth_login_password(x)])
def test_password_that_no_octets_stand_for_is_refused_and_not_shown(call: Callable[[SmtpClient, str], Any]) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(ValueError, match="lone surrogate") as caught:
            call(client, "wonderland\ud800")
        assert heard.octets == b""
        assert "wonderland" not in locals_shown(caught.value) + str(caught.value)
        assert client.noop().code == 250


def test_typed_secret_that_would_end_the_line_is_refused_and_not_shown() -> None:
    with playing(AGREEABLE, "memory") as (client, _):
        client.connect()
        with pytest.raises(ValueError, match="CR, LF or NUL") as caught:
            client.get_response(f"AUTH PLAIN {TOKEN}\0")
        assert TOKEN not in locals_shown(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.vrfy(None), lambda c: c.vrfy(0), lambda c: c.expn(b""), lambda c: c.mail(5), lambda c: c.mail("a@b", None), lambda c: c.rcpt("a@b", ("x",)),
        lambda c: c.ehlo(5), lambda c: c.auth(None), lambda c: c.auth("PLAIN", 5), lambda c: c.auth_plain("alice", None), lambda c: c.auth_plain(None, "x"),
        lambda c: c.auth_login_password(5), lambda c: c.auth_login_username(b"x"), lambda c: c.get_response(b"NOOP"), lambda c: c.send_data(5), lambda c: c.data_body(5),
        lambda c: c.data_body(None), lambda c: c.parse_reply(5), lambda c: c.bdat(5), lambda c: c.bdat(None), lambda c: c.bdat([1]),
        lambda c: c.starttls(context="x"), lambda c: c.starttls(server_hostname=5),
    ],
)  # fmt: skip
def test_argument_of_the_wrong_kind_is_a_type_error_before_a_byte_is_sent(call: Callable[[Any], Any]) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(TypeError):
            call(client)
        assert heard.octets == b""
        assert client.noop().code == 250


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 100_000])
def test_time_out_out_of_range_is_a_value_error(timeout: float) -> None:
    with pytest.raises(ValueError, match="time-out"):
        SmtpClient(timeout=timeout)
    client = SmtpClient()
    with pytest.raises(ValueError, match="time-out"):
        client.timeout = timeout
    assert client.timeout == 30.0


@pytest.mark.parametrize("wrong", [{"ssl_context": "x"}, {"ssl_context": True}, {"stream": 5}, {"stream": "x"}])
def test_settings_of_the_wrong_kind_are_a_type_error_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="not "):
        SmtpClient(**wrong)


@pytest.mark.parametrize("name", ["", "mx.example\r\nRSET", "a\0b"])
def test_server_hostname_that_is_no_name_is_a_value_error_before_a_byte_is_sent(name: str) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(ValueError, match="host"):
            client.starttls(server_hostname=name)
        assert heard.octets == b""
        assert client.noop().code == 250


@pytest.mark.parametrize("timeout", [None, "5", True])
def test_time_out_of_the_wrong_kind_is_a_type_error(timeout: object) -> None:
    with pytest.raises(TypeError, match="time-out"):
        SmtpClient(timeout=timeout)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "a\0"])
def test_local_hostname_that_would_end_the_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        SmtpClient(local_hostname=name)


@pytest.mark.parametrize(
    "source", [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("127.0.0.1", "x"), "127.0.0.1", ("127.0.0.1",)]
)
def test_source_address_that_is_none_is_refused(source: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        SmtpClient(source_address=source)


# -- connecting and leaving --------------------------------------------------------------------------------------


def test_address_is_what_was_given_and_then_the_peers() -> None:
    with playing(AGREEABLE, host="localhost") as (client, _):
        port = client.port
        assert client.address == ("localhost", port)
        client.connect()
        assert client.address == ("127.0.0.1", port)


def test_own_name_is_the_address_in_brackets_unless_given() -> None:
    with playing(AGREEABLE, local_hostname=None) as (client, heard):
        client.connect()
        client.ehlo()
    assert heard.octets == b"EHLO [127.0.0.1]\r\n"


def test_connecting_again_closes_the_first_connection_and_forgets_it() -> None:
    welcome = script("C: *", "S: 250-mx", "S: 250 SIZE 5", "C: *", "S: 235 welcome")
    with playing(welcome) as (client, heard):
        for number in (1, 2):
            client.connect()
            assert not client.capabilities
            assert not client.authenticated
            assert client.capability_history == ()
            client.ehlo()
            assert client.capabilities.size == 5
            client.auth_plain("alice", "wonderland")
            assert client.authenticated
            assert heard.connections == number
        client.disconnect()
        assert not client.authenticated
        assert "connection 2" in client.transcript.to_text()


def test_capability_history_keeps_what_differs() -> None:
    offers = script(
        "C: *",
        "S: 250-mx",
        "S: 250 SIZE 5",
        "C: *",
        "S: 250-mx",
        "S: 250 SIZE 5",
        "C: *",
        "S: 250-mx",
        "S: 250 SIZE 6",
        "C: *",
        "S: 550 no",
        "C: *",
        "S: 250 mx",
    )
    with playing(offers, "memory") as (client, _):
        client.connect()
        for _ in range(3):
            client.ehlo()
        assert [offered.size for offered in client.capability_history] == [5, 6]
        client.ehlo()
        assert client.capabilities.size == 6
        client.helo()
        assert not client.capabilities


def test_quit_closes_after_221_only() -> None:
    with playing(script("C: QUIT", "S: 500 no", "C: QUIT", "S: 221 bye"), "memory") as (client, _):
        client.connect()
        assert client.quit().code == 500
        assert client.connected
        assert client.quit().code == 221
        assert not client.connected
        assert "quit() ended the session" in repr(client)


@pytest.mark.parametrize("session", ["greeting-421"])
@pytest.mark.parametrize("place", PLACES)
def test_greeting_of_421_is_returned_and_the_connection_closed(place: str, session: str) -> None:
    with playing(session, place) as (client, heard):
        assert client.connect().code == 421
        assert not client.connected
        with client:
            pass
    assert heard.octets == b""


@pytest.mark.parametrize("place", PLACES)
def test_421_is_returned_and_the_next_command_says_why_not(place: str) -> None:
    with playing(script("C: NOOP", "S: 421 bye"), place) as (client, _):
        client.connect()
        assert client.noop().code == 421
        with pytest.raises(SmtpDisconnected, match="421"):
            client.noop()


def test_nothing_works_before_connect_and_it_says_so() -> None:
    client = SmtpClient("mail.example.org", 587)
    assert repr(client) == "<SmtpClient mail.example.org port 587: not connected: connect() has not been called yet>"
    for call in (
        client.noop,
        client.receive_data,
        lambda: client.send_data("NOOP\r\n"),
        lambda: client.data_body("x"),
        client.ehlo,
        lambda: client.auth_plain("a", "b"),
    ):
        with pytest.raises(SmtpDisconnected, match="connect"):
            call()
    client.disconnect()
    assert client.conversation.stage is Stage.CLOSED
    assert not client.secure


@pytest.mark.parametrize("state", ["DATA", "AUTH"])
def test_leaving_with_says_no_quit_where_it_would_be_content_or_a_response(state: str) -> None:
    answer = {"DATA": "S: 354 go", "AUTH": "S: 334 "}[state]
    with playing(script("C: *", answer), "memory") as (client, heard), client:
        client.data() if state == "DATA" else client.auth("LOGIN")
    assert b"QUIT" not in heard.octets


@pytest.mark.parametrize("ending", ["close", "S: 421 bye", "S: rubbish", "stall", "S: 500 no"])
def test_leaving_with_never_masks_the_bodys_exception(ending: str) -> None:
    with playing(Script.parse(f"S: 220 hi\nC: QUIT\n{ending}"), timeout=0.2) as (client, _):
        with pytest.raises(ZeroDivisionError), client:
            _ = 1 / 0
        assert not client.connected


def test_repr_tells_the_state_at_every_moment() -> None:
    with playing(script("C: *", "S: 250 mx", "C: *", "S: 250 ok"), "memory", host="mx.example") as (client, _):
        client.connect()
        assert repr(client) == "<SmtpClient mx.example port 25: greeted>"
        client.ehlo()
        client.mail("a@b")
        assert repr(client) == "<SmtpClient mx.example port 25: has a sender>"
        with pytest.raises(SmtpTimeout):
            client.noop()
        assert (
            repr(client) == "<SmtpClient mx.example port 25: not connected: no answer within 0.5 seconds, after NOOP>"
        )


def test_disconnecting_in_another_thread_ends_the_call() -> None:
    with playing(script("C: NOOP"), timeout=5) as (client, _):
        client.connect()
        threading.Timer(0.1, client.disconnect).start()
        began = time.monotonic()
        with pytest.raises(SmtpError):
            client.noop()
        assert time.monotonic() - began < 2
        assert not client.connected


@pytest.mark.parametrize("call", ["connect", "noop", "send_mail"])
def test_cancelled_call_says_so_and_blames_no_server(call: str) -> None:
    offer = "" if call == "connect" else "S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\n"
    with playing(Script.parse(f"{offer}stall"), "sockets", timeout=10) as (client, _):
        if call != "connect":
            client.connect()
            client.ehlo()
        timer = threading.Timer(0.2, client.cancel)
        timer.start()
        with pytest.raises(SmtpDisconnected, match=r"^cancelled: the connection is closed") as caught:
            client.send_mail("a@x", "b@x", b"hi\r\n") if call == "send_mail" else getattr(client, call)()
        timer.join()
        assert "cancel()" in caught.value.cause
        assert client.transcript.to_text().endswith("** cancelled: the connection is closed")
        with pytest.raises(SmtpDisconnected, match="cancelled"):
            client.noop()


def test_cancel_once_the_reply_had_come_takes_nothing_back() -> None:
    with Sandbox() as sandbox, sandbox.client() as client:
        assert client.noop().code == 250
        client.cancel()
        with pytest.raises(SmtpDisconnected, match=r"^cancelled"):
            client.noop()
        assert client.connect().code == 220


def test_look_at_a_connection_that_was_replaced_meanwhile_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox, sandbox.client() as client:

        def check(wire: Wire, deadline: object) -> None:
            monkeypatch.undo()
            client.connect()  # as another thread may, in the middle of the look
            raise SmtpDisconnected("the old connection ended")

        monkeypatch.setattr(Wire, "check", check)
        assert client.still_connected()
        assert client.noop().code == 250


def test_unconnectable_host_is_an_error_and_no_reply_with_code_0() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = SmtpClient("127.0.0.1", port)
    with pytest.raises(ConnectionError, match="refused the connection"):
        client.connect()
    assert "refused" in repr(client)


# -- the raw layer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_raw_reply_comes_as_it_was(place: str) -> None:
    with playing(script("C: EHLO x", r"octets 250-a\xffb\r\n250 c\r\n"), place) as (client, _):
        client.connect()
        raw = client.get_response("EHLO x")
        assert raw == "250-a\udcffb\r\n250 c\r\n"
        assert client.parse_reply(raw).lines == ("a\udcffb", "c")
        assert client.parse_reply(raw).raw == b"250-a\xffb\r\n250 c\r\n"


def test_suffix_ends_content() -> None:
    with playing(script("C: DATA", "S: 354 go", "content", "S: 250 queued"), "memory") as (client, heard):
        client.connect()
        client.get_response("DATA")
        assert client.get_response("one line", "\r\n.\r\n") == "250 queued\r\n"
        assert heard.octets == b"DATA\r\none line\r\n.\r\n"


@pytest.mark.parametrize("suffix", [" RSET\r\n", "x", "\r\nRSET\r\n", "\0"])
def test_suffix_is_no_second_command(suffix: str) -> None:
    with playing(AGREEABLE, "memory") as (client, heard):
        client.connect()
        with pytest.raises(ValueError, match="suffix"):
            client.get_response("NOOP", suffix)
        assert heard.octets == b""


def test_replies_of_a_hand_made_pipeline_come_one_by_one_with_their_commands() -> None:
    answers = script("C: NOOP", "C: vrfy bob", "C: RSET", "S: 250 one", "S: 252 two", "S: 250 three")
    with playing(answers, "memory") as (client, _):
        client.connect()
        client.send_data("NOOP\r\nvrfy b")
        client.send_data(b"ob\r\nRSET\r\n")
        assert [client.receive_data() for _ in range(3)] == ["250 one\r\n", "252 two\r\n", "250 three\r\n"]
        assert [reply.command for reply in client.transcript.replies] == [None, "NOOP", "vrfy bob", "RSET"]


@pytest.mark.parametrize("left", ["NOOP\r\n", "NOO"])
def test_what_send_data_left_behind_refuses_the_next_verb_and_kills_nothing(left: str) -> None:
    with playing(script("C: NOOP", "S: 250 raw", "C: RSET", "S: 250 verb"), "memory") as (client, heard):
        client.connect()
        client.send_data(left)
        with pytest.raises(SmtpError, match="send_data"):
            client.rset()
        assert b"RSET" not in heard.octets
        if left == "NOO":
            client.send_data("P\r\n")
        assert client.receive_data() == "250 raw\r\n"
        assert client.rset().message == "verb"


def test_content_by_hand() -> None:
    with playing(script("C: DATA", "S: 354 go", "content", "S: 250 queued", "C: NOOP", "S: 250 ok"), "memory") as (
        client,
        _,
    ):
        client.connect()
        client.send_data("DATA\r\n")
        client.receive_data()
        client.send_data("Subject: x\r\n\r\nbody")
        client.send_data("\r\n.\r\n")
        assert client.receive_data() == "250 queued\r\n"
        assert client.conversation.stage is not Stage.DATA
        assert client.noop().code == 250


def test_text_of_the_raw_layer_gives_the_octets_it_came_from() -> None:
    with playing(script("hear 10", "S: 250 ok"), "memory") as (client, heard):
        client.connect()
        client.send_data("caf\udce9 ünï\r\n")
        assert heard.octets == b"caf\xe9 " + "ünï\r\n".encode()


def test_data_of_the_wrong_kind_is_named_as_such() -> None:
    with playing(AGREEABLE, "memory") as (client, _):
        client.connect()
        with pytest.raises(TypeError, match="data is str or bytes"):
            client.send_data(5)  # type: ignore[arg-type]


# -- AUTH --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_auth_plain_in_two_steps_sends_the_token_alone(place: str) -> None:
    with playing("auth-plain", place) as (client, _):
        client.connect()
        assert client.auth("PLAIN").code == 334
        assert client.conversation.stage is Stage.AUTH
        assert client.auth_plain("alice", "wonderland").code == 235
        assert client.authenticated


@pytest.mark.parametrize("place", PLACES)
def test_auth_login_in_three_steps(place: str) -> None:
    with playing("auth-login", place) as (client, _):
        client.connect()
        assert client.auth("LOGIN").code == 334
        assert client.auth_login_username("alice").code == 334
        assert client.auth_login_password("wonderland").code == 235
        assert client.authenticated


def test_auth_by_hand_hides_every_response() -> None:
    with playing("auth-login", "memory") as (client, _):
        client.connect()
        client.get_response("AUTH LOGIN")
        client.get_response("YWxpY2U=")
        client.get_response("d29uZGVybGFuZA==")
        assert client.authenticated
        assert "d29u" not in client.transcript.to_text()
        assert client.transcript.to_text().count(MASK) == 2


def test_failed_auth_authenticates_nobody() -> None:
    with playing(script("C: *", "S: 535 no"), "memory") as (client, _):
        client.connect()
        assert client.auth_plain("alice", "wonderland").code == 535
        assert not client.authenticated


# -- what it tells -----------------------------------------------------------------------------------------------


def test_snapshot_is_frozen_and_picklable_and_the_client_is_not() -> None:
    with playing("good-session", "memory") as (client, _):
        client.connect()
        client.ehlo()
        snapshot = client.snapshot()
        client.mail("alice@example.org")
        assert pickle.loads(pickle.dumps(snapshot)) == snapshot
        assert snapshot.conversation.stage is Stage.READY
        assert snapshot.capabilities == client.capabilities
        with pytest.raises(AttributeError):
            snapshot.secure = True  # type: ignore[misc]
        with pytest.raises(TypeError, match="snapshot"):
            pickle.dumps(client)


def test_log_tells_the_redacted_story(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "smtpnb"), playing("auth-plain", "memory") as (client, _):
        client.connect()
        client.auth("PLAIN")
        client.auth_plain("alice", "wonderland")
        with pytest.raises(SmtpTimeout):
            client.noop()
    assert [record.getMessage() for record in caplog.records][:3] == [
        "(greeting) -> 220 mx.example", "AUTH PLAIN -> 334", f"{MASK} -> 235 2.7.0 welcome",
    ]  # fmt: skip
    assert "SmtpTimeout" in caplog.text
    assert not any(form in caplog.text for form in forms("alice", "wonderland"))


def test_elapsed_is_the_time_the_reply_took() -> None:
    with playing(script("C: NOOP", "late 0.1", "S: 250 ok")) as (client, _):
        client.connect()
        assert 0.08 < client.noop().elapsed < 0.4


def test_reply_knows_where_the_session_stood() -> None:
    with playing(AGREEABLE, "memory") as (client, _):
        client.connect()
        client.ehlo()
        reply = client.mail("a@b")
        assert reply.conversation is not None
        assert reply.conversation.stage is Stage.READY


def test_dead_connection_keeps_its_transcript() -> None:
    with playing(script("C: NOOP", "S: rubbish"), "memory") as (client, _):
        client.connect()
        with pytest.raises(SmtpProtocolError):
            client.noop()
        assert client.transcript.to_text().split("\n") == [
            "<- 220 hi", "-> NOOP", "** “rubbish” is no reply: it does not begin with a reply code",
        ]  # fmt: skip


# -- one deadline for all of it --------------------------------------------------------------------------------------


def slowly(pause: float, number: int) -> Iterator[bytes]:
    for _ in range(number):
        time.sleep(pause)
        yield b"a line\r\n"


@pytest.mark.parametrize("offer", ["250 mx.example", "250-mx.example\nS: 250 CHUNKING"])
@pytest.mark.parametrize("verb", ["data_body", "send_mail"])
def test_content_that_comes_too_slowly_ends_at_the_deadline_and_is_not_terminated(verb: str, offer: str) -> None:
    steps = ["C: EHLO *", f"S: {offer}", "C: MAIL*", "S: 250 ok", "C: RCPT*", "S: 250 ok", "C: DATA", "S: 354 go"]
    if verb == "send_mail" and "CHUNKING" in offer:
        steps = steps[:-2]
    with playing(script(*steps), "sockets", timeout=0.3) as (client, heard):
        client.connect()
        client.ehlo()
        began = time.monotonic()
        if verb == "data_body":
            client.mail("a@b"), client.rcpt("c@d"), client.data()
        with pytest.raises(SmtpTimeout, match="end of the upload"):
            client.data_body(slowly(0.05, 60)) if verb == "data_body" else client.send_mail(
                "a@b", "c@d", slowly(0.05, 60)
            )
        assert time.monotonic() - began < 0.8
        assert not client.connected
        assert b"\r\n.\r\n" not in heard.octets
        assert b"LAST" not in heard.octets


@pytest.mark.parametrize("whole", ["send_mail", "pipeline"])
def test_whole_job_has_one_deadline_and_not_one_for_each_step(whole: str) -> None:
    late = ["C: *", "late 0.25", "S: 250 ok"]
    with playing(script(*late * 6), "sockets", timeout=0.6) as (client, _):
        client.connect()
        began = time.monotonic()
        with pytest.raises(SmtpTimeout):
            if whole == "send_mail":
                client.send_mail("a@b", ["c@d", "e@f", "g@h"], "hi")
            else:
                with client.pipeline() as pipe:
                    for _ in range(5):
                        pipe.noop()
        assert time.monotonic() - began < 0.9
        assert not client.connected
        client.timeout = 5


def test_job_gives_its_deadline_back() -> None:
    late = ["C: *", "late 0.2", "S: 250 ok"]
    with playing(script("C: EHLO *", "S: 250 mx.example", *late * 5), "sockets", timeout=0.5) as (client, _):
        client.connect()
        client.ehlo()
        with client.pipeline() as pipe:
            pipe.noop()
            pipe.noop()
        for _ in range(3):
            assert client.noop().code == 250


@pytest.mark.parametrize("chunking", [False, True])
def test_file_that_has_nothing_yet_is_no_end_of_content(chunking: bool) -> None:
    class Slow:
        def __init__(self) -> None:
            self.chunks = [b"begun\r\n", None, b"the rest\r\n"]

        def read(self, size: int) -> bytes | None:
            return self.chunks.pop(0) if self.chunks else b""

    offer = "S: 250-mx.example\nS: 250 CHUNKING" if chunking else "S: 250 mx.example"
    with playing(script("C: EHLO *", offer, *["C: *", "S: 250 ok"] * 2, "C: *", "S: 354 go"), "memory") as (
        client,
        heard,
    ):
        client.connect()
        client.ehlo()
        with pytest.raises(TypeError, match="not NoneType"):
            client.send_mail("a@b", "c@d", Slow())  # type: ignore[arg-type]
        assert not client.connected
        assert b"\r\n.\r\n" not in heard.octets
        assert b"LAST" not in heard.octets


# -- what was typed by hand, and what comes after it -------------------------------------------------------------------


def by_hand(script_: str, **options: Any) -> Any:
    return playing(Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250 x\n{script_}\nstall"), "memory", **options)


ENVELOPE = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go"


def in_data(client: SmtpClient) -> None:
    client.connect()
    client.ehlo()
    client.mail("a@x")
    client.rcpt("b@x")
    client.data()


@pytest.mark.parametrize("end", [lambda c: c.get_response("", "\r\n.\r\n"), lambda c: c.data_body(b"")])
def test_half_line_of_content_is_forgotten_once_the_content_has_ended(end: Callable[[SmtpClient], object]) -> None:
    with by_hand(f"{ENVELOPE}\ncontent\nS: 250 taken\nC: AUTH *\nS: 535 no\nC: NOOP\nS: 250 ok") as (client, heard):
        in_data(client)
        client.send_data("Subject: x\r\n\r\nHello")
        end(client)
        assert heard.octets.endswith(b"Hello\r\n.\r\n")
        client.send_data(f"AUTH PLAIN {TOKEN}\r\n")
        client.receive_data()
        client.noop()
        assert TOKEN not in client.transcript.to_text()
        assert [entry.command for entry in client.transcript if isinstance(entry, Exchange)][-2:] == [
            "AUTH PLAIN ⟨hidden⟩",
            "NOOP",
        ]


@pytest.mark.parametrize(
    ("before", "content", "wire"),
    [
        ("abc", b"", b"abc\r\n.\r\n"), ("abc", b".def", b"abc.def\r\n.\r\n"), ("abc\r\n", b".def", b"abc\r\n..def\r\n.\r\n"),
        ("abc", b"\n.", b"abc\r\n..\r\n.\r\n"),
    ],
)  # fmt: skip
def test_content_goes_on_where_that_by_hand_stopped(before: str, content: bytes, wire: bytes) -> None:
    with by_hand(f"{ENVELOPE}\ncontent\nS: 250 taken") as (client, heard):
        in_data(client)
        client.send_data(before)
        assert client.data_body(content).code == 250
        assert heard.octets.endswith(b"DATA\r\n" + wire)


@pytest.mark.parametrize("line", ["AUTH\tLOGIN", " AUTH LOGIN", "auth  LOGIN", "XAUTH LOGIN"])
@pytest.mark.parametrize("way", ["get_response", "send_data"])
def test_answer_to_any_challenge_is_secret(line: str, way: str) -> None:
    word = base64.b64encode(b"wonderland").decode()
    with by_hand(f"C: *\nS: 334 UGFzc3dvcmQ6\nC: *\nS: 535 no {word} wonderland") as (client, _):
        client.connect()
        client.ehlo()
        for typed in (line, word):
            if way == "get_response":
                client.get_response(typed)
            else:
                client.send_data(f"{typed}\r\n")
                client.receive_data()
        told = client.transcript.to_text()
        assert word not in told
        assert "wonderland" not in told


@pytest.mark.parametrize("typed", [f"AUTH PLAIN {TOKEN} ", f"AUTH PLAIN {TOKEN}\t", f"AUTH PLAIN {TOKEN.rstrip('=')}"])
def test_token_typed_with_blanks_or_without_padding_is_masked_where_it_is_echoed(typed: str) -> None:
    bare = TOKEN.rstrip("=")
    with by_hand(f"C: AUTH *\nS: 535 bad {bare} wonderland") as (client, _):
        client.connect()
        client.ehlo()
        reply = client.get_response(typed)
        assert bare not in reply
        assert "wonderland" not in reply


def test_secret_that_is_begun_is_masked_where_it_is_echoed() -> None:
    with by_hand(f"hear {11 + len(TOKEN)}\nS: 500 AUTH PLAIN {TOKEN}") as (client, _):
        client.connect()
        client.ehlo()
        client.send_data(f"AUTH PLAIN {TOKEN}")
        assert TOKEN not in client.receive_data()


def test_secret_behind_a_data_without_its_answer_is_not_sent_in_the_clear() -> None:
    with by_hand("C: DATA\nS: 503 no", trust_loopback=False) as (client, heard):
        client.connect()
        client.ehlo()
        client.send_data("DATA\r\n")
        with pytest.raises(SmtpInsecureError):
            client.send_data(f"AUTH PLAIN {TOKEN}\r\n")
        assert TOKEN.encode() not in heard.octets
        client.receive_data()


def test_chunk_by_hand_leaves_the_session_in_step() -> None:
    with by_hand("C: BDAT *\nhear 14\nS: 250 ok\nC: NOOP\nS: 250 ok") as (client, _):
        client.connect()
        client.ehlo()
        client.send_data("BDAT 14 LAST\r\nhello\r\nworld\r\n")
        client.receive_data()
        assert client.noop().code == 250


@pytest.mark.parametrize("wrong", [("AUTH PLAIN T0KEN", "\r\nNOOP\r\n"), ("AUTH PLAIN T0KEN", b"\r\n"), ("AUTH PLAIN T0KEN", None),
                                   (b"AUTH PLAIN T0KEN", "\r\n")])  # fmt: skip
def test_refused_line_is_in_no_frame(wrong: tuple[Any, Any]) -> None:
    with by_hand("") as (client, _):
        client.connect()
        with pytest.raises((TypeError, ValueError)) as caught:
            client.get_response(*wrong)
        assert "T0KEN" not in locals_shown(caught.value)


class AlarmError(Exception):
    """As a handler of a signal may raise."""


def test_secret_is_in_no_frame_of_a_foreign_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with by_hand("C: AUTH *\nS: 235 ok") as (client, _):
        client.connect()
        client.ehlo()

        def alarmed(wire: Wire, deadline: object) -> Any:
            raise AlarmError

        monkeypatch.setattr(Wire, "receive", alarmed)
        with pytest.raises(AlarmError) as caught:
            client.auth_plain("alice", "wonderland")
        shown = locals_shown(caught.value)
        assert TOKEN not in shown
        assert "wonderland" not in shown


@pytest.mark.parametrize("call", ["connect", "with", "receive_data"])
def test_handler_of_the_log_that_raises_leaves_no_connection(call: str, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError

    log, handler = logging.getLogger("smtpnb.client"), Broken()
    caplog.set_level(logging.DEBUG, "smtpnb.client")
    with by_hand("C: NOOP\nS: 250 ok") as (client, _):
        if call == "receive_data":
            client.connect()
            client.ehlo()
            client.send_data("NOOP\r\n")
        log.addHandler(handler)
        try:
            with pytest.raises(RuntimeError):
                client.__enter__() if call == "with" else getattr(client, call)()
        finally:
            log.removeHandler(handler)
        assert not client.connected


def test_interrupt_behind_typed_octets_pairs_no_reply_with_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with by_hand("C: VRFY x\nS: 250 of VRFY") as (client, _):
        client.connect()
        client.ehlo()
        send = Wire.send_blindly

        def interrupted(wire: Wire, *arguments: Any) -> None:
            send(wire, *arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(Wire, "send_blindly", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.send_data("VRFY x\r\n")
        with pytest.raises(SmtpDisconnected, match="interrupted"):
            client.noop()


@pytest.mark.parametrize("call", [lambda c: c.send_mail("a@x", "b@x", b"hi"), lambda c: c.starttls()])
def test_refusal_that_sends_nothing_keeps_the_connection(call: Callable[[SmtpClient], object]) -> None:
    with by_hand("C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: NOOP\nS: 250 ok") as (client, _):
        client.connect()
        client.ehlo()
        client.mail("a@x")
        client.send_data("RCPT TO:<b@x>\r\n")
        with pytest.raises(SmtpError, match="nothing was sent"):
            call(client)
        client.receive_data()
        assert client.noop().code == 250


def test_look_notices_an_end_while_content_is_typed() -> None:
    with by_hand(f"{ENVELOPE}\nhear 4\nS: 421 bye\nclose") as (client, _):
        in_data(client)
        client.send_data("abc\n")
        assert not client.still_connected()


def test_quit_that_is_not_granted_ends_nothing() -> None:
    with by_hand("C: QUIT\nS: 250 not yet\nC: NOOP\nS: 250 ok") as (client, _):
        client.connect()
        client.ehlo()
        client.quit()
        assert client.connected
        assert client.conversation.stage is Stage.READY


def test_text_with_a_lone_surrogate_is_no_reply() -> None:
    with pytest.raises(SmtpProtocolError, match="surrogate"):
        SmtpClient.parse_reply("250 \ud800\r\n")


def test_early_farewell_is_the_fate_that_is_told() -> None:
    with by_hand(f"{ENVELOPE}\nhear 10\nS: 421 full") as (client, _):
        in_data(client)
        assert client.data_body([b"x" * 300_000, b"y" * 300_000]).code == 421
        with pytest.raises(SmtpDisconnected, match="the server closed the session with 421"):
            client.noop()


@pytest.mark.parametrize("way", ["get_response", "send_data"])
def test_what_an_introduction_by_hand_offers_is_known(way: str) -> None:
    def typed(line: str) -> None:
        if way == "get_response":
            client.get_response(line)
        else:
            client.send_data(f"{line}\r\n")
            client.receive_data()

    script_ = "C: HELO *\nS: 250 x\nC: EHLO *\nS: 250-x\nS: 250 SIZE 5\nC: EHLO\nS: 501 no\nC: NOOP *\nS: 250 ok"
    with playing(Script.parse(f"S: 220 hi\nC: EHLO *\nS: 250-x\nS: 250 PIPELINING\n{script_}\nstall"), "memory") as (
        client,
        _,
    ):
        client.connect()
        client.ehlo()
        typed("HELO me")
        assert not client.capabilities
        assert client.conversation.greeted_with == "HELO"
        typed("EHLO me")
        assert (client.capabilities.size, "PIPELINING" in client.capabilities) == (5, False)
        typed("EHLO")
        typed("NOOP EHLO")
        assert client.capabilities.size == 5
        assert len(client.capability_history) == 2
