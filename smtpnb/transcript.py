"""What was said in a session: a frozen `Transcript`, and the `Recorder` that the client keeps it with.

Everything in it is redacted before it is recorded, so nothing here knows a secret. It is bounded: the first and the
last thousand entries are kept and those between are counted. It never touches a socket, a clock or HTML.

The text form is after swaks: `->` sent, `<-` received, `~>` and `<~` inside TLS, `**` unexpected, `===` a remark.
"""

import base64
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpProtocolError
from smtpnb.protocol.conversation import Conversation
from smtpnb.protocol.limits import TRANSCRIPT_ENDS
from smtpnb.protocol.reply import SmtpReply, cut
from smtpnb.text import decoded, plural, visible

#: Written into every export; a reader refuses another.
SCHEMA: Final = "smtpnb.transcript/1"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and its reply.

    Attributes:
        at: seconds from the first entry to the sending of the command.
        command: the command, redacted; None for a greeting and for a reply nobody asked for.
        reply: the reply; None where none came or none was read.
        secure: whether it went through TLS.
        state: the state afterwards.
        content: the first octets of the content sent (after DATA, or with BDAT), as they went over the wire.
        octets: how many octets of content went over the wire.
        wait: seconds from the command's last octet to the whole reply.
        pipelined: whether it was sent before the reply to the command before it had come.
    """

    at: float = field(compare=False)
    command: str | None
    reply: SmtpReply | None
    secure: bool
    state: str
    content: bytes = b""
    octets: int = 0
    wait: float = field(default=0.0, compare=False)
    pipelined: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happened and was not said: a handshake, a time-out, the end.

    Attributes:
        at: seconds since the first entry.
        text: what happened.
        secure: whether TLS was on.
        unexpected: whether it is a fault.
    """

    at: float = field(compare=False)
    text: str
    secure: bool = False
    unexpected: bool = False


Entry: TypeAlias = Exchange | Remark


