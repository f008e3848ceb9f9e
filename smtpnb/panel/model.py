"""The panel's state and actions, without widgets: presses in, values to show out.

A press is put on the worker's queue and returns at once; what came of it is there when `changed` is called, always in
the worker's thread. Nothing is policed: a press in the wrong order is sent, and the 503 is the lesson. Only what could
do harm asks first: a secret in the clear to another machine, a message to a server that is not this machine's.
A secret is in a press, closed, until it is sent; the form, the state and the Python never hold one.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smtpnb.delivery import Delivery
from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpError
from smtpnb.knowledge import verbs
from smtpnb.panel import letter
from smtpnb.panel.form import STARTTLS, Form
from smtpnb.panel.program import Program
from smtpnb.panel.target import Target, Targets
from smtpnb.panel.worker import INTERVAL, Worker
from smtpnb.protocol.command import raw_command
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.reply import SmtpReply
from smtpnb.secret import Secret
from smtpnb.text import decoded, plural, visible
from smtpnb.transcript import Transcript

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient
    from smtpnb.protocol.capabilities import Capabilities
    from smtpnb.sandbox import CapturedMessage, Sandbox

_T = TypeVar("_T")
_log: Final = logging.getLogger("smtpnb.panel")

#: Buttons whose verb is not their own name.
_VERBS: Final = {"Send message": "MAIL"}

#: What the buttons do that are no verb.
_PURPOSES: Final = {
    "Connect": "Opens a connection, a new one where one is open; with STARTTLS it also encrypts it.",
    "Send message": "Sends the whole message: MAIL, RCPT for each recipient, DATA, the content.",
    "DATA": "Announces the content and, after 354, sends the message composed here.",
    "RCPT": "Names the recipients in To, Cc and Bcc, one command for each.",
    "Send raw": "Sends one line as it is typed; after DATA, lines of content to a lone dot.",
    "Cancel": "Ends what is under way, at once, by closing the connection.",
    "Clear": "Takes what was said so far off the page.",
}


#: Stage → the button that one would usually press next.
_NEXT: Final = {
    Stage.CLOSED: "Connect",
    Stage.GREETED: "EHLO",
    Stage.SENDER: "RCPT",
    Stage.RECIPIENTS: "DATA",
    Stage.DATA: "Send raw",
    Stage.AUTH: "Send raw",
}


@dataclass(frozen=True, slots=True)
class Notice(Displayable):
    """What just happened, for the status line.

    Attributes:
        kind: "good", "info" or "bad".
        text: a sentence; it may quote a server.
        advice: what to try.
    """

    kind: str
    text: str
    advice: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The same on a line."""
        advice = f" Try: {'; '.join(map(visible, self.advice))}." if self.advice else ""
        return f"Status {visible(self.text)}{advice}"

    def __repr__(self) -> str:
        return f"<Notice {self.kind}: {visible(self.text)}>"


@dataclass(frozen=True, slots=True)
class Legend(Displayable):
    """What the looks of the buttons mean."""

    text: str = (
        "Coloured: the usual next step. Slanted: likely refused now, and its tooltip says why; "
        "press it all the same, and see."
    )

    def to_text(self) -> str:
        """The same words."""
        return self.text


@dataclass(frozen=True, slots=True)
class Offers(Displayable):
    """What each EHLO of a connection offered, to be put side by side."""

    history: "tuple[Capabilities, ...]"

    def to_text(self) -> str:
        """Each keyword that was offered at any time."""
        return "\n".join(visible(keyword) for keyword in dict.fromkeys(chain.from_iterable(self.history)))

    def __repr__(self) -> str:
        return f"<Offers of {plural(len(self.history), 'EHLO')}>"


