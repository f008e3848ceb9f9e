"""Python that replays a session, to copy: the same commands in the same order, against a host of your choice.

No secret is in it, as none is in a transcript: it asks for passwords when it runs. What the transcript does not hold
(content that was too long to keep, a SASL response) is missing, and a comment says so at its place.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from smtpnb.exchange import Entry, Exchange
from smtpnb.protocol.content import END_OF_DATA, stuffed, unstuffed
from smtpnb.protocol.conversation import CLOSED, Conversation, Stage, after_tls
from smtpnb.secret import MASK
from smtpnb.text import visible

_HEAD: Final = '''"""A session replayed with smtpnb. Fill in what is in capitals; passwords are asked for."""

import ssl

from smtpnb import SmtpClient, ask_secret

HOST, PORT = {host!r}, {port!r}
{login}CA_FILE = None  # the certificates to trust, such as "ca.pem"; None for the system's

client = SmtpClient(HOST, PORT, ssl_context=ssl.create_default_context(cafile=CA_FILE){options})'''

_ADDRESS: Final = r"<([^<>\"\\\r\n]*)>((?: [^ ]+)*)"
_MAIL: Final = re.compile(rf"MAIL FROM:{_ADDRESS}")
_RCPT: Final = re.compile(rf"RCPT TO:{_ADDRESS}")
_BDAT: Final = re.compile(r"BDAT (\d+)( LAST)?")
#: Verbs with a method that takes all that follows as one argument.
_ONE_ARGUMENT: Final = re.compile(r"(EHLO|HELO|VRFY|EXPN|HELP) (\S(?:.*\S)?)")
_ALONE: Final = frozenset({"DATA", "RSET", "NOOP", "HELP", "QUIT"})
#: Verbs that `client.pipeline()` queues.
_QUEUED: Final = frozenset({"MAIL", "RCPT", "DATA", "RSET", "NOOP", "VRFY", "EXPN", "HELP", "QUIT"})


def replay_code(entries: Sequence[Entry], host: str, port: int) -> str:
    """The whole program."""
    first = next((entry for entry in entries if isinstance(entry, Exchange)), None)
    options = ", implicit_tls=True" if first and first.command is None and first.secure else ""
    steps = list(_Replay().lines(entries))
    login = 'LOGIN = ""  # the login name\n' if any("(LOGIN" in step for step in steps) else ""
    lines = [_HEAD.format(host=host, port=port, login=login, options=options), *steps, "print(client.transcript)"]
    return "\n".join(lines) + "\n"


class _Replay:
    """Walks through a session and writes a line for each thing done."""

    def __init__(self) -> None:
        self._now = CLOSED
        self._mechanism = ""  # of the AUTH under way
        self._responses = 0
        self._ended = False  # whether the pipeline ends the data by itself

    def lines(self, entries: Sequence[Entry]) -> Iterator[str]:
        for group in _groups(entries):
            if len(group) > 1:
                yield from self._pipeline([entry for entry in group if isinstance(entry, Exchange)])
                continue
            entry = group[0]
            if isinstance(entry, Exchange):
                yield from self._exchange(entry)
            elif entry.text == "disconnected":
                self._now = CLOSED
                yield "client.disconnect()"
            elif "handshake" not in entry.text and not entry.text.startswith("connection "):
                yield f"# {visible(entry.text)}"

    def _pipeline(self, group: Sequence[Exchange]) -> Iterator[str]:
        yield "with client.pipeline() as pipe:"
        for exchange in group:
            yield "    " + _call("pipe", exchange.command or "")
            self._follow(exchange)
        # RFC 2920 §3.1: DATA granted with no recipient; the pipeline sends the lone dot by itself.
        self._ended = self._now.stage is Stage.DATA and not self._now.recipients

    def _exchange(self, exchange: Exchange) -> Iterator[str]:
        command = exchange.command
        if exchange.reply is None:
            yield "# no reply came to the next command; it will be waited for again"
        if command is None:
            yield (
                "client.connect()"
                if self._now.stage is Stage.CLOSED
                else "client.receive_data()  # nobody asked for it"
            )
        elif self._ended and command == ".":
            self._ended = False
        elif exchange.octets:
            yield from _content(exchange, command)
        elif MASK in command:
            yield from self._secret(command)
        else:
            yield from _typed(command)
        self._follow(exchange)

    def _secret(self, command: str) -> Iterator[str]:
        """What stands for a command with a secret in it."""
        words = command.split()
        if words[0].upper() != "AUTH":
            yield from self._response()
        elif not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", words[1]):
            yield f"# missing: an AUTH command with a secret in it, which was typed by hand: {command!r}"
        elif words[1].upper() == "PLAIN":
            yield 'client.auth_plain(LOGIN, ask_secret("Password: "))'
        else:
            yield f"client.auth({words[1]!r}, ask_secret('Initial response, in base64: '))"

    def _response(self) -> Iterator[str]:
        self._responses += 1
        if self._mechanism == "PLAIN":
            yield 'client.auth_plain(LOGIN, ask_secret("Password: "))'
        elif self._mechanism == "LOGIN":
            yield (
                "client.auth_login_username(LOGIN)"
                if self._responses == 1
                else ('client.auth_login_password(ask_secret("Password: "))')
            )
        else:
            yield "# missing: a SASL response, which no transcript holds; a lone * cancels the login instead"
            yield "client.get_response('*')"

    def _follow(self, exchange: Exchange) -> None:
        """Where the session stands after it, as the client saw it."""
        code = exchange.reply.code if exchange.reply else 421
        command = exchange.command
        if command is None:
            self._now = Conversation(Stage.GREETED) if self._now.stage is Stage.CLOSED else self._now
            return
        verb, _, rest = command.partition(" ")
        if verb.upper() == "AUTH":
            self._mechanism, self._responses = rest.partition(" ")[0].upper(), int(MASK in command)
        before = self._now
        self._now = before.after("" if before.stage is Stage.AUTH and command != "*" else command, code)
        if verb.upper() == "STARTTLS" and code == 220:
            self._now = after_tls(greeted=True)


def _groups(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries, those sent in one write together."""
    group = 0
    numbers = []
    for entry in entries:
        group += not (isinstance(entry, Exchange) and entry.pipelined)
        numbers.append(group)
    for _, pairs in groupby(zip(numbers, entries, strict=True), key=lambda pair: pair[0]):
        together = [entry for _, entry in pairs]
        exchanges = [entry for entry in together if isinstance(entry, Exchange) and _queueable(entry)]
        if len(together) > 1 and len(exchanges) == len(together):
            yield exchanges
        else:
            yield from ([entry] for entry in together)


