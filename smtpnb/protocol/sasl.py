"""The two SASL mechanisms that smtpnb speaks, PLAIN (RFC 4616) and LOGIN, as values; nothing is sent here."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from smtpnb.protocol.limits import MAX_CHALLENGE
from smtpnb.secret import Secret

# RFC 4422 §3.1: 1 to 20 of these. Lower case is let through (servers fold it), other characters are not.
_MECHANISM: Final = re.compile(r"[A-Za-z0-9_-]{1,20}")


#: Characters of the shortest base64.
_SHORTEST: Final = 4

#: The token of XOAUTH2 and OAUTHBEARER (RFC 7628 §3.1).
_BEARER: Final = re.compile(rb"auth=Bearer ([^\x01]+)", re.IGNORECASE)


def mechanism_name(name: object) -> str:
    """`name` in capitals.

    Raises:
        ValueError: it is no SASL mechanism name.
        TypeError: it is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"a mechanism is str such as 'PLAIN', not {type(name).__name__}")
    if not _MECHANISM.fullmatch(name):
        raise ValueError(f"{name!r} is no SASL mechanism: 1 to 20 letters, digits, - and _ (RFC 4422 §3.1)")
    return name.upper()


def identity(text: object, name: str) -> str:
    """A login or authorization identity, checked: NUL separates the fields of PLAIN, CR and LF end a line.

    Raises:
        ValueError: NUL, CR or LF in it.
        TypeError: it is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"{name} is str, not {type(text).__name__}")
    if any(character in text for character in "\0\r\n"):
        raise ValueError(f"NUL, CR or LF in the {name}: RFC 4616 §2 forbids NUL, and no server expects the others")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"a lone surrogate in the {name}: UTF-8 has no octets for it (RFC 4616 §2)")
    return text


def challenge(text: str) -> bytes | None:
    """The decoded text of a 334 reply, or None where it is no base64 or longer than `MAX_CHALLENGE`."""
    try:
        octets = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if len(octets) <= MAX_CHALLENGE else None


def is_empty(token: Secret) -> bool:
    """Whether an initial response is "=", the empty one (RFC 4954 §4), and so no secret."""
    return token.octets() in (b"=", b"")


def secrets_in(token: Secret) -> tuple[Secret, ...]:
    """The secrets inside what was typed by hand: each word, what it decodes to, and the password or token in that."""
    words = [word for word in token.octets().split() if len(word) >= _SHORTEST]
    return tuple(Secret(secret) for word in words for secret in _secrets_of(word))


def _secrets_of(word: bytes) -> Iterator[bytes]:
    yield word
    bare = word.rstrip(b"=")  # typed by hand, the padding may be missing
    try:
        message = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
    yield message
    yield message.rpartition(b"\0")[2]  # PLAIN
    yield from _BEARER.findall(message)
