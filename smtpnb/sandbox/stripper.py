"""STARTTLS taken out of a session by somebody in between, octets in and octets out: no socket, no thread.

The rule which line of EHLO's answer goes is shared with `StripsStartTls`, the server that does so to itself. A
`Stripper` reads along far enough to know which reply answers which command, and where content is no command; all
that it does not change passes octet for octet, and inside TLS it sees nothing and changes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from smtpnb.displayable import Displayable
from smtpnb.sandbox.answer import Answer
from smtpnb.sandbox.receiver import DataReceiver
from smtpnb.sandbox.transaction import owed
from smtpnb.text import decoded, shortened, visible

#: What some firewalls write over STARTTLS: as long, so that the packet keeps its size.
GAP: Final = "XXXXXXXA"

#: Octets of one line or reply that are held back; what is longer is no SMTP, and passes as it is from there on.
_LIMIT: Final = 1024 * 1024

#: The first octet of a TLS handshake (RFC 8446 §5.1): TLS from the first octet on has nothing to strip.
_HANDSHAKE: Final = b"\x16"

#: Characters of a line in a repr.
_SHOWN: Final = 100

#: Behind these, what the client says next depends on the reply; nobody may pipeline behind them (RFC 2920 §3.1).
_ASKS: Final = frozenset({"DATA", "AUTH", "STARTTLS"})


def stripped(lines: tuple[str, ...], *, leaves_gap: bool) -> tuple[str, ...]:
    """The lines of EHLO's answer without STARTTLS.

    Args:
        lines: those behind the first, without their codes.
        leaves_gap: writes X over the line in place of taking it out.
    """
    gap = (GAP,) if leaves_gap else ()
    return tuple(kept for line in lines for kept in (gap if line.strip().upper() == "STARTTLS" else (line,)))


@dataclass(frozen=True, slots=True)
class Change(Displayable):
    """What somebody in between made of one command or reply.

    Attributes:
        session: in which session, from 1.
        command: `EHLO`: its answer was changed. `STARTTLS`: it was answered, and never reached the server.
        before: what came, from the server or, for STARTTLS, from the client.
        after: what the client got.
    """

    session: int
    command: str
    before: bytes
    after: bytes

    def to_text(self) -> str:
        """Line by line: `-` before what came, `+` before what the client got in its place."""
        return "\n".join(f"{mark} {visible(line)}" for mark, line in self._compared())

    def _compared(self) -> Iterator[tuple[str, str]]:
        """Each line with its mark. What both have may have another hyphen behind its code: the last line has none."""
        got = deque(_lines(self.after))
        for line in _lines(self.before):
            same = bool(got) and got[0][4:] == line[4:]
            yield (" ", got.popleft()) if same else ("-", line)
            if not same and got and got[0][4:] == GAP:
                yield "+", got.popleft()
        yield from (("+", line) for line in got)

    def __repr__(self) -> str:
        told = (f"{mark} {visible(shortened(line, _SHOWN))}" for mark, line in self._compared() if mark != " ")
        return f"<Change of {self.command} in session {self.session}: {'; '.join(told)}>"


def _lines(octets: bytes) -> list[str]:
    return decoded(octets).removesuffix("\r\n").split("\r\n")


@dataclass(frozen=True, slots=True)
class Passed:
    """What goes on.

    Attributes:
        to_server: octets for the server.
        to_client: octets for the client.
    """

    to_server: bytes = b""
    to_client: bytes = b""


class Stripper:
    """One session, seen from between client and server.

    Args:
        note: is told of each change: the command, what came, what the client gets.
        leaves_gap: writes X over STARTTLS in place of taking it out.
        reply: what is said to STARTTLS, which then never reaches the server; None lets it pass.
    """

    def __init__(
        self, note: Callable[[str, bytes, bytes], None], *, leaves_gap: bool = False, reply: Answer | None = None
    ) -> None:
        self._note, self._leaves_gap, self._answer = note, leaves_gap, reply
        self._said, self._heard = b"", b""
        self._silent = True  # whether the client has said nothing yet
        self._unanswered = deque(["CONNECT"])  # the greeting is a reply, too
        self._asking = False  # whether the client's next octets depend on a reply that is not there yet
        self._response = False  # whether the client's next line answers a 334
        self._chunk = 0  # octets of BDAT to come
        self._content: DataReceiver | None = None
        self._blind = False

    def from_client(self, data: bytes) -> Passed:
        """What becomes of octets from the client; none is its end."""
        self._blind = self._blind or (self._silent and data[:1] == _HANDSHAKE)
        self._silent = False
        self._said += data
        passed = self._passed()
        return passed if data else Passed(passed.to_server + self._taken(len(self._said)), passed.to_client)

    def from_server(self, data: bytes) -> Passed:
        """What becomes of octets from the server; none is its end."""
        self._heard += data
        passed = self._passed()
        return passed if data else Passed(passed.to_server, passed.to_client + self._heard)

    def _passed(self) -> Passed:
        """Whatever can go on now. A reply may set free what the client said, so both ways are looked at."""
        to_client, to_server = b"", b""
        while piece := self._next_reply():
            to_client += piece
        while any(pieces := self._next_command()):
            to_server, to_client = to_server + pieces[0], to_client + pieces[1]
        if self._blind or max(len(self._said), len(self._heard)) > _LIMIT:
            self._blind = True
            to_server, to_client = to_server + self._said, to_client + self._heard
            self._said = self._heard = b""
        return Passed(to_server, to_client)

    def _next_reply(self) -> bytes:
        """The next whole reply as the client shall get it."""
        end = 0
        while not self._blind and (line := self._heard.find(b"\n", end) + 1):
            last, end = self._heard[end + 3 : end + 4] != b"-", line
            if last:
                reply, self._heard = self._heard[:end], self._heard[end:]
                return self._answering(reply)
        return b""

    def _answering(self, reply: bytes) -> bytes:
        """Takes note of what a reply means, and changes it where it offers STARTTLS."""
        verb = self._unanswered.popleft() if self._unanswered else ""
        code = reply[:3]
        self._asking = self._asking and bool(self._unanswered)
        self._blind = (verb, code) == ("STARTTLS", b"220")
        self._response = (verb, code) == ("AUTH", b"334")
        if (verb, code) == ("DATA", b"354"):
            self._content = DataReceiver(0)
        return self._without_starttls(reply) if (verb, code) == ("EHLO", b"250") else reply

    def _without_starttls(self, reply: bytes) -> bytes:
        first, *lines = (decoded(line[4:]).removesuffix("\r") for line in reply.removesuffix(b"\n").split(b"\n"))
        kept = stripped(tuple(lines), leaves_gap=self._leaves_gap)
        if kept == tuple(lines):
            return reply
        changed = Answer(250, "", (first, *kept)).octets()
        self._note("EHLO", reply, changed)
        return changed

    def _next_command(self) -> tuple[bytes, bytes]:
        """The next octets that go to the server, and those that go back to the client in their place."""
        if self._blind or self._asking or not self._said:
            return b"", b""
        if self._chunk:
            taken = min(self._chunk, len(self._said))
            self._chunk -= taken
            return self._taken(taken), b""
        if self._content is not None:
            return self._next_content(self._content), b""
        line = self._said[: self._said.find(b"\n") + 1]
        verb, _, argument = decoded(line.strip()).partition(" ")
        verb = "AUTH" if self._response else verb.upper()
        if verb == "STARTTLS" and self._answer is not None:
            return (b"", self._refused(line, self._answer)) if not self._unanswered else (b"", b"")
        if line:
            self._asking = verb in _ASKS
            self._response = False
            self._chunk = owed(argument) if verb == "BDAT" else 0
            self._unanswered.append(verb)
        return self._taken(len(line)), b""

    def _next_content(self, content: DataReceiver) -> bytes:
        """Content up to the end of mail data: STARTTLS in it is a word like any other."""
        whole, taken = content.take(self._said, 0)
        if whole is not None:
            self._content = None
            self._unanswered.append("CONTENT")
        return self._taken(taken)

    def _refused(self, line: bytes, reply: Answer) -> bytes:
        self._taken(len(line))
        self._note("STARTTLS", line, reply.octets())
        return reply.octets()

    def _taken(self, octets: int) -> bytes:
        taken, self._said = self._said[:octets], self._said[octets:]
        return taken
