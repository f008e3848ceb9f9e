"""What the client keeps of a session while it goes on: enough to make the `Transcript` when somebody looks.

Exchanges are kept as the fields of `Said`, commands sent together as a `Group`: making the values only when somebody
looks takes a tenth off every command's time, more off a message's, and half of what is kept off the memory.
Everything is redacted before it comes here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, Final, NamedTuple, TypeAlias

from smtpnb.exchange import Exchange, Remark
from smtpnb.frozen import maker
from smtpnb.protocol.command import END, Command
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.envelope import Envelope
from smtpnb.protocol.limits import TRANSCRIPT_ENDS
from smtpnb.protocol.reader import Answer, RawReply
from smtpnb.protocol.reply import SmtpReply, reply_of
from smtpnb.transcript import Transcript

_exchange: Final = maker(Exchange)

#: Looked up once: up to Python 3.11 a member of an enum costs a function call.
_READY: Final = Stage.READY


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
        return reply_of(code, self.raw, self.elapsed, self.command, self.secure, self.before)

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


@dataclass(slots=True)
class Group:
    """Commands that go out in one write, and what was answered to them (RFC 2920); the content that followed them.

    It is filled while it goes on, and not touched any more once it is recorded.

    Attributes:
        commands: what goes out; none of them holds a secret.
        envelope: whose commands they are, where they are an envelope's.
        secure: whether it goes through TLS.
        before: where the session stood.
        started: when the group went out, by the clock.
        answers: each reply, and when it was whole, where they are not `granted`.
        granted: the replies, where they came in one piece and grant an envelope, as they nearly always do.
        sent_at: when the last octet of the commands had gone out.
        ended: when the last reply to them was whole.
        content: the beginning of the content that followed.
        octets: how much of it there was; 0 where nothing of it went out.
        last: the reply to it.
        content_sent_at: when its last octet had gone out.
        content_ended: when the reply to it was whole.
        stood: where the session stood after the replies to the commands, once somebody asked.
    """

    commands: Sequence[Command]
    envelope: Envelope | None
    secure: bool
    before: Conversation
    started: float
    answers: list[Answer]
    granted: bytes = b""
    sent_at: float = 0.0
    ended: float = 0.0
    content: bytes = b""
    octets: int = 0
    last: RawReply | None = None
    content_sent_at: float = 0.0
    content_ended: float = 0.0
    stood: Conversation | None = None

    def size(self) -> int:
        """How many replies came."""
        return (len(self.commands) if self.granted else len(self.answers)) + (self.last is not None)

    def farewell(self) -> bool:
        """Whether the last of them is a 421, which ends the session."""
        last = self.last or (self.answers[-1][0] if self.answers else None)
        return last is not None and last.code == 421

    def unanswered(self, cut: int | None) -> Sequence[Command]:
        """What went out and waits for its reply; nothing once a 421 ended the session.

        Args:
            cut: how many octets of the commands went out; None where all did.
        """
        if self.farewell() or self.last or (self.granted and not self.octets):
            return ()
        if self.octets:
            return (END,)
        ends = accumulate(len(command.octets) for command in self.commands)
        out = [command for command, end in zip(self.commands, ends, strict=True) if cut is None or end <= cut]
        return out[len(self.answers) :]

    def mask(self, mask: Callable[[bytes], bytes]) -> None:
        """Puts the mask over the replies."""
        if self.last:
            self.last = RawReply(self.last.code, mask(self.last.raw))
        if self.granted and mask(self.granted) != self.granted:
            self.answers, self.granted = self._answers(), b""
        self.answers = [(RawReply(reply.code, mask(reply.raw)), ended) for reply, ended in self.answers]

    def _answers(self) -> list[Answer]:
        if not self.granted:
            return self.answers
        lines = self.granted.split(b"\r\n")[:-1]
        return [(RawReply(int(line[:3]), line + b"\r\n"), self.ended) for line in lines]

    def taking(self) -> Conversation:
        """Where the session stands after the replies to the commands."""
        if self.stood is None:
            self.stood = self._taken()
        return self.stood

    def _taken(self) -> Conversation:
        now, envelope = self.before, self.envelope
        if self.granted and envelope is not None and envelope.ordinary and now.stage is _READY:
            return now.after_envelope(envelope.sender, envelope.recipients)  # `after`, by a shorter way
        for command, (reply, _) in zip(self.commands, self._answers(), strict=False):
            now = now.after(command.shown, reply.code)
        return now

    def after(self) -> Conversation:
        """Where the session stands after the replies."""
        now = self.taking()
        return now if self.last is None else now.after(END.shown, self.last.code)

    def last_reply(self) -> SmtpReply | None:
        """The reply to the content, or None where none was sent."""
        if self.last is None:
            return None
        code, raw = self.last
        return reply_of(code, raw, self.content_ended - self.ended, END.shown, self.secure, self.taking())

    def replies(self) -> list[SmtpReply]:
        """The replies."""
        return [reply for said in self.said(0.0) if (reply := said.reply())]

    def said(self, began: float) -> Iterator[Said]:
        """Each command that was answered, with its reply, and the content.

        Args:
            began: when the session began.
        """
        started, sent_at, secure, now = self.started, self.sent_at, self.secure, self.before
        for number, (command, (reply, ended)) in enumerate(zip(self.commands, self._answers(), strict=False)):
            before, now = now, now.after(command.shown, reply.code)
            times = (started, sent_at, ended)
            yield Said(began, command.shown, reply.raw, *times, secure, before, now, pipelined=number > 0)
        if self.last is not None:
            times = (self.ended, self.content_sent_at, self.content_ended)
            after = now.after(END.shown, self.last.code)
            yield Said(began, END.shown, self.last.raw, *times, secure, now, after, self.content, self.octets)


#: Begins a `Group`, quickly: there is one for each mail.
group_of: Final = maker(Group)

#: As it is kept: the fields of `Said` but the first, a group of them, or a remark.
_Kept: TypeAlias = Remark | Group | tuple[Any, ...]


class Page(NamedTuple):
    """Entries in a row.

    Attributes:
        kept: they, as they are kept.
        size: how many they are, each of a group's counted.
    """

    kept: list[_Kept]
    size: int


class Recorder:
    """Takes the entries of a session as they come, keeps the first and last of them, and counts the rest.

    They are kept page by page, and leave page by page: what is not looked at is not touched, and stays out of the way
    of what is (copying a thousand entries now and then took a tenth off the speed of NOOPs).

    Args:
        ends: how many entries to keep at each end.

    Attributes:
        began: when the session began, by the clock.
    """

    __slots__ = ("_ends", "_page", "_parts", "_size", "began")

    def __init__(self, ends: int = TRANSCRIPT_ENDS) -> None:
        self.began = 0.0
        self._ends = ends
        self._page: list[_Kept] = []  # what is written on
        self._size = 0  # how many entries are on it
        # The pages of the first end, those of the last but for the one above, that one, and how many entries are gone
        # for good: put in place in one step, as another thread may look at any time.
        self._parts: tuple[tuple[Page, ...], tuple[Page, ...], list[_Kept], int] = ((), (), self._page, 0)

    def add(self, entry: _Kept, count: int = 1) -> None:
        """Records an entry, redacted already.

        Args:
            entry: an exchange, as the fields of `Said` but the first; a group; or a remark.
            count: how many entries that makes.
        """
        self._page.append(entry)
        self._size += count
        if self._size >= _FULL:
            self._turn()

    def _turn(self) -> None:
        """Begins a new page, and drops what no end is to keep."""
        first, last, _, dropped = self._parts
        full = Page(self._page, self._size)
        if _entries(first) < self._ends:
            first = (*first, full)
        else:
            last = (*last, full)
            while _entries(last[1:]) >= self._ends:
                dropped += last[0].size
                last = last[1:]
        self._page, self._size = [], 0
        self._parts = (first, last, self._page, dropped)

    def _in_hand(self) -> tuple[list[Said | Remark], int]:
        """The entries, a group's among them one by one, and how many are gone for good."""
        first, last, page, dropped = self._parts
        pages = (*(each.kept for each in first), *(each.kept for each in last), tuple(page))
        return [each for kept in chain.from_iterable(pages) for each in self._singly(kept)], dropped

    def _at_ends(self, entries: list[Said | Remark]) -> list[Said | Remark]:
        return entries if len(entries) <= 2 * self._ends else entries[: self._ends] + entries[-self._ends :]

    def holds(self, started: float) -> bool:
        """Whether what was begun then is recorded already; for what was begun last.

        Args:
            started: when, by the clock.
        """
        first, last, page, _ = self._parts
        recent = [entry for full in (last or first)[-1:] for entry in full.kept] + page
        return any(_begun(entry) == started for entry in recent)

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


#: How many entries make a page.
_FULL: Final = 64


def _entries(pages: Iterable[Page]) -> int:
    return sum(page.size for page in pages)


def _begun(kept: _Kept) -> float | None:
    if isinstance(kept, Group):
        return kept.started
    return None if isinstance(kept, Remark) else Said(0.0, *kept).started
