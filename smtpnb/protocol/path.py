"""Addresses as MAIL, RCPT take them: reverse-path and forward-path (RFC 5321 §4.1.2)."""

import re
from typing import Final

# Angle brackets anywhere but in a quoted local-part would end the path early: what follows would be parameters.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?:@[^<>"\\]*)?', re.DOTALL)

#: Whether an address goes between the brackets as it is, and is read from there as it is: visible ASCII with no
#: bracket in it, and neither quoted nor behind a source route.
is_ordinary: Final = re.compile('(?![@"])[!-;=?-~]*').fullmatch


#: The arguments of MAIL or RCPT as they nearly always are, and the address in them: neither quoted nor behind a route.
_USUAL: Final = re.compile('[^<>]*:<(?![@"])([^>]*)>').match


def path(address: str | None) -> str:
    """`address` in angle brackets, as it goes on the wire.

    The address is not checked further: what a server makes of a strange one is worth seeing.

    Args:
        address: with or without its angle brackets; "" or None is the null reverse-path `<>` (RFC 5321 §4.5.5).

    Raises:
        ValueError: angle brackets inside the address, which would end the path early.
        TypeError: it is no text.
    """
    if type(address) is str and is_ordinary(address):
        return f"<{address}>"
    if address is None:
        return "<>"
    if not isinstance(address, str):
        raise TypeError(f"an address is str, not {type(address).__name__}")
    bare = address.strip(" ")
    if bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1]
    if ("<" in bare or ">" in bare) and not _QUOTED.fullmatch(bare):
        raise ValueError(
            f"angle brackets inside the address {address!r}: give the bare address, such as 'bob@example.org', and "
            "parameters as arguments of their own"
        )
    return f"<{bare}>"


def bare(text: str) -> str:
    """The address of a path: `<a@b>` → `a@b`, without source route (RFC 5321 appendix C)."""
    inner = text.strip()
    if inner.startswith("<"):
        inner = inner[1 : inner.rfind(">")] if ">" in inner else inner[1:]
    return inner.rpartition(":")[2] if inner.startswith("@") else inner


def address_in(arguments: str) -> str:
    """The address in the arguments of MAIL or RCPT: `FROM:<a@b> SIZE=9` → `a@b`."""
    if usual := _USUAL(arguments):
        return usual[1]
    return bare(arguments.partition(":")[2].strip().partition(" ")[0])