@dataclass(frozen=True, slots=True)
class Captured(Displayable):
    """What a sandbox received."""

    messages: "tuple[CapturedMessage, ...]"

    def to_text(self) -> str:
        """The envelope of each, the newest first."""
        return "\n".join(
            f"Message {message.number}: <{visible(message.sender)}>" for message in reversed(self.messages)
        )

    def __repr__(self) -> str:
        return f"<Captured {plural(len(self.messages), 'message')}>"


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed.

    Attributes:
        button: its description.
        form: what was typed then.
        secret: the password, or the raw line that holds a secret.
        line: the raw line.
        agreed: whether the question about it was answered with yes.
    """

    button: str
    form: Form = field(default=Form(), repr=False)
    secret: Secret | None = None
    line: str = ""
    agreed: bool = False


class Model:
    """A session driven by presses.

    Args:
        given: a client, a sandbox, "host:port", or None for a sandbox of the panel's own.
        interval: seconds between two looks at an idle connection.
    """

    def __init__(self, given: "SmtpClient | Sandbox | str | None" = None, *, interval: float = INTERVAL) -> None:
        self._targets = Targets(given)
        self.form = self._targets.form
        self._target: Target = self._targets.find(self.form)
        self._program = Program()
        self._begin_program()
        self._skip = 0
        self._lines: list[str] = []  # raw lines of content, before their lone dot
        self._lock = threading.Lock()
        self._cancelled = False
        self._closed = False
        self.running = ""
        self.question: Press | None = None
        self.last: SmtpReply | SmtpError | Delivery | None = None
        self.notice = self._welcome(given)
        self._listeners: list[Callable[[], object]] = []
        self._worker = Worker(self._look, interval)

    def _welcome(self, given: object) -> Notice:
        if self.conversation.stage is not Stage.CLOSED:
            return Notice("info", f"The client is connected to {self._shown}.")
        if given is None:
            return Notice("info", "A sandbox was started for you: a mail server in this notebook, where nothing can "
                          "go wrong. Press Connect.")  # fmt: skip
        return Notice("info", f"Not connected yet: Connect opens a connection to {self._shown}.")

    # -- what there is to show ---------------------------------------------------------------------------------

    @property
    def client(self) -> "SmtpClient":
        """The client of the present server."""
        return self._target.client

    @property
    def sandbox(self) -> "Sandbox | None":
        """The sandbox that the client talks to, or None."""
        return self._target.sandbox

    @property
    def messages(self) -> "tuple[CapturedMessage, ...] | None":
        """What the sandbox received; None where the server is no sandbox."""
        return None if self.sandbox is None else tuple(self.sandbox.messages)

    @property
    def conversation(self) -> Conversation:
        """Where the session stands."""
        return self.client.conversation

    @property
    def capability_history(self) -> "tuple[Capabilities, ...]":
        """What each EHLO of this connection offered."""
        return self.client.capability_history

    @property
    def transcript(self) -> Transcript:
        """What was said since `Clear`."""
        return self.client.transcript.since(self._skip)

    @property
    def code(self) -> str:
        """Python that does the same, alone in a fresh kernel; it asks for each secret."""
        return self._program.source

    @property
    def _shown(self) -> str:
        return visible(self.client.label or f"{self.client.host} port {self.client.port}")

    @property
    def suggested(self) -> str:
        """The button that one would usually press next."""
        now, offered = self.conversation, self.client.capabilities
        if now.stage is not Stage.READY:
            return _NEXT[now.stage]
        if "STARTTLS" in offered and not now.secure:
            return "STARTTLS"
        if "AUTH" in offered and not now.authenticated and (now.secure or self.client.loopback):
            return "AUTH"
        return "QUIT" if self._sent else "Send message"

    @property
    def _sent(self) -> bool:
        """Whether a message went just now."""
        last = self.last
        return (isinstance(last, Delivery) or (isinstance(last, SmtpReply) and last.command == ".")) and last.success

    def why_not(self, button: str) -> str:
        """Why the button makes no sense now, in words; empty where it does."""
        if button == "Cancel":
            return "" if self.running else "nothing is under way"
        if button in ("Connect", "Clear", "Send raw"):
            return "" if button != "Send raw" or self.client.connected else "connect first: there is no connection"
        verb = _VERBS.get(button, button)
        if verb == "MAIL" and button == "Send message" and self.conversation.stage is Stage.GREETED:
            return ""  # it introduces the client first
        if verb in ("STARTTLS", "AUTH") and self.conversation.expects(verb) and verb not in self.client.capabilities:
            return f"the server does not offer {verb}" if self.client.capabilities else "EHLO first: it tells the offer"
        return self.conversation.why_not(verb)

    def hint(self, button: str) -> str:
        """What the button does, and why it makes no sense now where it does not."""
        purpose = _PURPOSES.get(button) or verbs.row(button).purpose
        reason = self.why_not(button)
        return f"{purpose} Not now, most likely: {reason}." if reason else purpose

    # -- presses -----------------------------------------------------------------------------------------------

    def listen(self, changed: Callable[[], object]) -> None:
        """Calls `changed` in the worker's thread whenever there is something new to show."""
        self._listeners.append(changed)

    def press(self, button: str, form: Form | None = None, *, secret: Secret | None = None, line: str = "") -> None:
        """Does what the button says, after the presses before it; returns at once.

        Args:
            button: its description.
            form: what is typed; by default the form as it was.
            secret: the password, for AUTH; the raw line, where it holds a secret.
            line: the raw line, for Send raw.
        """
        if button == "Cancel":
            self.cancel()
        elif button not in _ACTIONS:
            raise ValueError(f"there is no button {button!r}")
        elif not self._closed:
            self.form = form or self.form
            self._submit(Press(button, self.form, secret, line))

    def answer(self, *, agreed: bool) -> None:
        """Answers the question that a dangerous press asked."""
        asked, self.question = self.question, None
        if asked is not None and agreed:
            self._submit(replace(asked, agreed=True))
        elif asked is not None:
            self.notice = Notice("info", f"{asked.button} was not sent.")
            self._worker.submit(self._changed)

    def cancel(self) -> None:
        """Ends what is under way, at once: the connection is closed, and presses that wait are forgotten."""
        self._worker.clear()
        with self._lock:
            if self.running:
                self._cancelled = True
                self.client.cancel()

    def wait(self) -> None:
        """Returns when all presses so far are done."""
        done = threading.Event()
        self._worker.submit(done.set)
        while not done.wait(0.05):
            if not self._worker.alive:
                return

    def close(self) -> None:
        """Ends the thread, the connection, and the sandbox that the panel started; may be repeated."""
        self._closed = True
        self._listeners.clear()
        self.question = None
        self.cancel()
        self._worker.close()
        self.client.disconnect()
        self._targets.close()

    def __repr__(self) -> str:
        return f"<Model of a panel on {self._shown}: {self.conversation.summary}>"

    # -- in the worker's thread --------------------------------------------------------------------------------

    def _submit(self, press: Press) -> None:
        self._worker.submit(lambda: self._run(press))

    def _run(self, press: Press) -> None:
        with self._lock:
            self._cancelled, self.running = False, press.button
        self.question = None
        self._changed()
        try:
            if self._must_ask(press):
                self.question, self.notice = press, Notice("bad", self._danger(press))
            else:
                _ACTIONS[press.button](self, press)
        except SmtpError as error:
            self.last, self.notice = error, self._failure(press, error)
        except (ValueError, TypeError) as error:
            self.notice = Notice("bad", f"{press.button} sent nothing: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the thread, nor pass unseen
            _log.exception("press of %s", press.button)
            self.notice = Notice(
                "bad", f"{press.button} failed: {type(error).__name__}. The log of smtpnb.panel has more."
            )
        with self._lock:
            self.running = ""
        self._changed()

    def _failure(self, press: Press, error: SmtpError) -> Notice:
        if self._cancelled:
            return Notice("info", f"{press.button} was cancelled; the connection is closed.", ("press Connect",))
        return Notice("bad", f"{press.button}: {error.message}", error.advice)

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001 - a page that is gone must not end the session
                _log.exception("showing the panel")

    def _look(self) -> None:
        """Notices a connection that the server ended while nobody spoke."""
        if self.client.connected and not self.client.still_connected():
            self.notice = Notice("bad", f"The server ended the connection ({self._fate}).", ("press Connect",))
            self._changed()

    @property
    def _fate(self) -> str:
        remarks = [entry.text for entry in self.client.transcript if hasattr(entry, "text")]
        return remarks[-1] if remarks else "without a word"

    # -- danger ------------------------------------------------------------------------------------------------

    def _must_ask(self, press: Press) -> bool:
        return not press.agreed and bool(self._danger(press))

    def _danger(self, press: Press) -> str:
        """What a press could do to somebody, as a question; empty where it is harmless."""
        if not self.client.connected or self.client.loopback:
            return ""
        if press.secret is not None and not self.conversation.secure:
            return (
                f"This would send a secret in the clear to {self._shown}: everyone on the way could read it. Send it?"
            )
        raw = press.line.strip().upper().partition(" ")[0] if press.button == "Send raw" else ""
        if press.button in ("Send message", "DATA") or raw in ("DATA", "BDAT"):
            return f"This would send a message through {self._shown}, a real server: it may reach real people. Send it?"
        return ""

    # -- actions -----------------------------------------------------------------------------------------------

    def _call(self, source: str, act: "Callable[[SmtpClient], _T]") -> _T:
        """What `act` gives; `source` says the same in Python."""
        try:
            value = act(self.client)
        except SmtpError:
            if self._cancelled:
                self._program.add_cancelled(source)
            else:
                self._program.add(source, failed=True)
            raise
        self._program.add(source)
        return value

    def _verb(self, source: str, act: "Callable[[SmtpClient], SmtpReply]") -> SmtpReply:
        """The reply to a command, shown."""
        if self._lines:  # content that was begun goes out first, as it would have by hand
            self._flush()
        reply = self._call(source, act)
        self.last = reply
        answered = {None: "Greeting", ".": "Content"}.get(reply.command) or reply.shown_command.partition(" ")[0]
        self.notice = Notice(
            "good" if reply.success else "bad", f"{answered or 'Answer'}: {reply.shown}", reply.advice[:1]
        )
        return reply

    def _connect(self, press: Press) -> None:
        target = self._targets.find(press.form)
        if target is not self._target:
            self.client.disconnect()
            self._target, self._skip = target, len(target.client.transcript)
            self._program.begin(f"\n{target.setup}")
        self._lines.clear()
        self._verb("client.connect()", lambda client: client.connect())
        if press.form.security != STARTTLS or not self.client.connected or self.client.secure:
            return
        if self._ehlo(press).success and self._starttls(press).code == 220:
            self._ehlo(press)

    def _ehlo(self, _: Press) -> SmtpReply:
        return self._verb("client.ehlo()", lambda client: client.ehlo())

    def _helo(self, _: Press) -> SmtpReply:
        return self._verb("client.helo()", lambda client: client.helo())

    def _starttls(self, _: Press) -> SmtpReply:
        return self._verb("client.starttls()", lambda client: client.starttls())

    def _auth(self, press: Press) -> None:
        login, secret = press.form.login, press.secret or Secret("")
        if press.agreed and not self.client.allow_insecure_auth:
            self._allow_insecure()
        ask = f"ask_secret({f'Password of {login}: '!r})"
        if press.form.mechanism == "PLAIN":
            self._verb(f"client.auth_plain({login!r}, {ask})", lambda client: client.auth_plain(login, secret))
            return
        reply = self._verb("client.auth('LOGIN')", lambda client: client.auth("LOGIN"))
        if reply.code == 334:
            name = f"client.auth_login_username({login!r})"
            reply = self._verb(name, lambda client: client.auth_login_username(login))
        if reply.code == 334:
            self._verb(f"client.auth_login_password({ask})", lambda client: client.auth_login_password(secret))

    def _allow_insecure(self) -> None:
        self.client.allow_insecure_auth = True
        self._program.add("client.allow_insecure_auth = True  # the panel asked, and was told to")

    def _vrfy(self, press: Press) -> None:
        name = press.form.user
        self._verb(f"client.vrfy({name!r})", lambda client: client.vrfy(name))

    def _expn(self, press: Press) -> None:
        name = press.form.list
        self._verb(f"client.expn({name!r})", lambda client: client.expn(name))

    def _mail(self, press: Press) -> None:
        sender = letter.Draft.of(press.form).sender
        self._verb(f"client.mail({sender!r})", lambda client: client.mail(sender))

    def _rcpt(self, press: Press) -> None:
        for address, _ in letter.Draft.of(press.form).recipients or (("", ""),):
            self._rcpt_one(address)
            if not self.client.connected:
                return

    def _rcpt_one(self, address: str) -> None:
        self._verb(f"client.rcpt({address!r})", lambda client: client.rcpt(address))

    def _data(self, press: Press) -> None:
        message = letter.composed(press.form)
        reply = self._verb("client.data()", lambda client: client.data())
        if reply.code == 354:
            self._program.add_message(letter.source(press.form))
            self._verb("client.data_body(message)", lambda client: client.data_body(message))

    def _send_message(self, press: Press) -> None:
        message = letter.composed(press.form)
        if self._lines:
            self._flush()
        self._program.add_message(letter.source(press.form))
        delivery = self._call("client.send_message(message)", lambda client: client.send_message(message))
        self.last = delivery
        refused = f", {len(delivery.refused)} refused" if delivery.refused else ""
        taken = plural(len(delivery.accepted), "recipient")
        kind = "good" if delivery.success and not refused else "bad"
        self.notice = Notice(kind, f"Message: {delivery.reply.shown} ({taken} accepted{refused})")

    def _rset(self, _: Press) -> None:
        self._verb("client.rset()", lambda client: client.rset())

    def _noop(self, _: Press) -> None:
        self._verb("client.noop()", lambda client: client.noop())

    def _help(self, _: Press) -> None:
        self._verb("client.help()", lambda client: client.help())

    def _quit(self, _: Press) -> None:
        self._verb("client.quit()", lambda client: client.quit())

    # -- the raw line ------------------------------------------------------------------------------------------

    def holds_secret(self, line: str) -> bool:
        """Whether a raw line holds a secret here, so that it must not stay on the page."""
        try:
            in_auth = self.conversation.stage is Stage.AUTH
            return raw_command(line, answers_challenge=in_auth).secret is not None
        except ValueError:
            return True  # it may be one, and will be refused

    def _send_raw(self, press: Press) -> None:
        if press.secret is not None:
            self._send_secret_line(press, press.secret)
        elif self.conversation.stage is not Stage.DATA:
            line = press.line
            self._verb(f"client.get_response({line!r})", lambda client: _response(client, line))
        elif press.line == ".":
            content = self._taken_lines()
            source = f"client.data_body({content!r}, verbatim=True)"
            self._verb(source, lambda client: client.data_body(content, verbatim=True))
        else:
            self._lines.append(press.line)
            count = plural(len(self._lines), "line")
            self.notice = Notice("info", f"{count} of content so far; a lone dot sends them.")

    def _send_secret_line(self, press: Press, secret: Secret) -> None:
        if press.agreed:
            self._allow_insecure()
        line = decoded(secret.octets())
        in_auth = self.conversation.stage is Stage.AUTH
        shown = raw_command(line, answers_challenge=in_auth).shown.rpartition(" ")[0]
        start, prompt = f"{shown} " if shown else "", f"{shown or 'Response'}, in base64: "
        source = f"client.get_response({start!r} + getpass({prompt!r}))"
        self._verb(source, lambda client: _response(client, line))

    def _taken_lines(self) -> str:
        content = "".join(f"{line}\r\n" for line in self._lines)
        self._lines.clear()
        return content

    def _flush(self) -> None:
        content = self._taken_lines()
        self._call(f"client.send_data({content!r})", lambda client: client.send_data(content))

    # -- the page ----------------------------------------------------------------------------------------------

    def _clear(self, _: Press) -> None:
        self._skip = len(self.client.transcript)
        self.last = None
        self.notice = Notice("info", "Cleared.")
        if not self.client.connected:  # a program cannot begin in the middle of a session
            self._program = Program()
            self._begin_program()

    def _begin_program(self) -> None:
        self._program.begin(self._target.setup)
        now = self.conversation
        if now.stage is Stage.CLOSED:
            return
        self._program.add("# The client was in a session already; this comes near it:\nclient.connect()")
        if now.secure and not self.client.implicit_tls:
            self._program.add("client.ehlo()\nclient.starttls()")
        if now.greeted_with:
            self._program.add(f"client.{now.greeted_with.lower()}()")


def _response(client: "SmtpClient", line: str) -> SmtpReply:
    """The reply to a line as it was typed."""
    client.get_response(line)
    return client.transcript.replies[-1]


_ACTIONS: Final[Mapping[str, Callable[[Model, Press], Any]]] = {
    "Connect": Model._connect,
    "EHLO": Model._ehlo,
    "HELO": Model._helo,
    "STARTTLS": Model._starttls,
    "AUTH": Model._auth,
    "VRFY": Model._vrfy,
    "EXPN": Model._expn,
    "MAIL": Model._mail,
    "RCPT": Model._rcpt,
    "DATA": Model._data,
    "Send message": Model._send_message,
    "RSET": Model._rset,
    "NOOP": Model._noop,
    "HELP": Model._help,
    "QUIT": Model._quit,
    "Send raw": Model._send_raw,
    "Clear": Model._clear,
}

#: The buttons, by their descriptions.
BUTTONS: Final = (*_ACTIONS, "Cancel")
