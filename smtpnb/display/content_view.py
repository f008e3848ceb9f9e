"""Content in three columns: as typed, on the wire, as delivered; line ends as words (RFC 5321 §4.5.2)."""

from collections.abc import Iterator
from typing import Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol.transparency import ContentAnatomy, ContentLine
from smtpnb.text import decoded, plural

_COLUMNS: Final = ("line", "typed", "on the wire", "delivered")
#: Characters of one line.
_CHARACTERS: Final = 200
_STUFFING: Final = Reference(5321, "4.5.2")


def content_view(anatomy: ContentAnatomy) -> kit.Element:
    """The content as a table, a line a row."""
    caption: list[kit.Node] = [kit.strong("Content on its way: "), f"{anatomy.summary}. ", kit.link(_STUFFING)]
    return kit.table(caption, _COLUMNS, _rows(anatomy))


def _rows(anatomy: ContentAnatomy) -> Iterator[kit.Element]:
    shown = excerpt(len(anatomy.lines), options.reply_lines)
    for position in shown.first:
        yield _row(position, anatomy.lines[position])
    if shown.left_out:
        yield kit.wide_row("", kit.muted(f"… {plural(shown.left_out, 'more line')} …"), columns=len(_COLUMNS))
    for position in shown.last:
        yield _row(position, anatomy.lines[position])
    wire = kit.marked([kit.literal("."), _end("CR LF"), " ends the mail data"], differs=True)
    yield kit.row("end", kit.muted("(nothing)"), wire, kit.muted("(nothing)"))


def _row(position: int, line: ContentLine) -> kit.Element:
    typed, delivered = _said(line.typed), _said(line.typed)
    added = [kit.strong(kit.literal(".")), typed, _end("CR LF"), " a dot was added"] if line.stuffed else None
    return kit.row(
        str(position + 1),
        kit.marked([typed, _end(line.end)], differs=line.mended),
        kit.marked(added, differs=True) if added else [typed, _end("CR LF")],
        [delivered, _end("CR LF")],
    )


def _said(octets: bytes) -> kit.Node:
    return kit.said(decoded(octets), _CHARACTERS) if octets else None


def _end(end: str) -> kit.Node:
    return [" ", kit.muted(kit.literal(end))] if end else kit.muted(" (no line end)")
