"""The panel's state and actions, without a kernel or a widget."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from leaks import forms
from scripted import Script, ScriptedServer

from smtpnb import Sandbox, SmtpClient, SmtpConnectError, SmtpTimeout
from smtpnb.panel.form import IMPLICIT, STARTTLS, Attachment
from smtpnb.panel.model import BUTTONS, Model, Press
from smtpnb.panel.target import Targets
from smtpnb.secret import Secret
from smtpnb.transport.memory import MemoryStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real_servers import RealServer

PASSWORD = "wonderland"


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    yield model
    model.close()


def press(model: Model, *buttons: str, **more: Any) -> None:
    for button in buttons:
        model.press(button, **more)
    model.wait()


def codes(model: Model) -> list[int]:
    return [reply.code for reply in model.transcript.replies]


class PublicStream(MemoryStream):
    """A peer somewhere in the internet, as far as its address tells."""

    address = ("192.0.2.1", 25)


def public_client(sandbox: Sandbox, **options: Any) -> SmtpClient:
    """A client of a sandbox in memory, which believes that it talks to a public server."""
    inner = sandbox.client(in_memory=True)
    return SmtpClient("mail.example.net", stream=lambda: PublicStream(inner._stream()._peer), **options)


# -- a session -----------------------------------------------------------------------------------------------------


def test_a_whole_session(model: Model) -> None:
    press(model, "Connect", "EHLO", "STARTTLS", "EHLO")
    press(model, "AUTH", secret=Secret("wrong"))
    press(model, "AUTH", secret=Secret(PASSWORD))
    press(model, "VRFY", "EXPN", "MAIL", "RCPT", "DATA", "Send message", "NOOP", "HELP", "RSET", "QUIT")
    assert codes(model) == [
        220,
        250,
        220,
        250,
        535,
        235,
        250,
        250,
        250,
        250,
        354,
        250,
        250,
        250,
        354,
        250,
        250,
        214,
        250,
        221,
    ]
    assert [message.sender for message in model.messages or ()] == ["alice@example.org"] * 2
    assert model.suggested == "Connect"


def test_starttls_security_does_it_all_at_once(model: Model) -> None:
    press(model, "Connect", form=replace(model.form, security=STARTTLS))
    assert codes(model) == [220, 250, 220, 250]
    assert model.client.secure
    assert len(model.capability_history) == 2


def test_implicit_tls_security_gets_a_sandbox_that_speaks_it(model: Model) -> None:
    press(model, "Connect", form=replace(model.form, security=IMPLICIT))
    assert codes(model) == [220]
    assert model.client.secure


def test_auth_login_goes_step_by_step(model: Model) -> None:
    press(model, "Connect", "EHLO")
    press(model, "AUTH", form=replace(model.form, mechanism="LOGIN"), secret=Secret(PASSWORD))
    assert codes(model)[-3:] == [334, 334, 235]


def test_presses_are_done_in_order_while_the_kernel_is_free(model: Model) -> None:
    started = time.monotonic()
    for _ in range(50):
        model.press("NOOP")
    assert time.monotonic() - started < 0.5
    model.wait()


def test_wrong_order_is_sent_and_answered_with_503(model: Model) -> None:
    press(model, "Connect", "EHLO", "DATA")
    assert codes(model)[-1] == 503
    assert model.why_not("DATA")


@pytest.mark.parametrize(
    "button", [button for button in BUTTONS if button not in ("Connect", "Clear", "Cancel", "Send raw")]
)
def test_press_without_a_connection_ends_in_the_status_line(model: Model, button: str) -> None:
    press(model, button, secret=Secret("x") if button == "AUTH" else None)
    assert model.notice.kind == "bad"
    assert "not connected" in model.notice.text
    assert model.notice.advice == ("call connect()",)


def test_suggestions_lead_a_beginner_through_a_session(model: Model) -> None:
    way = []
    for _ in range(7):
        way.append(model.suggested)
        press(model, model.suggested, secret=Secret(PASSWORD) if model.suggested == "AUTH" else None)
    assert way == ["Connect", "EHLO", "STARTTLS", "EHLO", "AUTH", "Send message", "QUIT"]


def test_suggestions_lead_through_a_mail_transaction(model: Model) -> None:
    press(model, "Connect", "HELO", "MAIL")
    assert model.suggested == "RCPT"
    press(model, "RCPT")
    assert model.suggested == "DATA"


@pytest.mark.parametrize("button", BUTTONS)
def test_every_button_says_what_it_does(model: Model, button: str) -> None:
    assert model.hint(button).endswith(".")
    assert "No standard" not in model.hint(button)


def test_reason_is_told_where_a_button_makes_no_sense(model: Model) -> None:
    assert "connect first" in model.hint("EHLO")
    press(model, "Connect")
    assert model.why_not("EHLO") == ""
    assert "EHLO" in model.why_not("MAIL")
    assert model.why_not("Send message") == "", "it introduces the client itself"


def test_content_comes_line_by_line_in_the_raw_field(model: Model) -> None:
    press(model, "Connect", "EHLO", "MAIL", "RCPT")
    for line in ("DATA", "Subject: raw", "", "..dot", "."):
        press(model, "Send raw", line=line)
    assert codes(model)[-2:] == [354, 250]
    (message,) = model.messages or ()
    assert message.raw == b"Subject: raw\r\n\r\n.dot\r\n"


def test_raw_lines_that_wait_go_out_before_another_command(model: Model) -> None:
    model.client.timeout = 0.3
    press(model, "Connect", "EHLO", "MAIL", "RCPT")
    for line in ("DATA", "hello"):
        press(model, "Send raw", line=line)
    press(model, "NOOP")  # is content, and gets no answer
    assert isinstance(model.last, SmtpTimeout)


def test_message_has_its_copies_and_attachments(model: Model) -> None:
    form = replace(
        model.form,
        to="Bob <bob@example.org>, carol@example.org",
        cc="alice@example.org",
        bcc="postmaster@example.org",
        subject="Grüße",
        attachments=(
            Attachment("a.txt", "text/plain", b"one\n=_smtpnb\n"),
            Attachment("b.png", "image/png", b"\x89PNG"),
        ),
    )
    press(model, "Connect", "Send message", form=form)
    (message,) = model.messages or ()
    assert message.recipients == ("bob@example.org", "carol@example.org", "alice@example.org", "postmaster@example.org")
    assert "Bcc" not in message.email
    assert message.email["Subject"] == "Grüße"
    assert [part.get_content() for part in message.email.iter_attachments()] == [b"one\n=_smtpnb\n", b"\x89PNG"]


def test_same_form_gives_the_same_octets() -> None:
    raws = []
    for _ in range(2):
        model = Model()
        press(model, "Connect", "Send message", form=replace(model.form, attachments=(Attachment("a", "x/y", b"z"),)))
        raws.append([message.raw for message in model.messages or ()])
        model.close()
    assert raws[0] == raws[1]


def test_clear_empties_the_page_and_keeps_the_session(model: Model) -> None:
    press(model, "Connect", "EHLO", "Clear", "NOOP")
    assert codes(model) == [250]
    assert "client.ehlo()" in model.code, "a program cannot begin in the middle of a session"
    press(model, "QUIT", "Clear")
    assert codes(model) == []
    assert "client.ehlo()" not in model.code


# -- targets -------------------------------------------------------------------------------------------------------


def test_own_sandbox_is_told_of_and_ends_with_the_panel() -> None:
    model = Model()
    assert "sandbox was started" in model.notice.text
    sandbox = model.sandbox
    assert sandbox is not None
    model.close()
    assert not sandbox.listening


def test_given_sandbox_is_its_owner_s_to_end() -> None:
    with Sandbox(lists={"crew": ["alice"]}) as sandbox:
        model = Model(sandbox)
        press(model, "Connect", "EXPN", form=replace(model.form, list="crew"))
        model.close()
        assert sandbox.listening
        assert "sandbox = Sandbox(lists={'crew': ['alice']})" in model.code


def test_given_client_is_used_and_may_be_connected_already() -> None:
    with Sandbox() as sandbox, sandbox.client() as client:
        model = Model(client)
        assert model.client is client
        press(model, "EHLO")
        assert client.conversation.greeted_with == "EHLO"
        assert "client.connect()" in model.code
        model.close()
        assert not client.connected


def test_host_and_port_as_text() -> None:
    with Sandbox() as sandbox:
        model = Model(f"127.0.0.1:{sandbox.port}")
        press(model, "Connect")
        assert codes(model) == [220]
        assert model.messages is None, "nobody knows that it is a sandbox"
        assert f"SmtpClient('127.0.0.1', {sandbox.port})" in model.code
        model.close()


def test_another_host_is_another_client(model: Model) -> None:
    press(model, "Connect")
    with Sandbox() as other:
        press(model, "Connect", form=replace(model.form, host="127.0.0.1", port=str(other.port)))
        assert model.client.port == other.port
    press(model, "Connect", form=replace(model.form, host="sandbox.example", port=""))
    assert model.sandbox is not None
    assert codes(model) == [220], "the page shows the present connection"


@pytest.mark.parametrize(
    ("text", "why"), [("http://a/", "URL|named by"), ("a:0", "port"), ("", "named by"), ("a b:25", "host")]
)
def test_impossible_target_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Model(text)
    with pytest.raises(TypeError, match="not int"):
        Model(25)  # type: ignore[arg-type]


def test_impossible_port_is_told(model: Model) -> None:
    press(model, "Connect", form=replace(model.form, host="localhost", port="smtp"))
    assert "the port is a number" in model.notice.text


def test_form_of_a_target_on_587_asks_for_starttls() -> None:
    assert Targets("mail.example.org:587").form.security == STARTTLS
    assert Targets("mail.example.org:465").form.security == IMPLICIT
    assert Targets("[::1]:2525").form.host == "[::1]"


# -- trouble -------------------------------------------------------------------------------------------------------


def test_refused_port_is_an_error_with_advice(model: Model) -> None:
    with socket.socket() as sock:  # bound, and not listened on: nobody else can take it
        sock.bind(("127.0.0.1", 0))
        press(model, "Connect", form=replace(model.form, host="127.0.0.1", port=str(sock.getsockname()[1])))
    assert isinstance(model.last, SmtpConnectError)
    assert "refused the connection" in model.notice.text
    assert model.notice.advice
    press(model, "Connect", form=replace(model.form, host="sandbox.example"))
    assert model.notice.kind == "good", "the next press works again"


def cancelled_after(model: Model, seconds: float, button: str, form: Any = None) -> float:
    """How long Cancel takes, for a press that would wait for ever."""
    model.press(button, form or model.form)
    time.sleep(seconds)
    started = time.monotonic()
    model.press("Cancel")
    model.wait()
    return time.monotonic() - started


def test_cancel_ends_a_stalled_greeting_at_once(model: Model) -> None:
    with Sandbox(greeting="silent") as silent:
        form = replace(model.form, host="127.0.0.1", port=str(silent.port))
        assert cancelled_after(model, 0.3, "Connect", form) < 1
    assert "cancelled" in model.notice.text
    assert not model.client.connected


def test_cancel_ends_a_stalled_command_at_once_and_reconnecting_is_one_press() -> None:
    with ScriptedServer(Script.parse("S: 220 hi\nC: EHLO *\nstall\n")) as server:
        model = Model(f"127.0.0.1:{server.port}")
        press(model, "Connect")
        assert cancelled_after(model, 0.3, "EHLO") < 1
        assert "EHLO was cancelled" in model.notice.text
        assert "# cancelled here:\n#   client.ehlo()" in model.code
        model.close()


def test_cancel_ends_a_connection_attempt_at_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from smtpnb.transport import connecting

    gone = threading.Event()
    monkeypatch.setattr(connecting, "_looked_up", lambda *_: gone.wait(20) and [])
    assert cancelled_after(model, 0.3, "Connect", replace(model.form, host="slow.example")) < 1
    gone.set()
    assert "cancelled" in model.notice.text


def test_cancel_forgets_the_presses_that_wait() -> None:
    with Sandbox(greeting="silent") as silent:
        model = Model(f"127.0.0.1:{silent.port}")
        model.press("Connect")
        model.press("EHLO")
        time.sleep(0.2)
        model.press("Cancel")
        model.wait()
        assert "Connect was cancelled" in model.notice.text
        model.close()


def test_cancel_with_nothing_under_way_does_nothing(model: Model) -> None:
    press(model, "Connect")
    press(model, "Cancel", "EHLO")
    assert codes(model) == [220, 250]


def test_server_that_hangs_up_is_noticed_without_a_press() -> None:
    with Sandbox() as sandbox:
        model = Model(sandbox.client())
        model._worker._interval = 0.05
        press(model, "Connect", "EHLO")
        sandbox.close()
        deadline = time.monotonic() + 5
        while model.client.connected and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not model.client.connected
        model.wait()
        assert "ended the connection" in model.notice.text
        assert model.suggested == "Connect"
        model.close()


def test_idle_look_takes_no_reply_from_somebody_else(model: Model) -> None:
    """The user may use `panel.client` in a cell; the look at an idle connection must not eat the answer."""
    with Sandbox(latency=0.3) as slow:
        panel = Model(slow.client(), interval=0.001)
        press(panel, "Connect")
        for _ in range(3):
            assert panel.client.noop().code == 250
        panel.close()


def test_fault_of_a_listener_ends_nothing(model: Model) -> None:
    model.listen(lambda: 1 / 0)
    press(model, "Connect")
    assert codes(model) == [220]


def test_close_ends_thread_socket_and_sandbox_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    model = Model()
    press(model, "Connect", "EHLO")
    model.close()
    model.close()
    model.press("NOOP")
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(threading.enumerate()) - before == set()
    assert not model.client.connected


def test_close_ends_a_stalled_press() -> None:
    with Sandbox(greeting="silent") as silent:
        model = Model(f"127.0.0.1:{silent.port}")
        model.press("Connect")
        time.sleep(0.2)
        started = time.monotonic()
        model.close()
        assert time.monotonic() - started < 2
        assert not model._worker.alive


# -- danger --------------------------------------------------------------------------------------------------------


def test_password_in_the_clear_to_another_machine_asks_first() -> None:
    sandbox = Sandbox(in_memory=True)
    model = Model(public_client(sandbox))
    press(model, "Connect", "EHLO")
    press(model, "AUTH", form=replace(model.form, login="alice"), secret=Secret(PASSWORD))
    assert model.question is not None
    assert "in the clear" in model.notice.text
    assert codes(model) == [220, 250], "nothing was sent"
    model.answer(agreed=False)
    model.wait()
    assert codes(model) == [220, 250]
    press(model, "AUTH", form=replace(model.form, login="alice"), secret=Secret(PASSWORD))
    model.answer(agreed=True)
    model.wait()
    assert codes(model) == [220, 250, 235]
    assert "client.allow_insecure_auth = True" in model.code
    model.close()


@pytest.mark.parametrize("button", ["Send message", "DATA"])
def test_message_to_a_public_server_asks_first(button: str) -> None:
    sandbox = Sandbox(in_memory=True)
    model = Model(public_client(sandbox))
    form = replace(model.form, sender="alice@example.org", to="bob@example.org", body="hi")
    press(model, "Connect", "EHLO", "MAIL", "RCPT", form=form)
    before = codes(model)
    press(model, button, form=form)
    assert model.question is not None
    assert codes(model) == before
    model.answer(agreed=True)
    model.wait()
    assert len(sandbox.messages) == (1 if button == "DATA" else 0) or model.last
    assert codes(model) != before
    model.close()


def test_another_press_drops_the_question() -> None:
    model = Model(public_client(Sandbox(in_memory=True)))
    press(model, "Connect", "EHLO")
    press(model, "AUTH", secret=Secret("x"))
    press(model, "NOOP")
    assert model.question is None
    model.answer(agreed=True)
    model.wait()
    assert codes(model) == [220, 250, 250]
    model.close()


def test_raw_data_and_raw_auth_ask_too() -> None:
    model = Model(public_client(Sandbox(in_memory=True)))
    press(
        model, "Connect", "EHLO", "MAIL", "RCPT", form=replace(model.form, sender="a@example.org", to="bob@example.org")
    )
    press(model, "Send raw", line="data")
    assert model.question is not None
    press(model, "Send raw", secret=Secret("AUTH PLAIN AGEAYg=="))
    assert model.question is not None
    assert model.question.secret is not None
    model.close()


def test_no_question_on_this_machine(model: Model) -> None:
    press(model, "Connect", "EHLO")
    press(model, "AUTH", secret=Secret(PASSWORD))
    press(model, "Send message")
    assert model.question is None


# -- secrets -------------------------------------------------------------------------------------------------------


def test_raw_line_that_holds_a_secret_is_known_for_one(model: Model) -> None:
    press(model, "Connect", "EHLO")
    assert model.holds_secret("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=")
    assert not model.holds_secret("AUTH LOGIN")
    assert not model.holds_secret("NOOP")
    press(model, "Send raw", line="AUTH LOGIN")
    assert model.holds_secret("YWxpY2U=")
    press(model, "Send raw", secret=Secret("YWxpY2U="))
    press(model, "Send raw", secret=Secret("d29uZGVybGFuZA=="))
    assert codes(model)[-3:] == [334, 334, 235]


def test_secret_is_in_nothing_that_is_shown(model: Model) -> None:
    from smtpnb import display
    from smtpnb.panel.model import Captured, Offers

    press(model, "Connect", "EHLO")
    press(model, "AUTH", secret=Secret("xyzzy-plugh"))
    press(model, "AUTH", secret=Secret(PASSWORD), form=replace(model.form, mechanism="LOGIN"))
    press(model, "Send raw", secret=Secret("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="))
    values = (model.notice, model.last, model.conversation, model.transcript, Offers(model.capability_history),
              Captured(model.messages or ()))  # fmt: skip
    told = "\n".join([model.code, repr(model), repr(Press("AUTH", model.form, Secret(PASSWORD))),
                      *(str(display.html(value)) + repr(value) for value in values)])  # fmt: skip
    for password in (PASSWORD, "xyzzy-plugh"):
        assert [form for form in forms("alice", password) if form in told] == []


# -- a real server -------------------------------------------------------------------------------------------------


@pytest.mark.postfix
def test_panel_on_postfix(postfix: RealServer, tmp_path: Path) -> None:
    import ssl

    context = ssl.create_default_context(cafile=str(postfix.ca_file))
    model = Model(SmtpClient(postfix.host, postfix.port, ssl_context=context))
    sender = f"alice@{postfix.domain}"
    form = replace(model.form, login="alice", user="alice", list="staff", sender=sender, to=f"bob@{postfix.domain}",
                   subject="from the panel", body="by Postfix\n", security=STARTTLS)  # fmt: skip
    press(model, "Connect", form=form)
    press(model, "AUTH", form=form, secret=Secret("wrong"))
    press(model, "AUTH", form=form, secret=Secret(postfix.users["alice"]))
    press(model, "VRFY", "EXPN", "Send message", "MAIL", "RCPT", "DATA", "QUIT", form=form)
    said = codes(model)
    assert said[:6] == [220, 250, 220, 250, 535, 235]
    assert said[6] in (250, 252)
    assert said[-4:] == [250, 354, 250, 221]
    assert postfix.wait_for_message("bob", lambda raw: b"from the panel" in raw)
    assert postfix.users["alice"] not in model.code
    model.close()
