"""What must not be shown, found and masked in what a server says.

Outgoing secrets are hidden by `command`; this module hides them where a server echoes them: the password, the
tokens made of it, the base64 of both at any of the three alignments, and both in hexadecimal, percent-encoded, or as
JSON, HTML, a quoted string, xtext (RFC 3461) or ISO 8859-1 spell them.
The mask has one length, so it tells none. The text of a line is masked, never the framing. A secret spread over
several lines masks all their text.

A secret of one to three characters is masked only while AUTH is under way: masking every "a" for ever would tell
the secret rather than hide it.
"""

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import accumulate
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

from smtpnb.secret import MASK, Secret

_MASK: Final = MASK.encode()

#: Shorter secrets look like any text.
_TELLING: Final = 4

#: Base64 in both alphabets; a run around a find is masked whole, since its ends hold bits of the secret too.
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"

#: What xtext spells in hexadecimal (RFC 3461 §4).
_NO_XTEXT: Final = re.compile(rb"[^!-*,-<>-~]")

#: An octet as RFC 3986 §2.1 escapes it.
_ESCAPE: Final = re.compile("%[0-9A-F]{2}")


class Redaction:
    """The secrets of one client, and the mask over them: a server may echo in a later session what it heard in one.

    Attributes:
        active: whether there is anything to hide.
    """

    __slots__ = ("_encoded", "_plain", "active")

    def __init__(self) -> None:
        self._plain: dict[bytes, None] = {}  # in the order learnt; a dict, as a set has no order
        self._encoded: dict[bytes, None] = {}
        self.active = False

    def learn(self, *secrets: Secret) -> None:
        """Hides these from now on, in all their forms."""
        for secret in secrets:
            octets = secret.octets()
            if octets:
                self.active = True
                self._plain[octets] = None
                self._plain.update(dict.fromkeys(_spelt_forms(octets)))
                self._encoded.update(dict.fromkeys(_base64_forms(octets)))

    def masked(self, raw: bytes, *, in_auth: bool = False) -> bytes:
        """A whole reply with every known secret masked; the same octets where none is in it."""
        if not self._plain:
            return raw
        lines = raw[:-2].split(b"\r\n")
        texts = [line[4:] for line in lines]
        crossed = self._crossed(texts, in_auth=in_auth) if len(texts) > 1 else ()
        hidden = [_MASK if n in crossed else self._mask(text, in_auth=in_auth) for n, text in enumerate(texts)]
        return b"".join(line[:4] + text + b"\r\n" for line, text in zip(lines, hidden, strict=True))

    def masked_fragment(self, octets: bytes) -> bytes:
        """Octets that are no whole reply, masked; also where they end in the middle of a secret."""
        if b"\n" in octets:
            texts = [line[4:] for line in octets.split(b"\r\n")]
            if self._crossed(texts, in_auth=True):
                return _MASK
        for needle in (*self._plain, *self._encoded):
            for length in range(min(len(needle), len(octets)), _TELLING - 2, -1):
                if octets.endswith(needle[:length]):
                    return self._mask(octets[:-length], in_auth=True) + _MASK
        return self._mask(octets, in_auth=True) if self._plain else octets

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the secrets of a session are not pickled")

    def _mask(self, text: bytes, *, in_auth: bool) -> bytes:
        spans = sorted(self._spans(text, in_auth=in_auth))
        masked, position = [], 0
        for start, end in spans:
            if start >= position:
                masked += [text[position:start], _MASK]
            position = max(position, end)
        return b"".join((*masked, text[position:])) if spans else text

    def _spans(self, text: bytes, *, in_auth: bool) -> Iterator[tuple[int, int]]:
        for needle in self._plain:
            if in_auth or len(needle) >= _TELLING:
                yield from _found(needle, text)
        for needle in self._encoded:
            for start, end in _found(needle, text):
                yield _run_around(text, start, end)

    def _crossed(self, texts: list[bytes], *, in_auth: bool) -> set[int]:
        """The lines over whose borders a secret goes when they are joined."""
        joined = b"".join(texts)
        starts = list(accumulate((len(text) for text in texts), initial=0))
        crossed: set[int] = set()
        for needle in (*self._plain, *self._encoded):
            if in_auth or len(needle) >= _TELLING:
                for start, end in _found(needle, joined):
                    first, last = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
                    if first != last:
                        crossed.update(range(first, last + 1))
        return crossed


def _found(needle: bytes, text: bytes) -> Iterator[tuple[int, int]]:
    start = text.find(needle)
    while start >= 0:
        yield start, start + len(needle)
        start = text.find(needle, start + 1)


def _run_around(text: bytes, start: int, end: int) -> tuple[int, int]:
    """The run of base64 characters around a find, its padding included."""
    before = len(text[:start].rstrip(_BASE64))
    after = len(text) - len(text[end:].lstrip(_BASE64).lstrip(b"="))
    return before, after


def _spelt_forms(secret: bytes) -> Iterator[bytes]:
    """The octets of `secret` in hexadecimal, and as a URL or a form spells them; of short ones none (see above)."""
    if len(secret) >= _TELLING:
        yield secret.hex().encode()
        yield secret.hex().upper().encode()
        for spelt in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
            yield spelt.encode()
            yield _ESCAPE.sub(lambda escape: escape[0].lower(), spelt).encode()
        yield _NO_XTEXT.sub(lambda octet: b"+%02X" % octet[0][0], secret)
        with suppress(UnicodeDecodeError):
            for text in _quoted_forms(secret.decode()):
                yield text.encode("utf-8", "surrogatepass")
                with suppress(UnicodeEncodeError):
                    yield text.encode("latin-1")


def _quoted_forms(text: str) -> Iterator[str]:
    """`text` within quotes: of a header field (RFC 5322 §3.2.4), of JSON, of HTML."""
    import html  # noqa: PLC0415 - not loaded by who has no secret
    import json  # noqa: PLC0415 - as above

    yield text
    yield text.replace("\\", "\\\\").replace('"', '\\"')
    yield json.dumps(text)[1:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)


def _base64_forms(secret: bytes) -> Iterator[bytes]:
    """The base64 characters that `secret` alone determines, at each alignment, in both alphabets."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret)
        inner = text[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6]
        if len(inner) >= _TELLING:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))
