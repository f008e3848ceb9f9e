"""The ladder of a session: who said what, in order, encrypted or not, and where the session stood afterwards.

A table, so that it is read row by row by eye, by screen reader and without CSS. Every line kept in the transcript can
be unfolded here, within the limits of `options`; how much was left out is said where it was left out.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import Excerpt, excerpt
from smtpnb.display.reply_card import server_lines
from smtpnb.exchange import GREETINGS, Entry, Exchange, Remark
from smtpnb.protocol.reply import SmtpReply
from smtpnb.selection import Selection
from smtpnb.text import decoded, plural
from smtpnb.timing import milliseconds
from smtpnb.transcript import Transcript

_COLUMNS: Final = ("TLS", "client", "direction", "server", "state afterwards")

#: Lines and characters in the whole ladder: up to these nothing is cut; beyond them, each part shows its share. They
#: keep it under 1 MB of HTML, where a hostile character takes thirteen octets and the markup of a line four hundred.
_LINES: Final = 400
_CHARACTERS: Final = 30_000


class Limits(NamedTuple):
    """How much of each part a ladder shows.

    Attributes:
        lines: lines of one reply, or of one content.
        characters: characters of one line.
        timing: whether there is a column of times.
    """

    lines: int
    characters: int
    timing: bool = False

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(_COLUMNS) + self.timing


#: More than a reply or a content that is kept can have.
_ALL: Final = Limits(10**9, 10**9)


def ladder(transcript: Transcript) -> kit.Element:
    """The transcript as a table: client | arrow | server."""
    return _ladder(transcript.show(), transcript.summary)


def selection_ladder(selection: Selection) -> kit.Element:
    """A part of a transcript, or all of it, as the same table."""
    return _ladder(selection, selection.summary)


def _ladder(selection: Selection, summary: str) -> kit.Element:
    entries = selection.entries
    shown = excerpt(len(entries), len(entries) if selection.everything else options.ladder_rows)
    limits = _ALL if selection.everything else _limits([entries[at] for at in (*shown.first, *shown.last)])
    columns = (*_COLUMNS, "sent at, took") if selection.timing else _COLUMNS
    return kit.table(
        _caption(entries, summary), columns, _rows(entries, shown, limits._replace(timing=selection.timing))
    )


def _caption(entries: Sequence[Entry], summary: str) -> kit.Node:
    encrypted = any(entry.secure for entry in entries)
    return [
        kit.strong("Session: "),
        kit.prose(summary),
        "; shaded rows with 🔒 were encrypted" if encrypted else "",
        ".",
    ]


def _limits(entries: Sequence[Entry]) -> Limits:
    """The options' limits, or less where all parts together would be too much."""
    lines, characters = options.reply_lines, options.line_characters
    if sum(_lines(entry, lines) for entry in entries) > _LINES:
        lines = min(lines, max(2, _LINES // len(entries)))
    if sum(_characters(entry) for entry in entries) > _CHARACTERS:
        shown = sum(_lines(entry, lines) for entry in entries)
        characters = min(characters, max(20, _CHARACTERS // shown))
    return Limits(lines, characters)


def _lines(entry: Entry, most: int) -> int:
    if isinstance(entry, Remark):
        return 1
    replied = min(most, len(entry.reply.lines)) if entry.reply else 0
    return 3 + replied + min(most, entry.content.count(b"\n"))  # command, state and the reply's first line besides


def _characters(entry: Entry) -> int:
    if isinstance(entry, Remark):
        return len(entry.text)
    replied = len(entry.reply.raw) if entry.reply else 0
    return len(entry.command or "") + replied + len(entry.content) + len(entry.state)


def _rows(entries: Sequence[Entry], shown: Excerpt, limits: Limits) -> Iterator[kit.Element]:
    for position in shown.first:
        yield from _entry_rows(entries[position], limits)
    if shown.left_out:
        gap = f"… {plural(shown.left_out, 'more entry', 'more entries')} … "
        everything: list[kit.Node] = [kit.literal("transcript.show(all=True)"), " shows all."]
        yield kit.wide_row("", kit.muted(gap, everything), columns=limits.columns)
    for position in shown.last:
        yield from _entry_rows(entries[position], limits)


def _entry_rows(entry: Entry, limits: Limits) -> Iterator[kit.Element]:
    if isinstance(entry, Remark):
        yield _remark_row(entry, limits)
        return
    if entry.command is not None:
        yield from _sent_rows(entry, entry.command, limits)
    if entry.reply:
        yield _reply_row(entry, entry.reply, limits)


# -- the rows ----------------------------------------------------------------------------------------------------


def _sent_rows(exchange: Exchange, command: str, limits: Limits) -> Iterator[kit.Element]:
    """The command and its content: after BDAT the content follows, after DATA the lone dot ends it."""
    rows = [_command_row(exchange, command, limits)]
    if exchange.octets:
        rows.insert(0 if command == "." else 1, _content_row(exchange, limits))
    yield from rows


def _lock(*, secure: bool) -> kit.Node:
    return "🔒\u00a0TLS" if secure else "○\u00a0clear"  # the sign and its word stay on one line


def _remark_row(remark: Remark, limits: Limits) -> kit.Element:
    sign: list[kit.Node] = [kit.glyph(kit.BAD), " ** "] if remark.unexpected else [kit.glyph(kit.INFO), " "]
    text: list[kit.Node] = [sign, kit.strong(kit.prose(remark.text, limits.characters))]
    return kit.wide_row(_lock(secure=remark.secure), text, columns=limits.columns, tinted=remark.secure)


def _command_row(exchange: Exchange, command: str, limits: Limits) -> kit.Element:
    said = [kit.said(command, limits.characters), kit.muted(" (pipelined)") if exchange.pipelined else None]
    return _sent_row(exchange, said, limits, begins=True)


def _content_row(exchange: Exchange, limits: Limits) -> kit.Element:
    lines = _content_lines(exchange)
    shown = excerpt(len(lines), limits.lines)
    content = [kit.section(kit.said(lines[position], limits.characters)) for position in shown.first]
    if shown.left_out:
        content.append(kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …")))
    content += [kit.section(kit.said(lines[position], limits.characters)) for position in shown.last]
    unkept = exchange.octets - len(exchange.content)
    if unkept:
        content.append(kit.section(kit.muted(f"… {plural(unkept, 'more octet')} of content not kept")))
    return _sent_row(exchange, kit.folded(f"content, {plural(exchange.octets, 'octet')}", content), limits)


def _content_lines(exchange: Exchange) -> list[str]:
    if not exchange.content:
        return []
    lines = decoded(exchange.content).removesuffix("\r\n").split("\r\n")
    return lines[:-1] if exchange.command == "." == lines[-1] else lines  # the dot has a row of its own


def _sent_row(exchange: Exchange, content: kit.Node, limits: Limits, *, begins: bool = False) -> kit.Element:
    cells: tuple[kit.Node, ...] = (_lock(secure=exchange.secure), content, "──▶", "", "")
    times = (f"at {milliseconds(exchange.at)}" if begins else "",) if limits.timing else ()
    return kit.row(*cells, *times, tinted=exchange.secure, to_the_right=1)


def _reply_row(exchange: Exchange, reply: SmtpReply, limits: Limits) -> kit.Element:
    arrow = "◀──"
    unasked = exchange.command is None and reply.code not in GREETINGS
    said = [kit.strong("** ") if unasked else None, _answer(reply, limits)]
    return kit.row(
        _lock(secure=exchange.secure),
        "",
        arrow,
        said,
        kit.prose(exchange.state, limits.characters),
        *((f"took {milliseconds(reply.elapsed)}",) if limits.timing else ()),
        tinted=exchange.secure,
    )


def _answer(reply: SmtpReply, limits: Limits) -> kit.Node:
    """Glyph, code and text; of several lines the first, the others to unfold."""
    tone = kit.TONES[reply.severity]
    first = [kit.glyph(tone), " ", kit.strong(kit.literal(str(reply.code))), *_first_line(reply, limits)]
    if len(reply.lines) == 1:
        return first
    return kit.folded(
        [first, kit.muted(f" … ({len(reply.lines):,} lines)")],
        list(server_lines(reply, limits.lines, limits.characters)),
    )


def _first_line(reply: SmtpReply, limits: Limits) -> tuple[kit.Node, kit.Node]:
    separator = "-" if len(reply.lines) > 1 else " " if reply.raw[3:4] == b" " else ""
    return separator, kit.said(reply.lines[0], limits.characters)
