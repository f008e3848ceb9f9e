"""How an AUTH PLAIN token is made, field by field: for values typed in that one call (RFC 4616 §2).

The lesson shows the password that it was given, because it was asked to. It never shows one that a session used: a
`Secret` is refused, and the value keeps its own closed, so its repr holds none and it is not pickled.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple, NoReturn

from smtpnb.displayable import Displayable
from smtpnb.protocol import sasl
from smtpnb.secret import Secret
from smtpnb.text import decoded, visible

#: Octets of a token that a lesson takes; RFC 4616 §2 allows more, no screen does.
_LIMIT: Final = 255
#: Octets in one block; a multiple of three, as three make four characters.
_BLOCK: Final = 24
#: What the lesson is about.
TITLE: Final = "AUTH PLAIN, step by step: authzid NUL login NUL password, in base64"


class PlainOctet(NamedTuple):
    """One octet of the message.

    Attributes:
        field: "authzid", "login", "password" or "NUL".
        character: the character, on its first octet; a dot on the others of one that takes several.
        octet: its value.
    """

    field: str
    character: str
    octet: int


class PlainBlock(NamedTuple):
    """Some octets of the message, and the part of the token that they make.

    Attributes:
        octets: the octets; but for the last block, a multiple of three.
        base64: their base64.
    """

    octets: tuple[PlainOctet, ...]
    base64: str

    @property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """Each field in them and how many octets it takes here."""
        runs = [(name, len(list(run))) for name, run in groupby(self.octets, key=lambda octet: octet.field)]
        return tuple(runs)

    @property
    def groups(self) -> tuple[str, ...]:
        """The base64, four characters for three octets each."""
        return tuple(self.base64[start : start + 4] for start in range(0, len(self.base64), 4))


@dataclass(frozen=True)
class PlainLesson(Displayable):
    """An AUTH PLAIN token taken apart.

    Attributes:
        login: whose password it is.
        authzid: whom to act for; mostly empty.
    """

    login: str
    authzid: str
    _password: Secret

    @property
    def octets(self) -> tuple[PlainOctet, ...]:
        """The message `authzid NUL login NUL password`, octet by octet."""
        fields = (("authzid", self.authzid), ("login", self.login), ("password", decoded(self._password.octets())))
        found: list[PlainOctet] = []
        for name, text in fields:
            found += [PlainOctet("NUL", "NUL", 0)] if name != "authzid" else []
            found += _octets(name, text)
        return tuple(found)

    @property
    def blocks(self) -> Iterator[PlainBlock]:
        """The message in blocks that fit on a screen."""
        octets = self.octets
        for start in range(0, len(octets), _BLOCK):
            part = octets[start : start + _BLOCK]
            yield PlainBlock(part, base64.b64encode(bytes(octet.octet for octet in part)).decode("ascii"))

    @property
    def token(self) -> str:
        """The whole token, as it goes over the wire."""
        return base64.b64encode(bytes(octet.octet for octet in self.octets)).decode("ascii")

    def to_text(self) -> str:
        """Field, character, hex and base64 a line, in blocks that fit on a screen; then the command."""
        rows = [TITLE]
        for block in self.blocks:
            rows.append(f"field: {' '.join(field for field, _ in block.fields)}")
            rows.append(f"character: {' '.join(f'{octet.character:>2}' for octet in block.octets)}")
            rows.append(f"hex: {' '.join(f'{octet.octet:02x}' for octet in block.octets)}")
            rows.append(f"base64: {' '.join(block.groups)}")
        return "\n".join([*rows, f"C: AUTH PLAIN {self.token}", *WARNINGS])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<PlainLesson for {visible(self.login)}: show it or print it to see the token>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a lesson with a password is not pickled: call explain_plain() again")


WARNINGS: Final = (
    "Base64 is not encryption: whoever sees the token reads the password.",
    "Shown because explain_plain() was called with these very values, made up for a lesson; a session shows ⟨hidden⟩.",
)


def _octets(field: str, text: str) -> Iterator[PlainOctet]:
    for character in text:
        first, *others = character.encode("utf-8", "surrogateescape")
        yield PlainOctet(field, visible(character), first)
        yield from (PlainOctet(field, "·", octet) for octet in others)


def explain_plain(login: str, password: str, authzid: str = "") -> PlainLesson:
    """How AUTH PLAIN makes its token of a login and a password: a lesson that shows both; use made-up ones.

    Args:
        login: the authentication identity.
        password: a made-up password, as text.
        authzid: whom to act for, where that is someone else.

    Raises:
        TypeError: the password is a `Secret`, which is never shown, or no text.
        ValueError: NUL, CR or LF in one of them, or more than 255 octets in all.
    """
    if not isinstance(password, str):
        raise TypeError("explain_plain() shows what it is given: type a made-up password as text, not a Secret")
    login, authzid = sasl.identity(login, "login"), sasl.identity(authzid, "authzid")
    if any("\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in login + authzid):
        raise ValueError("lone surrogates in the login or authzid: no octets stand for them")
    closed = Secret(password)
    del password
    if not closed.is_one_line:
        raise ValueError("CR, LF or NUL in the password: no server could take it (RFC 4616 §2)")
    lesson = PlainLesson(login, authzid, closed)
    if len(login) + len(authzid) + len(closed.octets()) > _LIMIT:
        raise ValueError(f"a lesson takes up to {_LIMIT} characters in all")
    return lesson
