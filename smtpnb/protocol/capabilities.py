"""What a server offers: the EHLO keywords and their parameters, a frozen mapping (RFC 5321 §4.1.1.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from smtpnb.displayable import Displayable
from smtpnb.text import visible


@dataclass(frozen=True)
class Capabilities(Displayable, Mapping[str, tuple[str, ...]]):
    """EHLO keywords in capitals → tuple of their parameters, in the server's order; empty and falsy before EHLO.

    A keyword said twice has the parameters of both lines. The pre-standard `AUTH=LOGIN` counts as `AUTH LOGIN`.
    Look-ups take any case: `"starttls" in capabilities`.

    Attributes:
        lines: what the server said, behind the first line.
        secure: whether it was said inside TLS.
        authenticated: whether it was said after AUTH.
    """

    lines: tuple[str, ...] = ()
    secure: bool = False
    authenticated: bool = False

    @cached_property
    def keywords(self) -> Mapping[str, tuple[str, ...]]:
        """The same as a plain mapping: for many a look-up of keywords in capitals."""
        keywords: dict[str, dict[str, None]] = {}
        for line in self.lines:
            keyword, parameters = _split(line) if len(line) < _USUAL else _split.__wrapped__(line)
            if keyword:
                keywords.setdefault(keyword, {}).update(dict.fromkeys(parameters))
        return {keyword: tuple(found) for keyword, found in keywords.items()}

    def __getitem__(self, keyword: str) -> tuple[str, ...]:
        return self.keywords[keyword.upper()]

    def __contains__(self, keyword: object) -> bool:
        return isinstance(keyword, str) and (keyword in self.keywords or keyword.upper() in self.keywords)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keywords)

    def __len__(self) -> int:
        return len(self.keywords)

    def __hash__(self) -> int:
        return hash((self.lines, self.secure, self.authenticated))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Capabilities):
            return (self.lines, self.secure, self.authenticated) == (
                other.lines,
                other.secure,
                other.authenticated,
            )
        return isinstance(other, Mapping) and dict(self.keywords) == dict(other)

    @property
    def size(self) -> int | None:
        """The largest message it takes, in octets; None where it does not say, 0 for no fixed limit (RFC 1870 §4)."""
        number = next(iter(self.get("SIZE", ())), "")
        # Bounded by RFC 1870 §3's 20 digits; also because int() of thousands of digits raises.
        return int(number) if number.isascii() and number.isdigit() and len(number) <= 20 else None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms of its AUTH line, in capitals (RFC 4954 §3)."""
        return tuple(mechanism.upper() for mechanism in self.get("AUTH", ()))

    @property
    def moment(self) -> str:
        """When it was said: `in the clear`, `inside TLS, logged in`."""
        return ("inside TLS" if self.secure else "in the clear") + (", logged in" if self.authenticated else "")

    @property
    def said(self) -> str:
        """The keywords with their parameters, nothing hidden in them."""
        return ", ".join(visible(" ".join((keyword, *parameters))) for keyword, parameters in self.items())

    def to_text(self) -> str:
        """A keyword with its parameters a line."""
        return "\n".join(visible(" ".join((keyword, *parameters))) for keyword, parameters in self.items())

    def __repr__(self) -> str:
        return f"<Capabilities {self.said or 'none: nothing was offered yet'}>"


class CapabilityHistory(Displayable, tuple[Capabilities, ...]):
    """What each EHLO of a connection offered, in order; shown side by side."""

    __slots__ = ()

    def to_text(self) -> str:
        """Each list in a line: when it was said, and what it held."""
        return "\n".join(f"{each.moment}: {each.said or 'nothing'}" for each in self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        counts = ", then ".join(f"{len(each)} {each.moment}" for each in self)
        return f"<CapabilityHistory: {counts or 'no EHLO yet'}>"


#: Characters in a line that may be remembered: no server fills the memory with long ones.
_USUAL: Final = 100

#: What is offered before EHLO.
NOTHING: Final = Capabilities()


@lru_cache(maxsize=512)  # nearly all servers say the same few lines
def _split(line: str) -> tuple[str, tuple[str, ...]]:
    """Keyword and parameters of one line of the EHLO reply."""
    if line[:5].upper() == "AUTH=":
        line = f"AUTH {line[5:]}"
    words = [word for word in line.split(" ") if word]
    return (words[0].upper(), tuple(words[1:])) if words else ("", ())
