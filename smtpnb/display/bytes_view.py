"""Lines octet by octet: numbered segments over their octets, and a legend that says what each number is."""

from collections.abc import Iterator, Sequence
from typing import Final

from smtpnb import options
from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.protocol.anatomy import LABELS, Anatomy, AnatomyLine, Segment
from smtpnb.text import plural

#: Segments in one view and in one line: beyond them they are counted. They keep it under 1 MB of HTML.
_SEGMENTS: Final = 600
_IN_A_LINE: Final = 40
#: Characters of one segment.
_CHARACTERS: Final = 60
_WORDS: Final = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF", b" ": "␣"}


def bytes_view(anatomy: Anatomy) -> kit.Element:
    """Lines taken apart, as a card."""
    shown = excerpt(len(anatomy.lines), min(options.reply_lines, _room(anatomy.lines)))
    numbers = anatomy.numbers
    return kit.card(
        kit.INFO,
        kit.heading(kit.title(f"{anatomy.title}:"), " ", anatomy.size, "."),
        [_line(anatomy.lines[position], numbers) for position in shown.first],
        kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …")) if shown.left_out else None,
        [_line(anatomy.lines[position], numbers) for position in shown.last],
        kit.section(kit.muted(f"… {plural(anatomy.unkept, 'more octet')} of content not kept"))
        if anatomy.unkept
        else None,
        kit.facts(_legend(numbers)),
        wide=True,
    )


def _room(lines: Sequence[AnatomyLine]) -> int:
    """How many lines may be shown, so that all together have no more segments than a view may."""
    longest = max((min(len(line.segments), _IN_A_LINE) for line in lines), default=1)
    return max(2, _SEGMENTS // max(1, longest))


def _line(line: AnatomyLine, numbers: dict[str, int]) -> kit.Element:
    shown = excerpt(len(line.segments), _IN_A_LINE)
    return kit.speech(
        line.speaker,
        None,
        [_segment(line.segments[position], numbers) for position in shown.first],
        kit.muted(f" … {plural(shown.left_out, 'more segment')} … ") if shown.left_out else None,
        [_segment(line.segments[position], numbers) for position in shown.last],
    )


def _segment(segment: Segment, numbers: dict[str, int]) -> kit.Element:
    return kit.segment(_text(segment), segment.hex, numbers[segment.label])


def _text(segment: Segment) -> kit.Node:
    words = _WORDS.get(segment.octets)
    return kit.literal(words) if words else kit.said(segment.text, _CHARACTERS)


def _legend(numbers: dict[str, int]) -> Iterator[tuple[kit.Node, kit.Node]]:
    for label, number in numbers.items():
        yield [kit.chip(number), " ", f"{label}:"], f"{LABELS[label]}."
