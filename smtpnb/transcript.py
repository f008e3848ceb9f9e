"""What was said in a session: a frozen `Transcript`.

Everything in it is redacted before it is recorded, so nothing here knows a secret. It is bounded: the first and the
last thousand entries are kept and those between are counted. It never touches a socket, a clock or HTML. Its views and
exports are imported by whoever asks for them, as `protocol.reply`'s are.

The text form is after swaks: `->` sent, `<-` received, `~>` and `<~` inside TLS, `**` unexpected, `===` a remark.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smtpnb import options
from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpProtocolError
from smtpnb.exchange import Entry, Exchange, Remark, text_lines
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import plural, visible

if TYPE_CHECKING:
    from os import PathLike

    from smtpnb.protocol.anatomy import Anatomy, AnatomyLine
    from smtpnb.selection import Filter, Selection
    from smtpnb.session_diff import SessionDiff
    from smtpnb.timing import Timing

__all__ = ["SCHEMA", "Entry", "Exchange", "Remark", "Transcript"]

#: Written into every export; a reader refuses another.
SCHEMA: Final = "smtpnb.transcript/1"


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

    def since(self, count: int) -> "Transcript":
        """The transcript without its first `count` entries."""
        beyond = max(0, count - len(self.first))
        return Transcript(self.first[count:], max(0, self.omitted - beyond), self.last[max(0, beyond - self.omitted) :])

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
            f"{entry.at:9.4f} {line}" if timing else line for entry in self.entries for line in text_lines(entry)
        )

    def __str__(self) -> str:
        return self.to_text()

    # -- views -----------------------------------------------------------------------------------------------

    def show(self, filter: "Filter" = None, *, all: bool = False, timing: bool | None = None) -> "Selection":  # noqa: A002 - the plain words
        """The session as a ladder, or a part of it.

        Args:
            filter: what to show: a verb ("RCPT"), a code ("550", "5xx"), "refused", "tls", "clear", "content",
                "pipelined", "unanswered"; several of these; or a function of an `Exchange`. None shows everything.
            all: cut nothing, however much it is.
            timing: show seconds; `options.show_timing` if None.
        """
        from smtpnb.selection import selection  # noqa: PLC0415 - late

        timing = bool(options.show_timing) if timing is None else timing
        return selection(self.entries, filter, everything=all, timing=timing)

    def ladder(self, filter: "Filter" = None, *, all: bool = False, timing: bool | None = None) -> "Selection":  # noqa: A002 - as above
        """The same as `show`, by the view's name."""
        return self.show(filter, all=all, timing=timing)

    def bytes(self, filter: "Filter" = None) -> "Anatomy":  # noqa: A002 - as above
        """Every command, content and reply, octet by octet, with a legend.

        Args:
            filter: as in `show`.
        """
        from smtpnb.protocol.anatomy import anatomy  # noqa: PLC0415 - late

        chosen = self.show(filter).entries
        exchanges = [entry for entry in chosen if isinstance(entry, Exchange)]
        unkept = sum(exchange.octets - len(exchange.content) for exchange in exchanges)
        count = sum(map(_line_count, exchanges))
        return anatomy("A session, octet by octet", _anatomy(exchanges), count, unkept)

    def diff(self, other: "Transcript", labels: tuple[str, str] = ("this session", "the other")) -> "SessionDiff":
        """The two sessions side by side, with what differs marked.

        Args:
            other: the other session's transcript.
            labels: what to call the two.
        """
        from smtpnb.session_diff import session_diff  # noqa: PLC0415 - late

        return session_diff(self.entries, other.entries, labels)

    def timing(self, *others: "Transcript", labels: Sequence[str] = ()) -> "Timing":
        """The times of each exchange, of other sessions' too, to compare them: pipelined and one by one, say.

        Args:
            others: further sessions.
            labels: what to call the sessions, this one first.
        """
        from smtpnb.timing import Timing, timed  # noqa: PLC0415 - late

        sessions = (self, *others)
        names = [*labels, *(f"session {number}" for number in range(len(labels) + 1, len(sessions) + 1))]
        return Timing(tuple(timed(name, each.exchanges) for name, each in zip(names, sessions, strict=False)))

    # -- export ----------------------------------------------------------------------------------------------

    def to_python(self, host: str = "localhost", port: int = 25) -> str:
        """Python that replays the session, to copy: no secret is in it, and what is missing is said in comments.

        Args:
            host: where to replay it.
            port: the port there.
        """
        from smtpnb.replay_code import replay_code  # noqa: PLC0415 - late

        return replay_code(self.entries, host, port)

    def save(self, path: "str | PathLike[str]") -> None:
        """Writes the transcript to a file; the name's ending says how: .html, .txt, .json, .jsonl or .py.

        Raises:
            ValueError: another ending.
            OSError: the file cannot be written.
        """
        forms = {
            ".html": self.to_html,
            ".txt": lambda: self.to_text() + "\n",
            ".json": lambda: self.to_json(indent=1) + "\n",
            ".jsonl": self.to_jsonl,
            ".py": self.to_python,
        }
        form = forms.get(Path(path).suffix.lower())
        if form is None:
            raise ValueError(f"the file's name ends in {', '.join(forms)}: it says what to write")
        Path(path).write_text(form(), encoding="utf-8", newline="\n")

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


def _line_count(exchange: Exchange) -> int:
    """How many lines an exchange has; a lone dot is the last line of its content."""
    content = exchange.content.count(b"\r\n") + (not exchange.content.endswith(b"\r\n") and bool(exchange.content))
    whole = exchange.command == "." and exchange.octets == len(exchange.content) > 0
    return (exchange.command is not None and not whole) + content + (len(exchange.reply.lines) if exchange.reply else 0)


def _anatomy(exchanges: Iterable[Exchange]) -> "Iterator[AnatomyLine]":
    """The lines of exchanges in the order they went over the wire."""
    from smtpnb.protocol.anatomy import command_line, content_lines, reply_lines  # noqa: PLC0415 - late

    for exchange in exchanges:
        dot = exchange.command == "." and exchange.octets > 0  # it is the last line of the content
        if exchange.command is not None and not dot:
            yield command_line(exchange.command)
        yield from content_lines(exchange.content, counted=exchange.command != ".")
        if dot and exchange.octets > len(exchange.content):
            yield command_line(".")
        if exchange.reply:
            yield from reply_lines(exchange.reply.raw)


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
