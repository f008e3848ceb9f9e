"""`SmtpClient`: one method per SMTP verb, each sending one command and returning its reply.

The client sends what it is told, in any order: a 503 is the server's to give, and a lesson. A 4xx or 5xx is a reply,
never an exception. Every verb ends in `_exchange`; only that, `connect`, `starttls`, the upload and the raw layer
touch the wire. After a time-out, an interrupt or a protocol error the connection is dead, since a late reply would be
taken for another command's; `connect()` starts afresh. IPython, widgets and HTML are unknown here.
"""

import contextlib
import ipaddress
import math
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from logging import DEBUG, getLogger
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from smtpnb.delivery import Delivery
from smtpnb.errors import SmtpDisconnected, SmtpError, SmtpInsecureError, SmtpProtocolError, SmtpTimeout
from smtpnb.pipeline import Pipeline
from smtpnb.progress import require_progress, shown_progress
from smtpnb.protocol import content as contents
from smtpnb.protocol import limits, sasl
from smtpnb.protocol.capabilities import NOTHING, Capabilities, CapabilityHistory
from smtpnb.protocol.command import END, Batch, Command, mail_command, raw_command, rcpt_command
from smtpnb.protocol.content import Tally
from smtpnb.protocol.conversation import CLOSED, GREETED, Conversation, Stage, after_tls
from smtpnb.protocol.email_message import envelope as envelope_of
from smtpnb.protocol.envelope import Envelope
from smtpnb.protocol.raw_input import RawInput
from smtpnb.protocol.reader import RawReply
from smtpnb.protocol.redaction import Redaction
from smtpnb.protocol.reply import SmtpReply, reply_of
from smtpnb.recorder import Group, Recorder, Said, group_of
from smtpnb.secret import Secret
from smtpnb.sending import delivered, prepared
from smtpnb.session import SessionSnapshot, TlsInfo
from smtpnb.text import decoded, encoded, plural, shortened, visible
from smtpnb.transcript import Remark, Transcript
from smtpnb.transport.connecting import connected
from smtpnb.transport.deadline import Deadline, monotonic
from smtpnb.transport.endpoint import Endpoint, checked_source
from smtpnb.transport.sockets import SLOW, in_time
from smtpnb.transport.stream import Stream
from smtpnb.transport.tls_settings import unverifying, verifying
from smtpnb.wire import Wire

if TYPE_CHECKING:
    from email.message import Message

_log: Final = getLogger("smtpnb.client")

#: Commands without arguments, made once.
_NOOP: Final = Command("NOOP")
_RSET: Final = Command("RSET")
_DATA: Final = Command("DATA")
_QUIT: Final = Command("QUIT")
_STARTTLS: Final = Command("STARTTLS")

#: Looked up once: up to Python 3.11 a member of an enum costs a function call.
_READY: Final = Stage.READY

#: Looked up once, as it is for every message.
_KEPT: Final = limits.CONTENT_KEPT

#: Where no mail is under way.
_BETWEEN_MAILS: Final = (Stage.CLOSED, Stage.GREETED, Stage.READY)

#: What became of a connection whose upload an answer cut short.
_CUT_SHORT: Final = "the server refused the content before its end"

#: Nothing was sent by hand yet.
_NOTHING_RAW: Final = RawInput()

#: What may follow a raw command: line ends, and the lone dot that ends content. Nothing that is a command.
_SUFFIX_CHARACTERS: Final = frozenset("\r\n.")


