"""The server's side of SASL: PLAIN (RFC 4616) and LOGIN, each a generator that yields challenges.

A mechanism is sent the client's responses as closed secrets and returns `Credentials`. It never compares a
password: `directory` does.
"""

import base64
import binascii
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from smtpnb.sandbox.answer import Refusal
from smtpnb.secret import Secret

#: Yields the text of a 334, is sent the response, decoded; returns who claims to be whom.
Exchange: TypeAlias = Generator[bytes, Secret, "Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client claims.

    Attributes:
        login: who proves an identity by the password (authcid).
        password: closed.
        authzid: whom to act as; empty for oneself.
    """

    login: str
    password: Secret
    authzid: str = ""


def plain(initial: Secret | None) -> Exchange:
    """PLAIN: `authzid NUL login NUL password` in one response (RFC 4616 §2)."""
    message = initial if initial is not None else (yield b"")
    fields = message.octets().split(b"\0")
    if len(fields) != 3 or not fields[1] or not fields[2]:
        raise Refusal(501, "5.5.2", "PLAIN is authzid NUL login NUL password")
    authzid, login = _text(fields[0]), _text(fields[1])
    return Credentials(login, Secret(fields[2]), authzid)


def login(initial: Secret | None) -> Exchange:
    """LOGIN: two prompts, two responses; never standardised, widely spoken (draft-murchison-sasl-login)."""
    name = initial if initial is not None else (yield b"Username:")
    password = yield b"Password:"
    return Credentials(_text(name.octets()), password)


MECHANISMS: Final[Mapping[str, Callable[[Secret | None], Exchange]]] = {"PLAIN": plain, "LOGIN": login}


def response(line: Secret) -> Secret:
    """The response that a line carries in base64, still closed.

    Raises:
        Refusal: 501 5.7.0, the client cancelled; 501 5.5.2, it is no base64 (RFC 4954 §4).
    """
    if line.octets() == b"*":
        raise Refusal(501, "5.7.0", "Authentication cancelled")
    try:
        return Secret(base64.b64decode(line.octets(), validate=True))
    except binascii.Error:
        raise Refusal(501, "5.5.2", "That is no base64") from None


def initial_response(word: Secret) -> Secret:
    """The initial response of an AUTH command, where "=" stands for an empty one (RFC 4954 §4)."""
    return Secret(b"") if word.octets() == b"=" else response(word)


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Refusal(501, "5.5.2", "Names are UTF-8") from None