@dataclass(frozen=True)
class Transcript(Displayable):
    """What was said in a session, in order, with nothing secret in it.

    Iterating gives the entries that were kept; where some were not, a remark says how many.

    Attributes:
        first: the first entries.
        omitted: how many entries came between and were not kept.
        last: the last entries.
    """

    first: tuple[Entry, ...] = ()
    omitted: int = 0
    last: tuple[Entry, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries kept, with a remark in the place of those that were not."""
        if not self.omitted:
            return self.first + self.last
        gap = Remark(self.last[0].at if self.last else 0.0, f"{plural(self.omitted, 'entry', 'entries')} not kept")
        return (*self.first, gap, *self.last)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The commands and replies, without the remarks."""
        return tuple(entry for entry in self.entries if isinstance(entry, Exchange))

    @property
    def replies(self) -> tuple[SmtpReply, ...]:
        """The replies, the greeting first."""
        return tuple(exchange.reply for exchange in self.exchanges if exchange.reply)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        """How many entries there were, kept or not."""
        return len(self.first) + self.omitted + len(self.last)

    def __getitem__(self, index: int) -> Entry:
        return self.entries[index]

    @property
    def summary(self) -> str:
        """`4 commands, 5 replies, TLS from command 3 on`: the session in a line."""
        exchanges = self.exchanges
        commands = sum(exchange.command is not None for exchange in exchanges)
        replies = sum(exchange.reply is not None for exchange in exchanges)
        counts = f"{plural(commands, 'command')}, {plural(replies, 'reply', 'replies')}"
        encrypted = sum(exchange.secure for exchange in exchanges)
        if encrypted:
            counts += f", {encrypted:,} of {plural(len(exchanges), 'exchange')} inside TLS"
        return counts + (f"; {plural(self.omitted, 'entry', 'entries')} not kept" if self.omitted else "")

    def __repr__(self) -> str:
        return f"<Transcript: {self.summary}>"

    # -- text ------------------------------------------------------------------------------------------------

    def to_text(self, *, timing: bool = False) -> str:
        """The transcript as text, after swaks' notation.

        Args:
            timing: put the seconds since the first entry before each line.
        """
        return "\n".join(
            f"{entry.at:9.4f} {line}" if timing else line for entry in self.entries for line in _text_lines(entry)
        )

    def __str__(self) -> str:
        return self.to_text()

    # -- JSON ------------------------------------------------------------------------------------------------

    def to_json(self, *, indent: int | None = None) -> str:
        """The transcript as one JSON object; `Transcript.from_json` reads it back."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "omitted": self.omitted,
                "omitted_after": len(self.first),
                "entries": self._records(),
            },
            indent=indent,
        )

    def to_jsonl(self) -> str:
        """The transcript as JSON lines: a head, then an entry a line; `Transcript.from_jsonl` reads it back."""
        head = {"schema": SCHEMA, "omitted": self.omitted, "omitted_after": len(self.first)}
        return "".join(json.dumps(record) + "\n" for record in [head, *self._records()])

    @classmethod
    def from_json(cls, text: str) -> "Transcript":
        """The transcript that `to_json` wrote.

        Raises:
            ValueError: the text is no such export.
        """
        data = _object(text)
        return cls._from(data, data.get("entries"))

    @classmethod
    def from_jsonl(cls, text: str) -> "Transcript":
        """The transcript that `to_jsonl` wrote.

        Raises:
            ValueError: the text is no such export.
        """
        head, *records = [_object(line) for line in text.split("\n") if line.strip()] or [{}]
        return cls._from(head, records)

    def _records(self) -> list[dict[str, Any]]:
        return [_record(entry) for entry in self.first + self.last]

    @classmethod
    def _from(cls, head: dict[str, Any], records: Any) -> "Transcript":
        if head.get("schema") != SCHEMA or not isinstance(records, list):
            raise ValueError(f"this is no transcript export of smtpnb: its schema is not {SCHEMA!r}")
        try:
            entries = tuple(_entry(record) for record in records)
            cut_at = int(head["omitted_after"])
            return cls(entries[:cut_at], int(head["omitted"]), entries[cut_at:])
        except (KeyError, TypeError, AttributeError, ValueError, SmtpProtocolError) as error:
            raise ValueError(f"this transcript export is damaged: {type(error).__name__} {error}") from None


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


class Recorder:
    """Takes the entries of a session as they come, keeps the first and last of them, and counts the rest.

    Args:
        ends: how many entries to keep at each end.
    """

    __slots__ = ("_ends", "_first", "_last", "_omitted")

    # Exchanges are kept as the fields of `Said`: making the values only when somebody looks takes a tenth off every
    # command's time, and half of what is kept off the memory.
    def __init__(self, ends: int = TRANSCRIPT_ENDS) -> None:
        self._ends = ends
        self._first: list[Entry | tuple[Any, ...]] = []
        self._last: deque[Entry | tuple[Any, ...]] = deque(maxlen=ends)
        self._omitted = 0

    def said(self, *fields: Any) -> None:
        """Records an exchange, redacted already: the fields of `Said`, in order."""
        if len(self._last) == self._ends:  # the common case of a long session
            self._omitted += 1
            self._last.append(fields)
        else:
            self.add(fields)

    def add(self, entry: Entry | tuple[Any, ...]) -> None:
        """Records an entry, redacted already."""
        if len(self._first) < self._ends:
            self._first.append(entry)
        else:
            self._omitted += len(self._last) == self._ends
            self._last.append(entry)

    def transcript(self) -> Transcript:
        """What was recorded so far."""
        return Transcript(tuple(map(_made, self._first)), self._omitted, tuple(map(_made, self._last)))


def _made(entry: Entry | tuple[Any, ...]) -> Entry:
    if not isinstance(entry, tuple):
        return entry
    said = Said(*entry)
    reply = None
    if said.raw:
        code = int(said.raw[:3])  # the reader found three digits there
        reply = SmtpReply(code, cut(said.raw), said.raw, said.elapsed, said.command, said.secure, said.before)
    return Exchange(
        said.at,
        said.command,
        reply,
        said.secure,
        said.after.stage.value,
        said.content,
        said.octets,
        said.wait,
        said.pipelined,
    )


# -- an entry as text ------------------------------------------------------------------------------------------


def _text_lines(entry: Entry) -> Iterator[str]:
    if isinstance(entry, Remark):
        yield f"{'**' if entry.unexpected else '==='} {visible(entry.text)}"
        return
    sent, received = ("~>", "<~") if entry.secure else ("->", "<-")
    if entry.command == "." and entry.octets:
        yield from _content_lines(entry, sent)  # its last line is the dot
    elif entry.command is not None:
        yield f"{sent} {visible(entry.command)}".rstrip()
        yield from _content_lines(entry, sent)
    if entry.reply is not None:
        mark = received if entry.command is not None or entry.reply.code in _GREETINGS else "**"
        yield from (f"{mark} {entry.reply.code}{separator}{visible(text)}".rstrip()
                    for separator, text in entry.reply.wire_lines())  # fmt: skip


#: Codes of a greeting (RFC 5321 §4.3.1): the only reply that no command asks for.
_GREETINGS: Final = (220, 421, 554)


def _content_lines(entry: Exchange, sent: str) -> Iterator[str]:
    if entry.content:
        yield from (
            f"{sent} {visible(line)}".rstrip() for line in decoded(entry.content).removesuffix("\r\n").split("\r\n")
        )
    if entry.octets > len(entry.content):
        yield f"=== {plural(entry.octets - len(entry.content), 'more octet')} of content not kept"


# -- an entry as JSON ------------------------------------------------------------------------------------------


def _record(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Remark):
        return {"at": entry.at, "remark": entry.text, "secure": entry.secure, "unexpected": entry.unexpected}
    record: dict[str, Any] = {
        "at": entry.at,
        "command": entry.command,
        "reply": None,
        "secure": entry.secure,
        "state": entry.state,
        "wait": entry.wait,
    }
    if entry.reply:
        record["reply"] = {
            "code": entry.reply.code,
            "lines": [visible(line) for line in entry.reply.lines],
            "raw": _base64(entry.reply.raw),
            "elapsed": entry.reply.elapsed,
        }
    if entry.octets:
        record |= {"content": _base64(entry.content), "octets": entry.octets}
    if entry.pipelined:
        record["pipelined"] = True
    return record


def _entry(record: dict[str, Any]) -> Entry:
    if "remark" in record:
        return Remark(float(record["at"]), str(record["remark"]), bool(record["secure"]), bool(record["unexpected"]))
    command, secure = record["command"], bool(record["secure"])
    return Exchange(
        float(record["at"]),
        command,
        _reply(record["reply"], command, secure=secure) if record["reply"] else None,
        secure,
        str(record["state"]),
        _octets(record.get("content", "")),
        int(record.get("octets", 0)),
        float(record["wait"]),
        bool(record.get("pipelined", False)),
    )


def _reply(record: dict[str, Any], command: str | None, *, secure: bool) -> SmtpReply:
    parsed = SmtpReply.parse(_octets(record["raw"]))
    return replace(parsed, command=command, secure=secure, elapsed=float(record["elapsed"]))


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except RecursionError:  # thousands of brackets
        raise ValueError("this is no transcript export of smtpnb: it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("this is no transcript export of smtpnb: it is no JSON object")  # noqa: TRY004 - wrong text
    return data
