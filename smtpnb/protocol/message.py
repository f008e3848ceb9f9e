"""What a message needs of a server: its size, and the extensions without which it would be damaged."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from smtpnb.protocol.content import Content, pieces
from smtpnb.protocol.email_message import is_message


class Needs(NamedTuple):
    """What a message needs.

    Attributes:
        eight_bit: whether there are octets above 127 (8BITMIME, RFC 6152); None where it cannot be known.
        international_header: whether there are some in the header section (SMTPUTF8, RFC 6531).
        binary: whether it holds NUL, which only BINARYMIME carries (RFC 3030 §3).
    """

    eight_bit: bool | None = None
    international_header: bool = False
    binary: bool = False


#: What nearly every message needs: no extension at all.
NOTHING: Final = Needs(eight_bit=False)


def needs_of_whole(content: bytes) -> Needs:
    """What `content` needs, all of it."""
    if content.isascii() and 0 not in content:  # b"\0" would first be taken for no number, at ten times the cost
        return NOTHING
    return Needs(not content.isascii(), not _header_part(content).isascii(), 0 in content)


def needs(content: Content, heed: Callable[[], None]) -> tuple[int | None, Needs]:
    """The size of `content`, and what it needs, found by reading it once.

    The size is in octets with CRLF line ends, before transparency (RFC 1870 §3); that of binary content is in its own
    octets, as its line ends are left alone (RFC 3030 §3). Of an iterator that can be read only
    once nothing is known before it is sent.

    Args:
        content: the content.
        heed: called for each piece: it raises once it is too late.
    """
    position = _position(content)
    if (
        position is None
        and not is_message(content)
        and not isinstance(content, str | bytes | bytearray | memoryview | list | tuple)
    ):
        return None, Needs()
    scan = _Scan()
    for piece in pieces(content):
        heed()
        scan.take(piece)
    if position is not None:
        content.seek(position)  # type: ignore[union-attr]  # `_position` found it to be a file that can
    return scan.size, scan.needs()


def _position(content: Any) -> int | None:
    """Where a file that can be read twice stands; None for everything else."""
    seekable = getattr(content, "seekable", None)
    try:
        return content.tell() if callable(seekable) and seekable() else None
    except OSError:  # a text file that `next()` reads
        return None


class _Scan:
    """Looks at each piece once, at the speed of counting."""

    def __init__(self) -> None:
        self._size = self._octets = 0
        self._eight_bit = self._binary = self._international = False
        self._in_header = True
        self._last = b""

    def take(self, piece: bytes) -> None:
        self._octets += len(piece)
        seam = int(self._last == b"\r" and piece[:1] == b"\n")  # one line end, in two pieces
        ends = piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
        self._size += len(piece) + 2 * ends - piece.count(b"\n") - piece.count(b"\r") - seam * 2
        if not piece.isascii():
            self._eight_bit = True
            self._international |= self._in_header and not self._header_part(piece).isascii()
        self._binary |= 0 in piece
        self._in_header = self._in_header and len(self._header_part(piece)) == len(piece)
        self._last = piece[-1:]

    def _header_part(self, piece: bytes) -> bytes:
        split = self._last == b"\r" and piece[:1] == b"\n"  # a CR LF in two pieces is one line end
        return _header_part(piece, fresh=self._last in (b"\n", b"\r", b"") and not split)

    @property
    def size(self) -> int:
        if self._binary:
            return self._octets
        return self._size + (0 if self._last in (b"\n", b"\r", b"") else 2)  # the last line gets its end

    def needs(self) -> Needs:
        return Needs(self._eight_bit, self._international, self._binary)


#: Where a line end follows another, whatever they are: CR LF alone is one.
_EMPTY_LINE: Final = (b"\n\r", b"\n\n", b"\r\r")


def _header_part(piece: bytes, *, fresh: bool = True) -> bytes:
    """What of `piece`, which begins with a line if `fresh`, stands before the empty line."""
    if fresh and piece[:1] in (b"\r", b"\n"):
        return b""
    found = [end for end in map(piece.find, _EMPTY_LINE) if end >= 0]
    return piece[: min(found)] if found else piece