def _queueable(exchange: Exchange) -> bool:
    return (
        exchange.reply is not None and not exchange.octets and "get_response" not in _call("", exchange.command or "")
    )


def _call(name: str, command: str) -> str:
    """The call that sends exactly this command: its verb's method, or the raw one."""
    for pattern, method in ((_MAIL, "mail"), (_RCPT, "rcpt")):
        if match := pattern.fullmatch(command):
            arguments = ", ".join(map(repr, (match[1], *match[2].split())))
            return f"{name}.{method}({arguments})" if match[1] == match[1].strip() else _raw(name, command)
    if match := _ONE_ARGUMENT.fullmatch(command):
        return f"{name}.{match[1].lower()}({match[2]!r})"
    return f"{name}.{command.lower()}()" if command in _ALONE else _raw(name, command)


def _raw(name: str, command: str) -> str:
    return f"{name}.get_response({command!r})"


def _typed(command: str) -> Iterator[str]:
    if command == "STARTTLS":
        yield "client.starttls()"
    elif re.fullmatch(r"AUTH [A-Z0-9_-]{1,20}", command):
        yield f"client.auth({command[5:]!r})"
    elif re.search("[\r\n\0]", command):
        yield f"# missing: a line with a line end or NUL inside it, which was typed by hand: {command!r}"
    else:
        if "⟨" in command:
            yield "# the next command is as it was shown: ⟨…⟩ stands for what could not be"
        yield _call("client", command)


def _content(exchange: Exchange, command: str) -> Iterator[str]:
    missing = exchange.octets - len(exchange.content)
    if missing:
        yield f"# missing: the last {missing:,} octets of the content, which the transcript did not keep"
    octets = exchange.content
    if match := _BDAT.fullmatch(command):
        yield f"client.bdat({octets!r}, last={bool(match[2])})"
        return
    content = octets if missing else octets.removesuffix(END_OF_DATA)
    plain = unstuffed(content)
    as_sent = stuffed(plain) == content and (missing or content.endswith(b"\r\n") or not content)
    yield f"client.data_body({plain!r})" if as_sent else f"client.data_body({content!r}, verbatim=True)"
