"""A session seen from the server: what was asked, what was answered, with secrets hidden."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smtpnb.displayable import Displayable
from smtpnb.secret import MASK
from smtpnb.text import decoded, plural, visible

#: Exchanges that a session's record keeps; the rest is counted.
KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """One exchange as the server saw it.

    Attributes:
        command: what the client sent, secrets hidden; a remark in brackets for content; empty for the greeting.
        reply: what was sent, CRLFs included; undecodable octets are surrogate escapes.
        secure: whether it went through TLS.
    """

    command: str
    reply: str
    secure: bool = False

    def lines(self) -> Iterable[str]:
        """The exchange as lines of text: `<-` from the client, `->` to it, `~` for `-` inside TLS."""
        dash = "~" if self.secure else "-"
        if self.command:
            yield f"<{dash} {visible(self.command)}"
        for line in self.reply.removesuffix("\r\n").split("\r\n") if self.reply else ():
            yield f"{dash}> {visible(line)}"


@dataclass(frozen=True, slots=True)
class SessionRecord(Displayable):
    """One session as the server saw it.

    Attributes:
        number: its number in the sandbox, from 1.
        exchanges: the first of them, in order.
        omitted: how many more there were.
        secure: whether TLS was on in the end.
        authenticated_as: the login, or None.
        messages: the numbers of the messages it brought.
        open: whether it goes on.
    """

    number: int
    exchanges: tuple[Heard, ...]
    omitted: int = 0
    secure: bool = False
    authenticated_as: str | None = None
    messages: tuple[int, ...] = ()
    open: bool = False

    @property
    def commands(self) -> tuple[str, ...]:
        """What the client sent, secrets hidden."""
        return tuple(exchange.command for exchange in self.exchanges if exchange.command)

    @property
    def replies(self) -> tuple[str, ...]:
        """What was sent, the greeting first."""
        return tuple(exchange.reply for exchange in self.exchanges)

    def to_text(self) -> str:
        """The whole session, one line per line: `<-` from the client, `->` to it."""
        lines = [line for exchange in self.exchanges for line in exchange.lines()]
        return "\n".join([*lines, *([f"=== {plural(self.omitted, 'more exchange')}"] if self.omitted else ())])

    def __repr__(self) -> str:
        facts = [plural(len(self.commands) + self.omitted, "command"), plural(len(self.messages), "message")]
        facts += ["TLS"] if self.secure else []
        facts += [f"as {visible(self.authenticated_as)}"] if self.authenticated_as else []
        # Not `open`: the server learns of a client's going a moment later, and the same cell shall show the same.
        return f"<SessionRecord {self.number}, {', '.join(facts)}>"


class Log:
    """The exchanges of a session under way, within bounds."""

    __slots__ = ("_heard", "_omitted")

    def __init__(self) -> None:
        self._heard: list[Heard] = []
        self._omitted = 0

    def add(self, command: str, reply: bytes, *, secure: bool) -> None:
        """Keeps one exchange, or counts it."""
        if len(self._heard) < KEPT:
            self._heard.append(Heard(command, decoded(reply), secure))
        else:
            self._omitted += 1

    def kept(self) -> tuple[tuple[Heard, ...], int]:
        """The exchanges, and how many more there were."""
        return tuple(self._heard), self._omitted


def shown(verb: str, line: str) -> str:
    """A command line as it may be shown: of AUTH, the mechanism alone."""
    words = line.split(" ", 2)
    if verb == "AUTH" and len(words) > 2 and words[2] != "=":
        return f"{words[0]} {words[1]} {MASK}"
    return line
