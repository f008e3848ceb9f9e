"""The content of a message on its way through DATA: line ends and transparency (RFC 5321 §2.3.8, §4.5.2).

`Stuffer` turns pieces into octets that hold no bare CR or LF and no line of a lone dot, right across the borders
of pieces, in constant memory; `END_OF_DATA` is written once, by whoever saw the last piece. `pieces` reads
whatever a user calls content. `unstuffed` is the way back.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

from smtpnb.protocol.email_message import flattened, is_message
from smtpnb.protocol.limits import CONTENT_KEPT, PIECE

if TYPE_CHECKING:
    from email.message import Message

#: What may be sent as content.
Content: TypeAlias = "str | bytes | bytearray | memoryview | IO[str] | IO[bytes] | Iterable[str | bytes] | Message"

#: Whether a line that is not the first begins with a dot: in half of the time that looking for two octets takes.
_dotted: Final = re.compile(rb"\n\.").search

#: The end of mail data, after content that ends in CRLF or is empty.
END_OF_DATA: Final = b".\r\n"


class Stuffer:
    """Makes wire octets of content, piece by piece.

    Every CR LF, bare CR and bare LF is one line end and becomes CR LF; a dot that begins a line gets a second.

    Args:
        midline: whether the beginning of a line has gone out before.
    """

    __slots__ = ("_after_cr", "_at_line_start", "stuffed")

    def __init__(self, *, midline: bool = False) -> None:
        self._at_line_start = not midline
        self._after_cr = False  # the last piece ended in CR: its line end is written, an LF now is part of it
        self.stuffed = 0

    def stuff(self, piece: bytes) -> bytes:
        """The octets to send for `piece`."""
        if self._after_cr and piece[:1] == b"\n":
            piece = piece[1:]
            self._after_cr = False
        if not piece:
            return b""
        self._after_cr = piece.endswith(b"\r")
        piece = normalised(piece)
        octets = piece.replace(b"\n.", b"\n..")
        if self._at_line_start and piece[:1] == b".":
            octets = b"." + octets
        self.stuffed += len(octets) - len(piece)
        self._at_line_start = octets.endswith(b"\n")
        return octets

    def end(self) -> bytes:
        """What ends the data: a CRLF where the last line has none, and the lone dot."""
        return END_OF_DATA if self._at_line_start else b"\r\n" + END_OF_DATA


def normalised(piece: bytes) -> bytes:
    """`piece` with every CR LF, bare CR and bare LF as CR LF."""
    lines = piece.replace(b"\r", b"")
    octets = lines.replace(b"\n", b"\r\n")
    if lines is piece or octets == piece:  # no CR, or each of them before an LF: looking for one octet takes a third
        return octets
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def wire_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces with every line end CRLF, the last line's too: content as BDAT carries it (RFC 3030 §2)."""
    after_cr = False
    end = b"\n"
    for piece in pieces:
        fresh = piece[1:] if after_cr and piece[:1] == b"\n" else piece
        after_cr = piece.endswith(b"\r")
        if fresh:
            octets = normalised(fresh)
            end = octets[-1:]
            yield octets
    if end != b"\n":
        yield b"\r\n"


def stuffed(content: bytes) -> bytes:
    """The whole of `content` as it goes through DATA, without the end of mail data."""
    return Stuffer().stuff(content)


def unstuffed(wire: bytes) -> bytes:
    """`wire`, lines as they went through DATA without the end of mail data, with the dots taken off again."""
    plain = wire.replace(b"\r\n.", b"\r\n")
    return plain[1:] if plain[:1] == b"." else plain


def pieces(content: Content, size: int = PIECE, heed: Callable[[], None] | None = None) -> Iterator[bytes]:
    """The octets of `content`, at most about `size` at a time; text becomes UTF-8.

    Args:
        content: what to send.
        size: octets in one piece.
        heed: called for each chunk of an iterable, many of which may make one piece: it raises once it is too late.

    Raises:
        TypeError: `content`, or a chunk of it, is neither text nor octets.
        ValueError: text holds lone surrogates, which no octets stand for.
    """
    if isinstance(content, str):
        return _text_pieces(content, size)
    if isinstance(content, bytes | bytearray | memoryview):
        view = memoryview(content)
        return _octet_pieces((view if view.c_contiguous else memoryview(view.tobytes())).cast("B"), size)
    read = getattr(content, "read", None)
    if callable(read):
        return _file_pieces(read, size)
    if is_message(content):
        return _message_pieces(content, size)
    if isinstance(content, Iterable) and not isinstance(content, dict):
        return _chunk_pieces(content, size, heed)
    raise TypeError(f"content is str, bytes, an open file or an iterable of such chunks, not {type(content).__name__}")


def small(content: Content) -> bytes | None:
    """The octets of text or octets that fit into one piece; None for all other content."""
    if isinstance(content, bytes):
        return content if len(content) <= PIECE else None
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape") if len(content) <= PIECE // 4 else None
    return None


def known_size(content: Content) -> int | None:
    """About how many octets `content` has, where that can be told without reading it."""
    return len(content) if isinstance(content, str | bytes | bytearray | memoryview) else None


