"""What the client keeps of a session while it goes on: enough to make the `Transcript` when somebody looks.

Exchanges are kept as the fields of `Said`, commands sent together as a `Group`: making the values only when somebody
looks takes a tenth off every command's time, more off a message's, and half of what is kept off the memory.
Everything is redacted before it comes here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from smtpnb.exchange import Exchange, Remark
from smtpnb.frozen import maker
from smtpnb.protocol.command import Command
from smtpnb.protocol.conversation import Conversation
from smtpnb.protocol.limits import TRANSCRIPT_ENDS
from smtpnb.protocol.reader import Answer, RawReply
from smtpnb.protocol.reply import SmtpReply, cut, reply_of
from smtpnb.transcript import Transcript

_exchange: Final = maker(Exchange)


class Said(NamedTuple):
    """An exchange as it is kept: what it takes to make the value when somebody looks.

    Attributes:
        began: when the session began; this and what follows by the clock.
        command: the command, as it may be shown.
        raw: the reply; empty where none came.
        started: when the command was begun.
        sent_at: when its last octet had gone out.
        ended: when the reply was whole.
        secure: whether it went through TLS.
        before: where the session stood.
        after: where it stands now.
        content: the beginning of the content.
        octets: how much of it there was.
        pipelined: whether it went out before the reply to the command before it had come.
    """

    began: float
    command: str | None
    raw: bytes
    started: float
    sent_at: float
    ended: float
    secure: bool
    before: Conversation
    after: Conversation
    content: bytes = b""
    octets: int = 0
    pipelined: bool = False

    @property
    def at(self) -> float:
        """Seconds from the beginning of the session to that of the command."""
        return self.started - self.began

    @property
    def elapsed(self) -> float:
        """Seconds from the first octet of the command to the whole reply."""
        return self.ended - self.started

    @property
    def wait(self) -> float:
        """Seconds from the last octet of the command to the whole reply."""
        return self.ended - self.sent_at

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


class Group(NamedTuple):
    """Commands that went out in one write, and what was answered to them (RFC 2920).

    Attributes:
        commands: what went out; none of them holds a secret.
        granted: the replies, where they came in one piece and grant an envelope, as they nearly always do.
        answers: otherwise each reply, and when it was whole.
        started: when the group went out, by the clock.
        sent_at: when its last octet had gone out.
        ended: when the last reply was whole.
        secure: whether it went through TLS.
        before: where the session stood.
    """

    commands: Sequence[Command]
    granted: bytes
    answers: Sequence[Answer]
    started: float
    sent_at: float
    ended: float
    secure: bool
    before: Conversation

    @property
    def size(self) -> int:
        """How many replies came."""
        return len(self.commands) if self.granted else len(self.answers)

    @property
    def farewell(self) -> bool:
        """Whether the last of them is a 421, which ends the session."""
        return bool(self.answers) and self.answers[-1][0].code == 421

    @property
    def unanswered(self) -> Sequence[Command]:
        """The commands that wait for their reply; none once a 421 ended the session."""
        return () if self.farewell else self.commands[self.size :]

    def masked(self, mask: Callable[[bytes], bytes]) -> "Group":
        """The same with the mask over the replies."""
        if self.granted and mask(self.granted) == self.granted:
            return self
        answers = [(RawReply(reply.code, mask(reply.raw)), ended) for reply, ended in self._answers()]
        return self._replace(granted=b"", answers=answers)

    def _answers(self) -> Sequence[Answer]:
        if not self.granted:
            return self.answers
        lines = self.granted.split(b"\r\n")[:-1]
        return [(RawReply(int(line[:3]), line + b"\r\n"), self.ended) for line in lines]

    def after(self) -> Conversation:
        """Where the session stands after the replies."""
        now = self.before
        for command, (reply, _) in zip(self.commands, self._answers(), strict=False):
            now = now.after(command.shown, reply.code)
        return now

    def replies(self) -> list[SmtpReply]:
        """The replies."""
        return [reply for said in self.said(0.0) if (reply := said.reply())]

    def said(self, began: float) -> Iterator[Said]:
        """Each command that was answered, with its reply.

        Args:
            began: when the session began.
        """
        started, sent_at, secure, now = self.started, self.sent_at, self.secure, self.before
        for number, (command, (reply, ended)) in enumerate(zip(self.commands, self._answers(), strict=False)):
            before, now = now, now.after(command.shown, reply.code)
            times = (started, sent_at, ended)
            yield Said(began, command.shown, reply.raw, *times, secure, before, now, pipelined=number > 0)


#: As it is kept: the fields of `Said` but the first, a group of them, or a remark.
_Kept: TypeAlias = Remark | Group | tuple[Any, ...]


class Recorder:
    """Takes the entries of a session as they come, keeps the first and last of them, and counts the rest.

    Args:
        ends: how many entries to keep at each end.

    Attributes:
        began: when the session began, by the clock.
    """

    __slots__ = ("_ends", "_most", "_parts", "_room", "_waiting", "began")

    def __init__(self, ends: int = TRANSCRIPT_ENDS) -> None:
        self.began = 0.0
        self._ends = ends
        self._most = ends + _BATCH
        self._room = ends  # how many entries the first end can still take
        self._waiting = 0  # how many entries the last end has
        # The first end, the last one, and how many entries are gone for good: put in place in one step, as another
        # thread may look at any time.
        self._parts: tuple[list[_Kept], list[_Kept], int] = ([], [], 0)

    def add(self, entry: _Kept, count: int = 1) -> None:
        """Records an entry, redacted already.

        Args:
            entry: an exchange, as the fields of `Said` but the first; a group; or a remark.
            count: how many entries that makes.
        """
        self._parts[1].append(entry)
        self._waiting += count
        if self._waiting > self._most:
            self._sort_out()

    def _sort_out(self) -> None:
        """Fills the first end, then drops what no end is to keep."""
        first, last, dropped = self._parts
        first, leaving = first[:], 0
        while self._room > 0:
            count = _count(last[leaving])
            first.append(last[leaving])
            leaving += 1
            self._room -= count
            self._waiting -= count
        while leaving < len(last) and self._waiting - (count := _count(last[leaving])) >= self._ends:
            leaving += 1
            self._waiting -= count
            dropped += count
        self._parts = (first, last[leaving:], dropped)

    def _in_hand(self) -> tuple[list[Said | Remark], int]:
        """The entries, a group's among them one by one, and how many are gone for good."""
        first, last, dropped = self._parts
        return [each for kept in (*first, *last) for each in self._singly(kept)], dropped

    def _at_ends(self, entries: list[Said | Remark]) -> list[Said | Remark]:
        return entries if len(entries) <= 2 * self._ends else entries[: self._ends] + entries[-self._ends :]

    def kept(self) -> Iterator[Said | Remark]:
        """The entries that are kept, a group's among them one by one."""
        return iter(self._at_ends(self._in_hand()[0]))

    def transcript(self) -> Transcript:
        """What was recorded so far."""
        entries, dropped = self._in_hand()
        kept = self._at_ends(entries)
        made = tuple([each.exchange() if isinstance(each, Said) else each for each in kept])
        return Transcript(made[: self._ends], dropped + len(entries) - len(kept), made[self._ends :])

    def _singly(self, kept: _Kept) -> Iterable[Said | Remark]:
        if isinstance(kept, Group):
            return kept.said(self.began)
        return (Said(self.began, *kept),) if isinstance(kept, tuple) else (kept,)


#: How many entries more than the last end is to have may wait there: they leave together, which takes less time.
_BATCH: Final = 64


def _count(kept: _Kept) -> int:
    return kept.size if isinstance(kept, Group) else 1
