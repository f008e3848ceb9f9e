"""What EHLO offers, before TLS and inside it: the lines, which are also what works."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final, Self

from smtpnb.protocol.capabilities import Capabilities
from smtpnb.sandbox.kinds import of_kind, words
from smtpnb.sandbox.sasl import MECHANISMS
from smtpnb.sandbox.suggestion import one_of

#: Octets of content in one message.
MAX_MESSAGE: Final = 10 * 1024 * 1024

#: The usual lines, in the order of a lesson: envelope and content, then security, then the rest.
EXTENSIONS: Final = (
    "PIPELINING",
    f"SIZE {MAX_MESSAGE}",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "CHUNKING",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "AUTH PLAIN LOGIN",
    "VRFY",
    "EXPN",
    "HELP",
)


def without_starttls(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines but STARTTLS: what is offered inside TLS (RFC 3207 §4.2)."""
    return tuple(line for line in lines if line.upper() != "STARTTLS")


@dataclass(frozen=True, slots=True)
class Offer:
    """The lines of EHLO's reply, behind the first.

    Attributes:
        in_clear: before TLS.
        in_tls: inside it.
    """

    in_clear: tuple[str, ...] = EXTENSIONS
    in_tls: tuple[str, ...] = without_starttls(EXTENSIONS)

    @classmethod
    def exactly(cls, in_clear: Iterable[str], in_tls: Iterable[str] | None) -> Self:
        """These lines and no others; inside TLS the same without STARTTLS, unless they are given.

        Raises:
            TypeError: one text where a list of lines was meant.
            ValueError: a line that would not fit into the reply.
        """
        lines = _checked(in_clear)
        return cls(lines, without_starttls(lines) if in_tls is None else _checked(in_tls))

    @classmethod
    def usual(
        cls,
        *,
        size: int = MAX_MESSAGE,
        mechanisms: Iterable[str] = tuple(MECHANISMS),
        mechanisms_in_tls: Iterable[str] | None = None,
        without: Container[str] = (),
    ) -> Self:
        """The usual lines, with these facts in them.

        Args:
            size: octets of content in one message.
            mechanisms: for AUTH in the clear; none, and AUTH is not offered.
            mechanisms_in_tls: inside TLS; the same unless given.
            without: keywords to leave out.

        Raises:
            TypeError: `size` is no number, `mechanisms` one text.
            ValueError: no possible size, or a mechanism that the sandbox does not speak.
        """
        in_clear = _mechanisms(mechanisms)
        in_tls = in_clear if mechanisms_in_tls is None else _mechanisms(mechanisms_in_tls)
        size_line = f"SIZE {_size(size)}"
        return cls(
            _lines({"SIZE": size_line, "AUTH": in_clear}, without),
            without_starttls(_lines({"SIZE": size_line, "AUTH": in_tls}, without)),
        )

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """All mechanisms that are offered, in the clear or inside TLS."""
        lines = self.in_clear + self.in_tls
        return Capabilities(lines).get("AUTH", ())


def _lines(changed: dict[str, str], without: Container[str]) -> tuple[str, ...]:
    keywords = ((line.partition(" ")[0], line) for line in EXTENSIONS)
    lines = (changed.get(keyword, line) for keyword, line in keywords if keyword not in without)
    return tuple(line for line in lines if line)


def _size(size: int) -> int:
    of_kind(size, int, "size")
    if not 1 <= size <= MAX_MESSAGE:
        raise ValueError(f"size is from 1 to {MAX_MESSAGE} octets, not {size!r}")
    return size


def _mechanisms(mechanisms: Iterable[str]) -> str:
    names = [one_of(name, MECHANISMS, "the mechanism") for name in words(mechanisms, "mechanisms")]
    return " ".join(["AUTH", *names]) if names else ""


def _checked(lines: Iterable[str]) -> tuple[str, ...]:
    if isinstance(lines, str | bytes):
        raise TypeError("extensions is a list of EHLO lines such as ['PIPELINING', 'SIZE 1000'], not one text")
    checked = words(lines, "extensions")
    for line in checked:
        if not line.isprintable() or not line.isascii() or not line.strip():
            raise ValueError(f"{line!r} is no EHLO line: a keyword, and parameters behind a space")
    return checked
