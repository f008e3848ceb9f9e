"""Two sessions in two columns, with a mark and a tint at each row that differs."""

from collections.abc import Iterator
from typing import Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.session_diff import MARKS, DiffLine, DiffRow, SessionDiff
from smtpnb.text import plural

#: Characters of one line.
_CHARACTERS: Final = 300


def diff_view(diff: SessionDiff) -> kit.Element:
    """The comparison as a table."""
    left, right = (kit.prose(label, 100) for label in diff.labels)
    return kit.table(_caption(diff), ("", left, right), _rows(diff))


def _caption(diff: SessionDiff) -> kit.Node:
    used = [mark for mark in MARKS if any(row.mark == mark for row in diff.rows)]
    legend = "; ".join(f"{mark} {MARKS[mark]}" for mark in used)
    return [kit.strong("Two sessions: "), diff.summary, ". ", kit.muted(f"Marks: {legend}.") if used else None]


def _rows(diff: SessionDiff) -> Iterator[kit.Element]:
    shown = excerpt(len(diff.rows), options.ladder_rows)
    for position in shown.first:
        yield _row(diff.rows[position])
    if shown.left_out:
        yield kit.wide_row("", kit.muted(f"… {plural(shown.left_out, 'more row')} …"), columns=3)
    for position in shown.last:
        yield _row(diff.rows[position])


def _row(row: DiffRow) -> kit.Element:
    differs = row.mark != "="
    cells = (kit.marked(_cell(line), differs=differs) for line in (row.left, row.right))
    return kit.row(kit.strong(row.mark) if differs else kit.muted(row.mark), *cells)


def _cell(line: DiffLine | None) -> kit.Node:
    return kit.said(line.shown, _CHARACTERS) if line else kit.muted("(nothing)")
