"""Two sessions side by side: what is the same, what differs, what only one of them said.

The lines are aligned by what was said; whether it went through TLS is compared after that, so a session in the clear
and the same one inside TLS line up. Nothing that differs from run to run (times, say) is compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.exchange import Entry, line_count, text_lines
from smtpnb.text import plural

#: Lines of each side that are compared, and lines in the text form: aligning costs up to their product.
_COMPARED: Final = 1_000
_SHOWN: Final = 200

#: Characters of each line that are compared: hostile lines have thousands, each of which would be spelt out.
_CHARACTERS: Final = 1_000

#: A minus as wide as the other marks.
_LEFT_ONLY: Final = "\N{MINUS SIGN}"

#: Row mark → what it means.
MARKS: Final = {
    "=": "the same on both sides",
    "≠": "differs",
    _LEFT_ONLY: "on the left only",
    "+": "on the right only",
    "🔒": "the same words, encrypted on one side only",
}


#: Speaker → how a line of it begins.
_SPEAKERS: Final = {"C": "C: ", "S": "S: ", "**": "** "}


class DiffLine(NamedTuple):
    """A line of one side.

    Attributes:
        speaker: "C", "S", "**" for what was not expected, or "" for a remark.
        text: what was said, nothing hidden in it.
        secure: whether it went through TLS.
    """

    speaker: str
    text: str
    secure: bool

    @property
    def shown(self) -> str:
        """`🔒 S: 250 OK`: the line with its sign."""
        return f"{'🔒' if self.secure else '○'} {_SPEAKERS.get(self.speaker, '=== ')}{self.text}"


class DiffRow(NamedTuple):
    """A row of the comparison.

    Attributes:
        mark: a key of `MARKS`.
        left: the left side's line, or None.
        right: the right side's line, or None.
    """

    mark: str
    left: DiffLine | None
    right: DiffLine | None


@dataclass(frozen=True)
class SessionDiff(Displayable):
    """Two sessions compared.

    Attributes:
        rows: the rows, in order.
        labels: what to call the two.
        uncompared: lines of each side beyond those that are compared.
    """

    rows: tuple[DiffRow, ...]
    labels: tuple[str, str] = ("left", "right")
    uncompared: tuple[int, int] = (0, 0)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not any(self.uncompared) and all(row.mark == "=" for row in self.rows)

    @property
    def summary(self) -> str:
        """How many rows are the same, and how many differ."""
        differing = sum(row.mark != "=" for row in self.rows)
        rest = (
            f"; not compared: {self.uncompared[0]:,} and {self.uncompared[1]:,} more lines"
            if any(self.uncompared)
            else ""
        )
        return f"{plural(len(self.rows) - differing, 'row')} the same, {differing:,} different{rest}"

    def to_text(self) -> str:
        """A row each as `mark left | right`; of many the first."""
        lines = [f"{self.labels[0]} | {self.labels[1]}: {self.summary}"]
        for row in self.rows[:_SHOWN]:
            left, right = (line.shown if line else "(nothing)" for line in (row.left, row.right))
            lines.append(f"{row.mark} {left} | {right}")
        more = len(self.rows) - _SHOWN
        return "\n".join([*lines, *([f"… {plural(more, 'more row')} …"] if more > 0 else ())])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<SessionDiff: {self.summary}>"


def session_diff(left: Sequence[Entry], right: Sequence[Entry], labels: tuple[str, str]) -> SessionDiff:
    """The entries of two sessions, compared line by line."""
    compared = [list(islice(_lines(side), _COMPARED)) for side in (left, right)]
    beyond = [sum(map(line_count, side)) - len(lines) for side, lines in zip((left, right), compared, strict=True)]
    return SessionDiff(tuple(_rows(*compared)), labels, (beyond[0], beyond[1]))


def _lines(entries: Sequence[Entry]) -> Iterator[DiffLine]:
    speakers = {"->": "C", "~>": "C", "<-": "S", "<~": "S", "**": "**", "===": ""}
    for entry in entries:
        for line in text_lines(entry, _CHARACTERS):
            mark, _, text = line.partition(" ")
            yield DiffLine(speakers[mark], text, entry.secure)


def _rows(left: list[DiffLine], right: list[DiffLine]) -> Iterator[DiffRow]:
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for who compares

    # The default heuristic for lines that occur often keeps the cost far from the worst case.
    matcher = SequenceMatcher(None, [line[:2] for line in left], [line[:2] for line in right])
    for tag, begin, end, other_begin, other_end in matcher.get_opcodes():
        pairs = zip_longest(left[begin:end], right[other_begin:other_end])
        yield from (DiffRow(_mark(one, other, same=tag == "equal"), one, other) for one, other in pairs)


def _mark(left: DiffLine | None, right: DiffLine | None, *, same: bool) -> str:
    if left is None or right is None:
        return "+" if left is None else _LEFT_ONLY
    if not same:
        return "≠"
    return "=" if left.secure == right.secure else "🔒"
