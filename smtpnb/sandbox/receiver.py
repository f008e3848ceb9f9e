"""Octets in, whole things out: a line, the content behind DATA, a chunk behind BDAT.

Each receiver has one method, `take(data, at)`: it reads `data` from index `at`, and returns what is complete, or
None, and where it stopped. Chunks of any size give the same result; the cost is linear, the memory bounded. What
is over the limit is still read, to keep the dialogue in step, but not kept.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)

#: Octets in one command line, CRLF included. RFC 5321 §4.5.3.1.4 asks for 512; MAIL and RCPT grow by the parameters
#: of SIZE, SMTPUTF8, AUTH and DSN (RFC 4954 §3 (7): 500, RFC 3461 §4: 600 and more), so eight times as much.
MAX_COMMAND: Final = 4096

#: Octets in one line of a SASL exchange, CRLF included (RFC 4954 §4: 12,288 octets of base64).
MAX_RESPONSE: Final = 12_288 + 2


class Receiver(Protocol[T_co]):
    """Takes octets until something is whole."""

    def take(self, data: bytes, at: int) -> tuple[T_co | None, int]:
        """What is whole now, or None where all of `data` was taken; and the index of the first octet not taken."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it came.

    Attributes:
        octets: the line without its end; cut off where it was too long.
        fault: what is wrong with its framing, as an explanation; empty where nothing is.
    """

    octets: bytes
    fault: str = ""


@dataclass(slots=True)
class LineReceiver:
    """Takes one line, CRLF at its end.

    A bare LF is *not* a line end (RFC 5321 §2.3.8), but waiting for a CR that never comes would leave a learner in
    front of a silent server: such a line is returned with its fault, to be refused.
    """

    limit: int = MAX_COMMAND
    _kept: bytearray = field(default_factory=bytearray)
    _length: int = 0

    def take(self, data: bytes, at: int) -> tuple[Line | None, int]:
        """The line, once its end is there."""
        end = data.find(b"\n", at)
        stop = len(data) if end < 0 else end + 1
        self._length += stop - at
        self._kept += data[at : min(stop, at + self.limit + 1 - len(self._kept))]
        return (self._line() if end >= 0 else None), stop

    def _line(self) -> Line:
        octets, length = bytes(self._kept), self._length
        self._kept.clear()
        self._length = 0
        if length > self.limit:
            return Line(octets[: self.limit], f"Line too long: at most {self.limit} octets")
        if not octets.endswith(b"\r\n"):
            return Line(octets[:-1], "A line ends with CR LF; this one ended with LF alone")
        return Line(octets[:-2])


@dataclass(frozen=True)
class EndOfData:
    """How the end of mail data, and a stuffed dot, are recognised.

    Attributes:
        whole: the end of mail data.
        begun: what may become one, at the end of the octets so far.
        stuffed: a line end and the dot that transparency put behind it.
    """

    whole: re.Pattern[bytes]
    begun: re.Pattern[bytes]
    stuffed: re.Pattern[bytes]


#: RFC 5321 §4.1.1.4: CR LF "." CR LF, and nothing else.
STRICT: Final = EndOfData(
    whole=re.compile(rb"(\r\n)\.\r\n"),
    begun=re.compile(rb"\r(?:\n(?:\.\r?)?)?\Z"),
    stuffed=re.compile(rb"(\r\n)\."),
)

#: What servers open to smuggling take (CVE-2023-51764, -51765, -51766): LF.LF, LF.CRLF, CRLF.LF, CR.CRLF, CR.LF too.
LAX: Final = EndOfData(
    whole=re.compile(rb"(\r\n|\n|\r)\.\r?\n"),
    begun=re.compile(rb"(?:\r\n?|\n)(?:\.\r?)?\Z"),
    stuffed=re.compile(rb"(\r\n|\n|\r)\."),
)

#: The longest that `begun` matches.
_BEGUN: Final = 4


@dataclass(frozen=True, slots=True)
class Content:
    """A message's content as it was received.

    Attributes:
        raw: the content, transparency undone (RFC 5321 §4.5.2); empty where it was too large.
        wire: what came over the wire, stuffed dots and the end of mail data included; empty where too large.
        size: octets of the content, counted also where it was too large.
    """

    raw: bytes
    wire: bytes
    size: int


class DataReceiver:
    """Takes the content behind DATA up to and with the end of mail data, and takes off the stuffed dots.

    Args:
        limit: octets of content to keep; beyond, all is thrown away and only counted.
        end: what counts as the end of mail data.
    """

    def __init__(self, limit: int, end: EndOfData = STRICT) -> None:
        self._limit, self._end = limit, end
        # The CRLF of the DATA command: a first line "." ends an empty message (RFC 5321 §4.1.1.4).
        self._held = b"\r\n"
        self._raw, self._wire = bytearray(), bytearray()
        self._size = -len(self._held)

    def take(self, data: bytes, at: int) -> tuple[Content | None, int]:
        """The content, once the end of mail data is there."""
        held = len(self._held)
        window = self._held + data[at:] if at else self._held + data
        match = self._end.whole.search(window)
        if match is None:
            begun = self._end.begun.search(window, max(0, len(window) - _BEGUN))
            cut = begun.start() if begun else len(window)
            self._keep(window[:cut])
            self._held = window[cut:]
            return None, len(data)
        self._keep(window[: match.end(1)], window[match.end(1) : match.end()])
        return self._content(), at + match.end() - held

    def _keep(self, piece: bytes, dot: bytes = b"") -> None:
        raw = self._end.stuffed.sub(rb"\1", piece)
        self._size += len(raw)
        if self._size > self._limit:
            self._raw.clear()
            self._wire.clear()
            return
        self._raw += raw
        self._wire += piece + dot

    def _content(self) -> Content:
        # Both begin with the CRLF that belongs to the command, unless they were thrown away.
        return Content(bytes(self._raw[2:]), bytes(self._wire[2:]), self._size)


@dataclass(slots=True)
class ChunkReceiver:
    """Takes exactly `size` octets, whatever they are (RFC 3030 §2).

    Attributes:
        size: octets to take.
        keep: whether to keep them; those of a refused BDAT are read and thrown away.
    """

    size: int
    keep: bool = True
    _kept: bytearray = field(default_factory=bytearray)

    def take(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        """The chunk, once it is whole."""
        stop = min(len(data), at + self.size)
        self.size -= stop - at
        if self.keep:
            self._kept += data[at:stop]
        return (bytes(self._kept) if self.size == 0 else None), stop
