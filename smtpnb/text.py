"""Untrusted text made visible: what a server says, with nothing hidden in it and nothing active.

Control characters, bidi controls and zero-width characters are spelt out as `⟨U+202E⟩`, so that a terminal
does not obey them and a reader is not fooled by them (CVE-2021-42574). Octets that are not UTF-8 come through
`decoded` as surrogate escapes and are shown as `⟨0xFF⟩`. The module never cuts lines and never makes HTML.
"""

import re
from typing import Final

#: Names that readers know better than code points.
_NAMED: Final = {0x00: "NUL", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL"}

# C0 and C1 controls; soft hyphen; bidi, zero-width, joiner and invisible-operator characters; line and paragraph
# separators; variation selectors, fillers, tags; byte-order mark; surrogates (undecodable octets among them) and
# non-characters. Unicode's categories Cc, Cf, Cs, Zl, Zp and its Default_Ignorable_Code_Point property.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def decoded(octets: bytes) -> str:
    """The text of `octets`: UTF-8 (RFC 6531 §3.7.4), undecodable octets kept as surrogate escapes."""
    return octets.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The octets of `text`: the inverse of `decoded`.

    Raises:
        ValueError: a lone surrogate, which no octets stand for; the error does not hold the text.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        point = ord(text[error.start])
    raise ValueError(f"a lone surrogate, U+{point:04X}, in the text: no octets stand for it")


def _spelt(match: re.Match[str]) -> str:
    point = ord(match[0])
    if 0xDC80 <= point <= 0xDCFF:  # a surrogate escape: the octet that could not be decoded
        return f"⟨0x{point - 0xDC00:02X}⟩"
    return f"⟨{_NAMED[point]}⟩" if point in _NAMED else f"⟨U+{point:04X}⟩"


def visible(text: str) -> str:
    """`text` with every hidden or active character spelt out; safe for a terminal, one line stays one line.

    Args:
        text: anything, a server's words above all.

    Returns:
        The same text, where U+202E reads `⟨U+202E⟩`, a CR `⟨CR⟩`, and an undecodable octet `⟨0xFF⟩`.
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_spelt, text)


def shortened(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, with the number of those left out said at the cut."""
    if len(text) <= limit:
        return text
    head, tail = limit - limit // 4, limit // 4
    return f"{text[:head]} … {len(text) - head - tail:,} more characters … {text[-tail:] if tail else ''}"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 line`, `2 lines`, `12,345 lines`: a count with its noun."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