def _text_pieces(text: str, size: int) -> Iterator[bytes]:
    if not text.isascii():
        for start in range(0, len(text), size):  # before a byte is sent, and in constant memory
            text[start : start + size].encode("utf-8", "surrogateescape")
    return (text[start : start + size].encode("utf-8", "surrogateescape") for start in range(0, len(text), size))


def _octet_pieces(octets: memoryview, size: int) -> Iterator[bytes]:
    return (bytes(octets[start : start + size]) for start in range(0, len(octets), size))


def _file_pieces(read: Callable[[int], str | bytes], size: int) -> Iterator[bytes]:
    # None, from a raw file that does not block, is no end: content cut there would be delivered as if whole.
    while octets := _octets(read(size)):
        yield octets


def _chunk_pieces(chunks: Iterable[str | bytes], size: int, heed: Callable[[], None] | None) -> Iterator[bytes]:
    """Small chunks joined, large ones cut: neither a write a line nor a copy of everything."""
    waiting = io.BytesIO()
    for chunk in chunks:
        if heed is not None:
            heed()
        waiting.write(_octets(chunk))
        if waiting.tell() >= size:
            yield from _octet_pieces(memoryview(waiting.getvalue()), size)
            waiting = io.BytesIO()
    if waiting.tell():
        yield waiting.getvalue()


def _message_pieces(message: Any, size: int) -> Iterator[bytes]:
    with flattened(message) as file:
        yield from _file_pieces(file.read, size)


def _octets(chunk: object) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    if isinstance(chunk, str):
        return chunk.encode("utf-8", "surrogateescape")
    raise TypeError(f"a chunk of content is str or bytes, not {type(chunk).__name__}")


def transparent(pieces: Iterator[bytes], *, midline: bool = False) -> Iterator[bytes]:
    """The pieces made transparent, the end of the data behind the last: small content is one write.

    Args:
        pieces: the content.
        midline: whether the beginning of a line has gone out before.
    """
    stuffer = Stuffer(midline=midline)
    waiting = b""
    for piece in pieces:
        if waiting:
            yield waiting
        waiting = stuffer.stuff(piece)
    yield waiting + stuffer.end()


def finished(content: bytes) -> bytes:
    """The whole of `content` made transparent, the end of the data behind it: `transparent` for one piece."""
    return measured(content)[0]


def measured(content: bytes) -> tuple[bytes, int]:
    """`finished`, and how many octets it has before transparency and without the end of the data (RFC 1870 §3)."""
    plain = normalised(content)
    if plain and not plain.endswith(b"\n"):
        plain += b"\r\n"
    octets = (plain.replace(b"\n.", b"\n..") if _dotted(plain) else plain) + END_OF_DATA
    return (b"." + octets if plain.startswith(b".") else octets), len(plain)


def verbatim(pieces: Iterator[bytes], *, midline: bool = False) -> Iterator[bytes]:
    """The pieces as they are, the end of the data behind the last.

    Args:
        pieces: the content.
        midline: whether the beginning of a line has gone out before.
    """
    waiting, end = b"", b"?" if midline else b""
    for piece in pieces:
        if waiting:
            yield waiting
        waiting, end = piece, (end + piece[-2:])[-2:]
    yield waiting + (b"" if end in (b"", b"\r\n") else b"\r\n") + END_OF_DATA


class Tally:
    """Content on its way out, piece by piece: counts it, and keeps its beginning for the transcript.

    Of what went out, `len` is how much it is, and a slice within `CONTENT_KEPT` its beginning, as of octets.

    Args:
        pieces: the content.
        head: what goes before it, and is no part of it.
    """

    __slots__ = ("_head", "_kept", "_octets", "_pieces")

    def __init__(self, pieces: Iterator[bytes], head: bytes = b"") -> None:
        self._pieces = pieces
        self._head = head
        self._kept = b""
        self._octets = 0

    def __bool__(self) -> bool:
        return True  # before the first piece, too

    @property
    def before(self) -> int:
        """How many octets go out before the content."""
        return len(self._head)

    def __len__(self) -> int:
        return self._octets

    def __getitem__(self, part: slice) -> bytes:
        return self._kept[part]

    def __iter__(self) -> Iterator[bytes]:
        head = self._head
        for piece in self._pieces:
            self._octets += len(piece)
            if len(self._kept) < CONTENT_KEPT:
                self._kept += piece[: CONTENT_KEPT - len(self._kept)]
            yield head + piece if head else piece
            head = b""
        if head:
            yield head


def part(content: bytes | Tally, cut: int | None) -> tuple[bytes, int]:
    """The beginning of content as the transcript keeps it, and how many octets of it went out.

    Args:
        content: what was to go out.
        cut: after how many octets the call broke off, what went before the content included; None where all went out.
    """
    octets = len(content)
    if cut is not None:
        octets = min(octets, max(0, cut - (content.before if isinstance(content, Tally) else 0)))
    return content[: min(octets, CONTENT_KEPT)], octets