class SmtpClient:
    """A low-level, blocking SMTP client.

    Args:
        host: a name, an international name, or an IPv4/IPv6 address.
        port: 25 (relay), 587 (submission), 465 (submission with implicit TLS), or another.
        timeout: seconds that one call may take, all of it: name resolution, every octet of the reply, the upload.
        local_hostname: what EHLO and HELO say; by default this end's address in brackets (RFC 5321 §4.1.3).
        source_address: (ip, port) to connect from.
        implicit_tls: whether TLS comes before the greeting (RFC 8314 §3).
        ssl_context: the TLS settings; by default the system's trust, checked names, TLS 1.2 or later.
        trust_loopback: whether a secret may go to a loopback address in the clear.
        allow_insecure_auth: whether a secret may go anywhere in the clear.
        stream: a connection to use in place of TCP, or a function that makes one at each `connect()`.
        label: what to call the server where it is shown, in place of host and port.

    Raises:
        ValueError: a URL, an empty host, a port or time-out out of range, CR or LF in `local_hostname`.
        TypeError: an argument of the wrong kind.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 25,
        *,
        timeout: float = limits.DEFAULT_TIMEOUT,
        local_hostname: str | None = None,
        source_address: tuple[str, int] | None = None,
        implicit_tls: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        trust_loopback: bool = True,
        allow_insecure_auth: bool = False,
        stream: Stream | Callable[[], Stream] | None = None,
        label: str = "",
    ) -> None:
        self._endpoint = Endpoint.of(host, port, label)
        self.timeout = timeout
        if local_hostname is not None:
            Command("EHLO", local_hostname)  # refuses CR, LF, NUL
        self._local_hostname = local_hostname
        self._source_address = checked_source(source_address)
        self._implicit_tls = implicit_tls
        self._ssl_context = _checked_context(ssl_context)
        self._trust_loopback = trust_loopback
        #: Whether a secret may go anywhere in the clear.
        self.allow_insecure_auth = allow_insecure_auth
        #: What made this client, where that was a sandbox: its messages are found by it.
        self.origin: object = None
        self._connecting: Deadline | None = None
        if not (stream is None or callable(stream) or hasattr(stream, "read")):
            raise TypeError(f"a stream is a smtpnb.transport.stream.Stream or makes one, not {type(stream).__name__}")
        self._stream = stream
        self._recorder = Recorder()
        self._redaction = Redaction()
        self._connections = 0
        self._wire: Wire | None = None
        self._forget("connect() has not been called yet")

    def _forget(self, fate: str) -> None:
        """Sets everything back that belongs to one connection. What was said before stays in the transcript."""
        self._fate = fate
        self._conversation = CLOSED
        self._capabilities = NOTHING
        self._history: list[Capabilities] = []
        self._tls: TlsInfo | None = None
        self._loopback = False
        self._unsettled = False  # whether send_data left a reply unread or a line without its end
        self._job: Deadline | None = None  # that of a whole job, such as send_mail, for each of its steps
        self._owed: deque[Command] = deque()  # commands in send_data whose replies were not read
        self._raw = _NOTHING_RAW  # how far the octets of send_data have come

    # -- the connection --------------------------------------------------------------------------------------

    def connect(self) -> SmtpReply:
        """The server's greeting, from a new connection; an open one is closed first.

        Raises:
            SmtpConnectError: the name does not resolve, or no address took the connection.
            SmtpTimeout: no greeting before the deadline.
            SmtpTlsError: implicit TLS did not come about.
            SmtpProtocolError: what came is no greeting of an SMTP server.
            SmtpDisconnected: the server hung up.
        """
        self.disconnect()
        self._forget("the last connect() failed")
        self._connecting = deadline = Deadline(self._timeout)
        self._begin()
        stream: Stream | None = None
        raw: RawReply | None = None
        try:
            stream = self._opened(deadline)
            wire = self._wire = Wire(stream, self._redaction.masked_fragment)
            self._loopback = _is_loopback(stream.address[0])
            if self._implicit_tls:
                self._handshake(self._ssl_context or verifying(), self._endpoint.name, deadline, greeted=False)
            started = monotonic()
            raw = wire.receive(deadline)
            self._conversation = after_tls(greeted=True) if self._tls else GREETED
            return self._heard(None, raw, started, wire.sent_at)
        except BaseException as error:  # noqa: BLE001 - an interrupt too must leave no connection behind
            answered, raw = raw is not None, None  # as in _exchange
            if stream is not None:
                stream.close()
            self._fail(self._explained(error), answered=answered)

    def disconnect(self) -> None:
        """Closes the connection without a word; may be repeated. `quit()` says goodbye first."""
        if self._wire is not None:
            self._close("disconnect() was called")
            self._remark("disconnected")

    def cancel(self) -> None:
        """Ends at once what another thread is waiting for: its call raises an `SmtpError`, the connection is closed."""
        if self._connecting is not None:
            self._connecting.cancel()
        wire = self._wire
        if wire is not None:
            wire.cancel()

    def still_connected(self) -> bool:
        """Whether the connection stands, looked at without waiting; one that the server ended is noticed and closed."""
        wire = self._wire
        if wire is None or self._owed or self._raw.unfinished:
            return wire is not None
        try:
            wire.check(Deadline(self._timeout))
        except SmtpError as error:
            if self._wire is wire:  # another thread may have connected anew
                with contextlib.suppress(SmtpError):
                    self._fail(error)
        return self._wire is not None

    def quit(self) -> SmtpReply:
        """The server's goodbye (RFC 5321 §4.1.1.10); after a 221 the connection is closed."""
        reply = self._exchange(_QUIT)
        if reply.code == 221 and self._wire is not None:
            self._close("quit() ended the session")
        return reply

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            # Where the server takes everything for content or for a SASL response, QUIT would be that too.
            if self._wire is not None and self._conversation.stage not in (Stage.DATA, Stage.AUTH) and not self._owed:
                self._exchange(_QUIT, timeout=min(limits.QUIT_TIMEOUT, self._timeout))
        except SmtpError as goodbye:
            _log.debug("QUIT on leaving `with`: %s", goodbye)
        finally:
            self.disconnect()

    # -- introducing oneself ---------------------------------------------------------------------------------

    def ehlo(self, name: str | None = None) -> SmtpReply:
        """The answer to EHLO; what it offers is in `capabilities` (RFC 5321 §4.1.1.1).

        Args:
            name: this client's name; "" sends EHLO without one, to see the 501.
        """
        return self._introduced(self._exchange(Command("EHLO", self._own_name(name))))

    def helo(self, name: str | None = None) -> SmtpReply:
        """The answer to HELO, the old greeting that offers nothing (RFC 5321 §4.1.1.1)."""
        return self._introduced(self._exchange(Command("HELO", self._own_name(name))))

    def _introduced(self, reply: SmtpReply) -> SmtpReply:
        """Takes what the answer to EHLO or HELO offers, typed by hand or not; that to anything else changes nothing."""
        now, before = self._conversation, reply.conversation
        taken = before is None or before.stage not in (
            Stage.DATA,
            Stage.AUTH,
        )  # there it would be content or a response
        if taken and reply.code == 250 and reply.verb in ("EHLO", "HELO"):
            self._capabilities = NOTHING
            if reply.verb == "EHLO":
                self._capabilities = Capabilities(reply.lines[1:], now.secure, now.authenticated)
                if not self._history or self._history[-1] != self._capabilities:
                    self._history.append(self._capabilities)
        return reply

    def starttls(
        self,
        verify: bool = True,
        *,
        context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> SmtpReply:
        """The answer to STARTTLS; after a 220 the handshake is made and all is forgotten but the transcript (RFC 3207).

        Args:
            verify: whether to check the certificate: chain, name, dates, purpose. False encrypts for anyone at all.
            context: TLS settings for this handshake; they decide what is checked.
            server_hostname: the name to ask for and to check, in place of the host.

        Raises:
            SmtpTlsError: the handshake failed; the connection is closed, nothing more is sent in the clear.
            SmtpProtocolError: more came in the clear behind the 220.
        """
        deadline = Deadline(self._timeout)
        name = (
            self._endpoint.name if server_hostname is None else Endpoint.of(server_hostname, self._endpoint.port).name
        )
        chosen = _checked_context(context) or ((self._ssl_context or verifying()) if verify else unverifying())
        self._refuse_owed()
        try:
            reply = self._exchange(_STARTTLS, deadline=deadline)
            if reply.code == 220:
                self._handshake(chosen, name, deadline, greeted=True)
        except BaseException as error:
            if self._wire is None:  # it is told already
                raise
            self._fail(error)  # an interrupt between the two as well: the server waits for TLS
        return reply

    # -- AUTH (RFC 4954) -------------------------------------------------------------------------------------

    def auth(self, mechanism: str, initial_response: str | bytes | Secret | None = None) -> SmtpReply:
        """The answer to the bare AUTH command: 334 asks for the next step (RFC 4954 §4).

        Args:
            mechanism: a SASL mechanism, such as "PLAIN" or "LOGIN".
            initial_response: what goes on the same line, in base64 as it is sent; "=" is the empty one.

        Raises:
            SmtpInsecureError: the response would go out in the clear.
        """
        initial_response = None if initial_response is None else Secret(initial_response)
        command = Command("AUTH", sasl.mechanism_name(mechanism), secret=initial_response)
        if initial_response is not None and sasl.is_empty(initial_response):
            command = Command("AUTH", sasl.mechanism_name(mechanism), "=")  # no secret: RFC 4954 §4's empty response
        self._learn(command.secret)
        return self._exchange(command)

    def auth_plain(self, login: str, password: str | bytes | Secret, authzid: str = "") -> SmtpReply:
        """The answer to AUTH PLAIN with its token, or to the token alone after `auth("PLAIN")` said 334 (RFC 4616).

        Args:
            login: whose password it is (the authentication identity).
            password: the password.
            authzid: whom to act for, where that is someone else.

        Raises:
            SmtpInsecureError: the token would go out in the clear.
            ValueError: CR, LF, NUL or a lone surrogate in one of them.
        """
        password = Secret(password)
        _check_line(password)
        token = Secret.plain_token(sasl.identity(login, "login"), password, sasl.identity(authzid, "authzid"))
        self._redaction.learn(password, token)
        if self._conversation.stage is Stage.AUTH:
            return self._exchange(Command("", secret=token))
        return self._exchange(Command("AUTH", "PLAIN", secret=token))

    def auth_login_username(self, login: str) -> SmtpReply:
        """The answer to the login name in base64, after `auth("LOGIN")` said 334."""
        return self._exchange(Command("", secret=Secret(sasl.identity(login, "login")).base64()))

    def auth_login_password(self, password: str | bytes | Secret) -> SmtpReply:
        """The answer to the password in base64, after the login name."""
        password = Secret(password)
        _check_line(password)
        token = password.base64()
        self._redaction.learn(password, token)
        return self._exchange(Command("", secret=token))

    # -- the mail transaction (RFC 5321 §3.3) ----------------------------------------------------------------

    def mail(self, address: str | None, *parameters: str) -> SmtpReply:
        """The answer to MAIL FROM, which opens a mail transaction (RFC 5321 §4.1.1.2).

        Args:
            address: the sender; "" or None is the null reverse-path `<>`.
            parameters: such as "SIZE=1000", "BODY=8BITMIME", "SMTPUTF8".
        """
        return self._exchange(mail_command(address, parameters))

    def rcpt(self, address: str | None, *parameters: str) -> SmtpReply:
        """The answer to RCPT TO, which adds a recipient (RFC 5321 §4.1.1.3).

        Args:
            address: the recipient.
            parameters: such as "NOTIFY=NEVER" (RFC 3461).
        """
        return self._exchange(rcpt_command(address, parameters))

    def data(self) -> SmtpReply:
        """The answer to DATA; after a 354 `data_body` sends the content (RFC 5321 §4.1.1.4)."""
        return self._exchange(_DATA)

    def data_body(self, content: contents.Content, *, verbatim: bool = False, progress: bool = False) -> SmtpReply:
        """The answer to the content, sent in constant memory, its line ends made CRLF and its dots stuffed.

        Args:
            content: str, bytes, a binary or text file, or an iterable of chunks.
            verbatim: send the octets as they are, and the end of the data: to see what a broken client does.
            progress: show a progress bar.

        Raises:
            Exception: whatever the content's iterator raises; the connection is closed then, nothing is delivered.
        """
        midline = self._unsettled and self._raw.midline  # content by hand went before
        octets = None if verbatim or progress or midline else contents.small(content)
        if octets is not None:
            return self._upload_whole(contents.finished(octets))
        deadline = self._deadline()
        pieces = contents.pieces(content, heed=partial(in_time, deadline))
        if progress:
            pieces = shown_progress(pieces, contents.known_size(content))
        way = contents.verbatim if verbatim else contents.transparent
        return self._upload(END, way(pieces, midline=midline), deadline=deadline)

    def bdat(self, chunk: str | bytes | bytearray | memoryview, *, last: bool = False) -> SmtpReply:
        """The answer to a chunk of content, whose octets go out as they are (RFC 3030 §2).

        Args:
            chunk: the octets; text becomes UTF-8 with CRLF line ends.
            last: whether the message ends with it.
        """
        if not isinstance(chunk, str | bytes | bytearray | memoryview):  # bytes(5) is five NULs
            raise TypeError(f"a chunk is str or bytes, not {type(chunk).__name__}")
        octets = contents.normalised(encoded(chunk)) if isinstance(chunk, str) else bytes(chunk)
        command = Command("BDAT", str(len(octets)), "LAST" if last else "")
        return self._upload(command, contents.pieces(octets), head=command.octets)

    def rset(self) -> SmtpReply:
        """The answer to RSET, which gives up the mail transaction (RFC 5321 §4.1.1.5)."""
        return self._exchange(_RSET)

    # -- asking ----------------------------------------------------------------------------------------------

    def vrfy(self, username: str) -> SmtpReply:
        """The answer to VRFY: does this mailbox exist? `reply.verified` says (RFC 5321 §3.5)."""
        return self._exchange(Command("VRFY", username))

    def expn(self, mailing_list: str) -> SmtpReply:
        """The answer to EXPN: who is on this list? A member a line (RFC 5321 §3.5)."""
        return self._exchange(Command("EXPN", mailing_list))

    def noop(self) -> SmtpReply:
        """The answer to NOOP, which does nothing (RFC 5321 §4.1.1.9)."""
        return self._exchange(_NOOP)

    def help(self, topic: str | None = None) -> SmtpReply:
        """The answer to HELP (RFC 5321 §4.1.1.8)."""
        return self._exchange(Command("HELP", topic or ""))

    # -- whole jobs ------------------------------------------------------------------------------------------

    def pipeline(self) -> Pipeline:
        """A block in which verbs are queued; at its end they go out in one write, where the server offers PIPELINING.

        `with client.pipeline() as pipe: pipe.mail(…); pipe.rcpt(…); pipe.data()`; then `pipe.replies` holds a reply
        for each, in order. Elsewhere they go out one by one, with the same replies (RFC 2920).
        """
        return Pipeline(self)

    def send_mail(
        self,
        sender: str,
        recipients: str | Iterable[str],
        content: contents.Content,
        *,
        mail_parameters: Sequence[str] = (),
        rcpt_parameters: Sequence[str] = (),
        progress: bool = False,
    ) -> Delivery:
        """What became of a message: a whole mail transaction, EHLO before it where none was said.

        Args:
            sender: the reverse-path; "" is the null one.
            recipients: one address, or several.
            content: header section and body: str, bytes, a file, an iterable of chunks, or an `EmailMessage`.
            mail_parameters: for MAIL; SIZE, BODY and SMTPUTF8 are added where needed and offered.
            rcpt_parameters: for each RCPT, such as "NOTIFY=SUCCESS".
            progress: show a progress bar.

        Raises:
            SmtpError: the message needs an extension that the server does not offer, or is too large for it.
            ValueError: no recipient, or an address that cannot be one.
        """
        envelope = Envelope.of(sender, recipients, mail_parameters, rcpt_parameters)  # bad input before a byte
        if type(content) is not bytes:
            contents.pieces(content)  # likewise
        if progress:
            require_progress()
        before = self._conversation
        ready = before.stage is _READY
        if not ready:
            self._refuse_midway()
        self._job = deadline = self._job or Deadline(self._timeout)
        try:
            if not ready:
                self._begin_mail()
            return delivered(self, prepared(self._capabilities, envelope, content, deadline), progress=progress)
        except BaseException as error:
            if self._conversation is before or self._conversation.stage in _BETWEEN_MAILS:
                raise  # nothing was sent, or no mail is open
            self._fail(error)  # an interrupt between two steps, too, must not leave the mail half-sent
        finally:
            self._job = None

    def _refuse_midway(self) -> None:
        """Refuses a whole mail where the server would take its commands for something else."""
        if self._conversation.stage in (Stage.DATA, Stage.AUTH):
            raise SmtpError(
                f"the server is {self._conversation.stage.value}; nothing was sent",
                cause="It would take MAIL for a part of that.",
                advice=("finish that first: data_body(…), or the next step of AUTH", "or connect() again"),
            )

    def _begin_mail(self) -> None:
        """Says what has to come before MAIL, where something has to."""
        if self._conversation.stage is Stage.GREETED and not self.ehlo().success:
            self.helo()
        if self._conversation.reverse_path is not None:
            self.rset().raise_for_status()  # MAIL inside a transaction is a 503, and its recipients would get this one

    def send_message(
        self,
        message: "Message",
        *,
        mail_parameters: Sequence[str] = (),
        rcpt_parameters: Sequence[str] = (),
        progress: bool = False,
    ) -> Delivery:
        """What became of an `EmailMessage`: its envelope from its header section, its Bcc left out of what is sent.

        Raises:
            ValueError: no sender or no recipient in the header section.
            TypeError: `message` is no `EmailMessage`.
            SmtpError: as `send_mail`.
        """
        sender, recipients = envelope_of(message)
        return self.send_mail(
            sender,
            recipients,
            message,
            mail_parameters=mail_parameters,
            rcpt_parameters=rcpt_parameters,
            progress=progress,
        )

    # -- the raw layer ---------------------------------------------------------------------------------------

    def get_response(self, command: str, suffix: str = "\r\n") -> str:
        """One whole reply as it came, codes and CRLFs included, to a command sent as it is typed.

        Args:
            command: one command line.
            suffix: what ends it: line ends, and dots for the end of content.
        """
        try:
            end = _suffix(suffix)
            typed = raw_command(command, end, answers_challenge=self._conversation.stage is Stage.AUTH)
        except (ValueError, TypeError) as error:
            raise error.with_traceback(None) from None  # its frames hold the line
        finally:
            del command  # it may hold a secret
        self._learn(typed.secret)
        return decoded(self._introduced(self._exchange(typed)).raw)

    @staticmethod
    def parse_reply(raw: str | bytes) -> SmtpReply:
        """The reply that `raw` is: one whole reply, ending in CRLF, of any length.

        Raises:
            SmtpProtocolError: it is no reply, not a whole one, or more than one.
        """
        return SmtpReply.parse(raw)

    def send_data(self, data: str | bytes) -> None:
        """Sends octets as they are and reads nothing; `receive_data` reads the replies, one at a time.

        Args:
            data: commands with their CRLFs, or content; text becomes UTF-8.

        Raises:
            SmtpInsecureError: a secret in them would go out in the clear; nothing was sent.
        """
        try:
            octets = _closed(data)
        except (ValueError, TypeError) as error:
            raise error.with_traceback(None) from None  # its frames hold the text
        finally:
            del data
        wire = self._connected()
        deadline = Deadline(self._timeout)
        typed = self._raw.then(octets, self._conversation.stage, owed=bool(self._owed))
        if typed.secrets:
            self._refuse_insecure()
        for secret in typed.secrets:
            self._learn(secret)
        try:
            self._raw = typed
            self._owed.extend(typed.commands)
            self._unsettled = True
            wire.send_blindly(octets.octets(), len(self._owed), deadline)
            self._settle_raw()
        except BaseException as error:  # noqa: BLE001 - as in _exchange
            self._fail(error)

    def receive_data(self) -> str:
        """One whole reply as text, as it came: the next one, whatever it answers."""
        wire = self._connected()
        started = monotonic()
        raw: RawReply | None = None
        try:
            raw = wire.receive(Deadline(self._timeout))
            reply = self._heard(self._owed.popleft() if self._owed else None, raw, started, wire.sent_at)
            self._introduced(reply)
            self._settle_raw()
        except BaseException as error:  # noqa: BLE001 - as in _exchange
            answered, raw = raw is not None, None
            self._fail(error, answered=answered)
        return decoded(reply.raw)

    def _settle_raw(self) -> None:
        """Finds out whether something is left of what was typed by hand."""
        if not self._owed:
            self._raw = self._raw.at(self._conversation.stage)
        self._unsettled = bool(self._owed) or self._raw.unfinished or self._raw.midline

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float:
        """Seconds that one call may take, all of it."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise TypeError(f"the time-out is in seconds, such as 30.0, not {type(seconds).__name__}")
        if not 0 < seconds <= limits.MAX_TIMEOUT or math.isnan(seconds):
            raise ValueError(
                f"the time-out is more than 0 and at most {limits.MAX_TIMEOUT:,.0f} seconds, not {seconds}"
            )
        self._timeout = float(seconds)

    @property
    def host(self) -> str:
        """The host, as it was given."""
        return self._endpoint.host

    @property
    def port(self) -> int:
        """The port."""
        return self._endpoint.port

    @property
    def address(self) -> tuple[str, int]:
        """(ip, port) of the peer; (host, port) before connect."""
        return self._wire.stream.address if self._wire else (self._endpoint.host, self._endpoint.port)

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as this end knows."""
        return self._wire is not None

    @property
    def loopback(self) -> bool:
        """Whether the peer is this machine itself."""
        return self._loopback

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS comes before the greeting."""
        return self._implicit_tls

    @property
    def has_own_context(self) -> bool:
        """Whether it was given TLS settings."""
        return self._ssl_context is not None

    @property
    def label(self) -> str:
        """What the server is called where it is shown, in place of host and port; empty for these."""
        return self._endpoint.label

    @property
    def secure(self) -> bool:
        """Whether TLS is on: a handshake verified the server, or was expressly told not to."""
        return self._wire is not None and self._tls is not None

    @property
    def authenticated(self) -> bool:
        """Whether AUTH succeeded on this connection."""
        return self._conversation.authenticated

    @property
    def capabilities(self) -> Capabilities:
        """What the last EHLO offered; empty before it and after STARTTLS."""
        return self._capabilities

    @property
    def capability_history(self) -> CapabilityHistory:
        """What each EHLO of this connection offered, where it differs from the one before."""
        return CapabilityHistory(self._history)

    @property
    def tls_info(self) -> TlsInfo | None:
        """Version, cipher and certificates of the TLS session, or None."""
        return self._tls

    @property
    def conversation(self) -> Conversation:
        """Where the session stands, and what the standard expects next."""
        return self._conversation

    def recorded(self) -> Iterator[Said | Remark]:
        """What was said so far, as it is kept, all of it that is: what `transcript` makes its values of."""
        return self._recorder.kept()

    @property
    def transcript(self) -> Transcript:
        """What was said so far, redacted; of all connections of this client."""
        return self._recorder.transcript()

    def snapshot(self) -> SessionSnapshot:
        """All of the state at this moment, frozen and picklable."""
        return SessionSnapshot(
            self.host,
            self.port,
            self.address,
            self.secure,
            self.authenticated,
            self.conversation,
            self.capabilities,
            self.capability_history,
            self.tls_info,
            self.transcript,
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a connection and is not pickled: snapshot() is")

    def __repr__(self) -> str:
        state = self._conversation.summary if self._wire else f"not connected: {self._fate}"
        return f"<SmtpClient {self._endpoint.shown}: {state}>"

    # -- the choke point -------------------------------------------------------------------------------------

    def _exchange(
        self,
        command: Command,
        content: bytes | Tally = b"",
        *,
        send: Callable[[Wire, Any, Deadline], RawReply] = Wire.exchange,
        deadline: Deadline | None = None,
        timeout: float | None = None,
    ) -> SmtpReply:
        """Sends one command, or the content that belongs to it, and returns the reply: the one way out for every verb.

        Args:
            command: what the reply answers.
            content: what goes out in its place.
            send: how it goes out.
            deadline: by when the call must end; else that of the whole job, or the client's time-out.
            timeout: another time-out.
        """
        wire = self._wire or self._connected()
        if command.secret is not None:
            self._refuse_insecure()
        if self._unsettled:
            self._refuse_owed()
        raw: RawReply | None = None
        started = monotonic()
        try:
            raw = send(
                wire,
                content or command.octets or command.wire(),
                deadline or self._job or Deadline(timeout or self._timeout, started),
            )
            reply = self._heard(command, raw, started, wire.sent_at, content)
        except BaseException as error:  # noqa: BLE001 - an interrupt too: no later command may see a late reply
            try:
                if raw is not None and not self._recorder.holds(started):
                    self._heard(command, raw, started, wire.sent_at, content)
            finally:
                answered, raw = raw is not None, None  # it may hold a secret that the server echoed: no frame keeps it
                unanswered = () if answered else (command,)
                self._fail(error, unanswered, content, answered=answered, hides=command.secret is not None)
        if wire.refused and self._wire is not None:
            self._close(_CUT_SHORT)
        return reply

    def _exchange_group(
        self,
        batch: Batch,
        content: bytes = b"",
        *,
        envelope: Envelope | None = None,
        replies: list[SmtpReply] | None = None,
    ) -> Group:
        """What was answered to commands that go out in one write, up to a 421 (RFC 2920), and to their content.

        Args:
            batch: what goes out.
            content: what follows where an envelope is granted in one piece: whole, ready for the wire.
            envelope: whose commands they are, where they are an envelope's.
            replies: takes the replies, those before a failure too.
        """
        wire = self._wire or self._connected()
        if self._unsettled:
            self._refuse_owed()
        started = monotonic()
        deadline = self._job or Deadline(self._timeout, started)
        group = group_of(batch.commands, envelope, self._tls is not None, self._conversation, started, [])
        try:
            group.granted = wire.exchange_all(batch, group.answers, deadline)
            group.sent_at, group.ended = wire.sent_at, monotonic()
            if content and group.granted:
                group.content, group.octets = content[:_KEPT], len(content)
                group.last = wire.upload_whole(content, deadline)
                if wire.cut is not None:
                    group.content, group.octets = contents.part(content, wire.cut)
                group.content_sent_at, group.content_ended = wire.sent_at, monotonic()
            self._heard_group(group)
        except BaseException as error:  # noqa: BLE001 - as in _exchange
            group.sent_at = group.sent_at or max(started, wire.sent_at)
            if wire.cut == 0 and group.granted:
                group.octets = 0  # nothing of the content went out
            self._fail_group(error, group, content, replies)
        if replies is not None:
            replies += group.replies()
        if wire.refused and self._wire is not None:
            self._close(_CUT_SHORT)
        return group

    def _fail_group(
        self, error: BaseException, group: Group, content: bytes, replies: list[SmtpReply] | None
    ) -> NoReturn:
        """As `_fail`; what was answered before is recorded first, where it is not yet."""
        try:
            if not self._recorder.holds(group.started):
                group.ended = group.ended or monotonic()
                self._heard_group(group)
        finally:  # a handler of the log may raise as well
            if replies is not None:
                replies += group.replies()
            unanswered = group.unanswered(self._wire.cut if self._wire else None)
            self._fail(error, unanswered, content if group.octets else b"", answered=not unanswered)

    def _heard_group(self, group: Group) -> None:
        """Records what was answered, every secret hidden that the server echoed, and draws its consequences."""
        if self._redaction.active:
            group.mask(partial(self._redaction.masked, in_auth=group.before.stage is Stage.AUTH))
        now, size = group.after(), group.size()
        self._recorder.add(group, size)
        self._conversation = now
        if _log.isEnabledFor(DEBUG):
            for reply in group.replies():
                _log.debug("%s -> %s", reply.shown_command, reply.shown)
        if group.farewell():
            self._close("the server closed the session with 421")

    def _deadline(self) -> Deadline:
        """By when the call must end: this one, or the whole job that it is a step of."""
        return self._job or Deadline(self._timeout)

    def _upload(
        self, command: Command, pieces: Iterator[bytes], *, head: bytes = b"", deadline: Deadline | None = None
    ) -> SmtpReply:
        """Sends a command's content piece by piece and returns the reply to it."""
        return self._exchange(command, Tally(pieces, head), send=Wire.upload, deadline=deadline)

    def _upload_whole(self, content: bytes) -> SmtpReply:
        """Sends content that is ready for the wire, the end of the data included, and returns the reply to it."""
        return self._exchange(END, content, send=Wire.upload_whole)

    def _heard(
        self,
        command: Command | None,
        raw: RawReply,
        started: float,
        sent_at: float,
        content: bytes | Tally = b"",
    ) -> SmtpReply:
        """Makes a reply of what came: redacted, recorded, and its consequences drawn."""
        ended = monotonic()
        now = before = self._conversation
        code, octets = raw
        del raw  # as in _exchange
        if self._redaction.active:
            hidden = command is None or command.secret is not None or before.stage is Stage.AUTH
            octets = self._redaction.masked(octets, in_auth=hidden)
        shown = None
        if command is not None:
            shown = command.shown
            now = before.after(shown, code)
        secure = self._tls is not None
        reply = reply_of(code, octets, ended - started, shown, secure, before)
        if content:
            cut = self._wire.cut if self._wire else None
            went_out = (content[:_KEPT], len(content)) if cut is None else contents.part(content, cut)
            self._recorder.add((shown, octets, started, sent_at, ended, secure, before, now, *went_out))
        else:
            self._recorder.add((shown, octets, started, sent_at, ended, secure, before, now))
        self._conversation = now
        if _log.isEnabledFor(DEBUG):
            _log.debug("%s -> %s", visible(shown or "(greeting)"), reply.shown)
        if code == 421:
            self._close("the server closed the session with 421")
        return reply

    # -- helpers ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._connections += 1
        if self._connections == 1:
            self._recorder.began = monotonic()
        else:
            self._remark(f"connection {self._connections}")

    def _opened(self, deadline: Deadline) -> Stream:
        if self._stream is None:
            return connected(self._endpoint, deadline, self._source_address)
        return self._stream() if callable(self._stream) else self._stream

    def _handshake(self, context: ssl.SSLContext, name: str, deadline: Deadline, *, greeted: bool) -> None:
        wire = self._connected()
        if self.secure:
            raise SmtpProtocolError(
                "the server agreed to TLS inside TLS, which does not exist (RFC 3207 §4.2)",
                cause="TLS is on already, and the server took STARTTLS for a command all the same.",
                advice="connect() again, and send STARTTLS once",
            )
        # A trailing dot and an address's scope belong to the resolver, not to the certificate.
        tls = wire.start_tls(context, name.removesuffix(".").partition("%")[0], deadline, implicit=not greeted)
        self._tls, self._capabilities, self._conversation = tls, NOTHING, after_tls(greeted=greeted)
        self._remark(f"{tls.version} handshake: {tls.cipher}, {tls.assurance}")

    def _connected(self) -> Wire:
        if self._wire is None:
            raise SmtpDisconnected(
                f"not connected: {self._fate}",
                cause="Each connection is used until it ends; then a new one is needed.",
                advice="call connect()",
            )
        return self._wire

    def _own_name(self, name: str | None) -> str:
        if name is not None:
            return name
        if self._local_hostname is not None:
            return self._local_hostname
        local = self._connected().stream.local_address.partition("%")[0]
        return f"[IPv6:{local}]" if ":" in local else f"[{local}]"

    def _refuse_insecure(self) -> None:
        """Refuses to send a secret in the clear, before a byte is sent."""
        if self.secure or self.allow_insecure_auth or (self._loopback and self._trust_loopback):
            return
        raise SmtpInsecureError(
            f"refused to send a secret in the clear to {self._endpoint.shown}; nothing was sent",
            cause="TLS is not on, so everyone on the way could read the password.",
            advice=("call starttls() first, then ehlo()", "on port 465 connect with implicit_tls=True",
                    "for a lesson: SmtpClient(…, allow_insecure_auth=True)"),
        )  # fmt: skip

    def _refuse_owed(self) -> None:
        """Refuses what would take a reply that send_data left, or end its line; content it began ends with this."""
        if self._owed or self._raw.unfinished:
            owed = f"unread: {plural(len(self._owed), 'reply', 'replies')}" if self._owed else "a line without its end"
            raise SmtpError(
                f"send_data() left something behind ({owed}); nothing was sent",
                cause="The next reply would be taken for this command's.",
                advice="call receive_data() once for each command sent, or end the line",
            )
        self._raw, self._unsettled = _NOTHING_RAW, False

    def _learn(self, secret: Secret | None) -> None:
        if secret is not None:
            self._redaction.learn(secret, *sasl.secrets_in(secret))

    def _explained(self, error: BaseException) -> BaseException:
        """A silent greeting at a port where TLS comes first has a likelier cause than a slow server."""
        if isinstance(error, SmtpTimeout):
            error.message = error.message.replace("no answer", "no greeting", 1)
        if isinstance(error, SmtpError) and error.cause in ("", SLOW) and self._wire and not self._implicit_tls:
            if self._endpoint.port == 465:
                error.cause = "Port 465 expects TLS from the first octet, and waits for it."
                error.advice = ("connect with implicit_tls=True",)
            elif isinstance(error, TimeoutError):
                error.cause = "The server is slow to greet, or it waits for TLS, or it is no SMTP server."
                error.advice = (
                    "give it more time: timeout=60",
                    "is this the right port: 25, 587, or 465 with implicit_tls=True?",
                )
        return error

    def _record_unanswered(self, commands: Sequence[Command], content: bytes | Tally) -> None:
        """Records commands that no reply answers, and the content of the last, as far as they went out."""
        cut = self._wire.cut if self._wire else None
        if cut == 0:
            return
        at, secure, now = monotonic(), self._tls is not None, self._conversation
        for number, command in enumerate(commands, 1):
            went_out = contents.part(content if number == len(commands) else b"", cut)
            self._recorder.add((command.shown, b"", at, at, at, secure, now, CLOSED, *went_out, number > 1))

    def _remark(self, text: str, *, unexpected: bool = False) -> None:
        self._recorder.add(Remark(monotonic() - self._recorder.began, text, self._tls is not None, unexpected))

    def _close(self, fate: str) -> None:
        """Ends the connection; `fate` says why, for whoever calls next. What it was like can still be looked at."""
        wire, self._wire = self._wire, None
        self._fate = fate
        self._conversation = CLOSED
        self._owed.clear()
        self._raw = _NOTHING_RAW
        self._unsettled = False
        if wire is not None:
            wire.close()

    def _fail(
        self,
        error: BaseException,
        commands: Sequence[Command] = (),
        content: bytes | Tally = b"",
        *,
        answered: bool = False,
        hides: bool = False,
    ) -> NoReturn:
        """Ends the connection for `error`, records that, and raises it without the frames that saw the octets.

        Args:
            error: what went wrong.
            commands: what was not answered.
            content: what was to go out in place of the last of them, or behind it.
            answered: whether the reply came all the same, and is recorded.
            hides: whether a secret was to go out, which the frames hold whatever the error.
        """
        if isinstance(error, SmtpError) and self._wire and self._wire.cancelled:
            error = _cancelled()
        elif commands and isinstance(error, SmtpTimeout):
            error.message += f", after {visible(shortened(commands[0].shown, 200))}"
        text = error.message if isinstance(error, SmtpError) else _fate_of(error, answered=answered)
        self._record_unanswered(commands, content)
        self._remark(text, unexpected=True)
        self._close(text)
        if not isinstance(error, SmtpError):
            error.add_note(f"smtpnb: {text}; connect() starts afresh")
        _log.debug("%s: %s", type(error).__name__, text)
        if hides or isinstance(error, SmtpError | KeyboardInterrupt):
            error.__context__ = None  # its frames saw them too
            raise error.with_traceback(None) from None
        raise error  # the content's own: its traceback and cause are the user's to see


def _cancelled() -> SmtpDisconnected:
    return SmtpDisconnected(
        "cancelled: the connection is closed", cause="Somebody called cancel().", advice="connect() starts afresh"
    )


def _checked_context(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    if context is None or isinstance(context, ssl.SSLContext):
        return context
    raise TypeError(f"TLS settings are an ssl.SSLContext, not {type(context).__name__}")


def _suffix(suffix: str) -> bytes:
    if not isinstance(suffix, str) or not set(suffix) <= _SUFFIX_CHARACTERS:
        raise ValueError(f"the suffix {suffix!r} is not CR, LF and dots alone: put the rest into the command")
    return suffix.encode()


def _closed(data: str | bytes) -> Secret:
    """The octets of `data`, which may hold a secret, whole or begun."""
    if not isinstance(data, str | bytes):
        raise TypeError(f"data is str or bytes, not {type(data).__name__}")
    return Secret(encoded(data) if isinstance(data, str) else data)


def _check_line(password: Secret) -> None:
    if not password.is_one_line:
        raise ValueError("CR, LF or NUL in the password: no server could take it (RFC 4616 §2)")
    if not password.is_utf8:
        raise ValueError("a lone surrogate in the password: UTF-8 has no octets for it (RFC 4616 §2)")


def _fate_of(error: BaseException, *, answered: bool) -> str:
    """What ended a connection, in words: an interrupt, the content's own error, or that of a log's handler."""
    if answered and not isinstance(error, KeyboardInterrupt):
        return f"{type(error).__name__} once the reply had come; the connection was closed"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the connection was closed, as a late reply would be taken for the next command's"
    return f"{type(error).__name__} while sending; the connection was closed and nothing was delivered"


@lru_cache(maxsize=256)  # parsing an address takes longer than a command does
def _is_loopback(ip: str) -> bool:
    if ip == "memory":
        return True
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
