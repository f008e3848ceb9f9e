"""Dot-stuffing made visible: each line as typed, as it goes over the wire, as it is delivered (RFC 5321 §4.5.2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.protocol.content import Content, pieces, stuffed
from smtpnb.text import decoded, plural, shortened, visible

_LINE: Final = re.compile(rb"[^\r\n]*(\r\n|\r|\n|\Z)")
_ENDS: Final = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF", b"": ""}
#: Octets looked at; a lesson's content is short.
_LOOKED_AT: Final = 64 * 1024
#: Lines and characters in the text form.
_LINES, _SHOWN = 60, 200


class ContentLine(NamedTuple):
    """One line of content in its three forms.

    Attributes:
        typed: its octets as given, without line end.
        end: the line end as given, in words; empty where there was none.
        wire: its octets on the wire, without CR LF.
    """

    typed: bytes
    end: str
    wire: bytes

    @property
    def stuffed(self) -> bool:
        """Whether it got a dot."""
        return self.typed != self.wire

    @property
    def mended(self) -> bool:
        """Whether its line end was not CR LF."""
        return self.end != "CR LF"


@dataclass(frozen=True, slots=True)
class ContentAnatomy(Displayable):
    """Content line by line: typed, on the wire, delivered.

    Attributes:
        lines: the lines.
        more: whether there was more content than is looked at.
    """

    lines: tuple[ContentLine, ...]
    more: bool = False

    @property
    def summary(self) -> str:
        """How many lines, dots and line ends were touched."""
        dots = sum(line.stuffed for line in self.lines)
        ends = sum(line.mended for line in self.lines)
        return (
            f"{plural(len(self.lines), 'line')}, {plural(dots, 'dot')} stuffed, "
            f"{plural(ends, 'line end')} made CR LF" + ("; the rest is not looked at" if self.more else "")
        )

    def to_text(self) -> str:
        """A line each as `typed | on the wire | delivered`, line ends as words; of many the first."""
        rows = [f"Content: {self.summary}", "typed | on the wire | delivered"]
        for line in self.lines[:_LINES]:
            typed, wire = _shown(line.typed), _shown(line.wire)
            rows.append(" | ".join((f"{typed} {line.end}".strip(), f"{wire} CR LF".strip(), f"{typed} CR LF".strip())))
        if len(self.lines) > _LINES:
            rows.append(f"… {plural(len(self.lines) - _LINES, 'more line')} …")
        return "\n".join([*rows, "(nothing) | . CR LF | (nothing)"])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<ContentAnatomy: {self.summary}>"


def _shown(octets: bytes) -> str:
    return visible(shortened(decoded(octets), _SHOWN))


def explain_content(content: Content) -> ContentAnatomy:
    """What becomes of content on its way: a line a row, as typed, on the wire and delivered.

    Args:
        content: what `data_body` takes; the first 64 KiB are looked at.

    Raises:
        TypeError: it is neither text nor octets, nor a file or chunks of them.
    """
    octets = _beginning(content)
    return ContentAnatomy(tuple(_lines(octets[:_LOOKED_AT])), len(octets) > _LOOKED_AT)


def _beginning(content: Content) -> bytes:
    found = b""
    for piece in islice(pieces(content, _LOOKED_AT + 1), _LOOKED_AT + 1):
        found += piece
        if len(found) > _LOOKED_AT:
            break
    return found


def _lines(octets: bytes) -> Iterator[ContentLine]:
    for match in _LINE.finditer(octets):
        if match[0]:
            typed = match[0][: len(match[0]) - len(match[1])]
            yield ContentLine(typed, _ENDS[match[1]], stuffed(typed))
