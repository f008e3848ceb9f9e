"""What the client keeps of a session while it goes on: enough to make the `Transcript` when somebody looks.

Exchanges are kept as the fields of `Said`, commands sent together as a `Group`: making the values only when somebody
looks takes a tenth off every command's time, more off a message's, and half of what is kept off the memory.
Everything is redacted before it comes here.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from smtpnb.exchange import Exchange, Remark
from smtpnb.frozen import maker
from smtpnb.protocol.command import Command
from smtpnb.protocol.conversation import Conversation
from smtpnb.protocol.limits import TRANSCRIPT_ENDS
from smtpnb.protocol.reader import RawReply
from smtpnb.protocol.reply import SmtpReply, cut, reply_of
from smtpnb.transcript import Transcript

_exchange: Final = maker(Exchange)


class Said(NamedTuple):
    """An exchange as it is kept: what it takes to make the value when somebody looks."""

    at: float
    command: str | None
    raw: bytes
    elapsed: float
    wait: float
    secure: bool
    before: Conversation
    after: Conversation
    content: bytes
    octets: int
    pipelined: bool

    def reply(self) -> SmtpReply | None:
        """The reply, or None where none came."""
        if not self.raw:
            return None
        code = int(self.raw[:3])  # the reader found three digits there
        return reply_of(code, cut(self.raw), self.raw, self.elapsed, self.command, self.secure, self.before)

    def exchange(self) -> Exchange:
        """The entry of the transcript."""
        return _exchange(
            self.at,
            self.command,
            self.reply(),
            self.secure,
            self.after.stage.value,
            self.content,
            self.octets,
            self.wait,
            self.pipelined,
        )


class Group:
    """Commands that go out in one write, and the replies to them as they come (RFC 2920).

    Args:
        commands: what goes out; none of them holds a secret.

    Attributes:
        commands: the same.
        codes: the codes of the replies so far.
        at: when the group went out, seconds since the first entry.
        started: the same by the clock.
        sent_at: when its last octet had gone out.
        secure: whether it went through TLS.
        before: where the session stood.
        heard: whether the session has drawn its consequences.
    """

    __slots__ = ("_ends", "_raws", "at", "before", "codes", "commands", "heard", "secure", "sent_at", "started")

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.codes: list[int] = []
        self._raws: list[bytes] = []  # the replies, each on its own or all of them in one piece
        self._ends: list[float] = []  # when each of these was whole
        self.heard = False

    def begin(self, started: float, at: float, before: Conversation, *, secure: bool) -> None:
        """Says when the group goes out, and where the session stands."""
        self.started = self.sent_at = started
        self.at, self.before, self.secure = at, before, secure

    def octets(self) -> bytes:
        """What goes over the wire."""
        return b"\r\n".join([command.line() for command in self.commands]) + b"\r\n"

    def take(self, reply: RawReply, ended: float) -> None:
        """Takes the next reply."""
        self.codes.append(reply.code)
        self._raws.append(reply.raw)
        self._ends.append(ended)

    def take_all(self, codes: list[int], raws: bytes, ended: float) -> None:
        """Takes all replies at once; each has one line."""
        self.codes, self._raws, self._ends = codes, [raws], [ended]

    @property
    def unanswered(self) -> Sequence[Command]:
        """The commands that wait for their reply; none once a 421 ended the session."""
        return () if self.codes[-1:] == [421] else self.commands[len(self.codes) :]

    def mask(self, masked: Callable[[bytes], bytes]) -> None:
        """Puts the mask over the replies."""
        answers = self._answers()
        self._raws, self._ends = [masked(raw) for raw, _ in answers], [ended for _, ended in answers]

    def _answers(self) -> list[tuple[bytes, float]]:
        """Each reply, and when it was whole."""
        if len(self._raws) == len(self.codes):
            return list(zip(self._raws, self._ends, strict=True))
        return [(line + b"\r\n", self._ends[0]) for line in self._raws[0].split(b"\r\n")[:-1]]

    def after(self) -> Conversation:
        """Where the session stands after the replies so far."""
        now = self.before
        for command, code in zip(self.commands, self.codes, strict=False):
            now = now.after(command.shown, code)
        return now

    def replies(self) -> list[SmtpReply]:
        """The replies so far."""
        return [reply for said in self.said() if (reply := said.reply())]

    def said(self) -> Iterator[Said]:
        """Each command that was answered, with its reply."""
        now = self.before
        answered = zip(self.commands, self.codes, self._answers(), strict=False)
        for number, (command, code, (raw, ended)) in enumerate(answered):
            before, now = now, now.after(command.shown, code)
            elapsed, wait = ended - self.started, ended - self.sent_at
            yield Said(self.at, command.shown, raw, elapsed, wait, self.secure, before, now, b"", 0, number > 0)


#: As it is kept: the fields of `Said`, a group of them, or a remark.
_Kept: TypeAlias = Remark | Group | tuple[Any, ...]


class Recorder:
    """Takes the entries of a session as they come, keeps the first and last of them, and counts the rest.

    Args:
        ends: how many entries to keep at each end.
    """

    __slots__ = ("_ends", "_first", "_last", "_omitted", "_room", "_surplus")

    def __init__(self, ends: int = TRANSCRIPT_ENDS) -> None:
        self._ends = ends
        self._room = ends  # how many entries the first end can still take
        self._surplus = -ends  # by how many entries the last end is too long
        self._first: list[_Kept] = []
        self._last: deque[_Kept] = deque()
        self._omitted = 0

    def add(self, entry: _Kept, count: int = 1) -> None:
        """Records an entry, redacted already.

        Args:
            entry: an exchange, as the fields of `Said`; a group; or a remark.
            count: how many entries that makes.
        """
        if self._room > 0:
            self._first.append(entry)
            self._room -= count
            return
        self._last.append(entry)
        self._surplus += count
        while self._surplus > 0:
            oldest = _count(self._last[0])
            if oldest > self._surplus:  # a part of it is to be kept
                return
            self._last.popleft()
            self._surplus -= oldest
            self._omitted += oldest

    def kept(self) -> Iterator[Said | Remark]:
        """The entries that are kept, a group's among them one by one."""
        for kept in chain(self._first, self._last):
            if isinstance(kept, Group):
                yield from kept.said()
            elif isinstance(kept, tuple):
                yield Said(*kept)
            else:
                yield kept

    def transcript(self) -> Transcript:
        """What was recorded so far."""
        entries = [kept.exchange() if isinstance(kept, Said) else kept for kept in self.kept()]
        if not self._omitted and len(entries) <= 2 * self._ends:
            return Transcript(tuple(entries[: self._ends]), 0, tuple(entries[self._ends :]))
        # A group may reach over the end of a part: its entries between the parts are counted too.
        omitted = self._omitted + len(entries) - 2 * self._ends
        return Transcript(tuple(entries[: self._ends]), omitted, tuple(entries[-self._ends :]))


def _count(kept: _Kept) -> int:
    return len(kept.codes) if isinstance(kept, Group) else 1
