"""One command on its way out, and the one place where a command line is checked (RFC 5321 §4.1.1).

CR, LF and NUL are refused here, for every verb and every argument, before a byte is sent: whatever calls the
client, an argument cannot become a second command (CPython gh-87290). Nothing else is refused: a strange command
is the server's to judge, and its answer the lesson.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from smtpnb.protocol.path import is_ordinary, path
from smtpnb.secret import MASK, Secret
from smtpnb.text import encoded, visible

_FORBIDDEN: Final = re.compile("[\r\n\0]")

# RFC 4954 §4: "AUTH" SP mechanism [SP initial-response]. Lenient in what separates them: it is for hiding.
_AUTH: Final = re.compile(r"\s*AUTH\s+(\S+)(?:\s+(.*\S))?\s*\Z", re.IGNORECASE | re.DOTALL)


class Command:
    """A command line: what goes out, and what may be shown of it.

    Args:
        verb: the command verb, such as "MAIL"; sent as it is given. Empty for an answer to a SASL challenge.
        arguments: what follows, each behind a space; empty ones are left out.
        secret: a secret at the end of the line, as it goes on the wire; hidden in `shown`.
        end: what ends the line.

    Attributes:
        octets: what goes out, its end included; empty where the line holds a secret.
        ordinary: whether it is MAIL or RCPT with an address that needs no second look; made below.

    Raises:
        ValueError: CR, LF or NUL in an argument, or a lone surrogate, which no octets stand for.
        TypeError: an argument that is no text.
    """

    __slots__ = ("_end", "_head", "octets", "ordinary", "secret", "shown", "verb")

    def __init__(self, verb: str, *arguments: str, secret: Secret | None = None, end: bytes = b"\r\n") -> None:
        try:
            line = " ".join((verb, *arguments)) if arguments else verb
        except TypeError:
            wrong = next(argument for argument in arguments if not isinstance(argument, str))
            raise TypeError(f"an argument of {_named(verb)} is str, not {type(wrong).__name__}") from None
        if not verb or "" in arguments:
            line = " ".join(filter(None, (verb, *arguments)))
        # What is printable holds none of them, and is told in a third of the time.
        if (not line.isprintable() and _FORBIDDEN.search(line)) or (secret is not None and not secret.is_one_line):
            raise ValueError(
                f"CR, LF or NUL in an argument of {_named(verb)}: an SMTP command is one line, and they "
                "would end it (RFC 5321 §2.3.8)"
            )
        self._head = encoded(f"{line} " if secret is not None and line else line)
        self._end = end
        self.octets = self._head + end if secret is None else b""
        self.verb = verb.upper()
        self.secret = secret
        self.ordinary = False
        self.shown = line if secret is None else f"{line} {MASK}" if line else MASK

    def wire(self) -> bytes:
        """The octets to send, all of them. Opens the secret: only for the wire."""
        return self.octets if self.secret is None else self._head + self.secret.octets() + self._end

    def __repr__(self) -> str:
        return f"<Command {visible(getattr(self, 'shown', 'not made'))}>"  # in a traceback's locals it may be half-made


#: What stands for the content, and for its end, where its reply is told.
END: Final = Command(".")


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands that go out in one write (RFC 2920); none of them holds a secret.

    Attributes:
        commands: what is said.
        octets: the same, as it goes out.
        ends_in_data: whether the last of them is DATA.
    """

    commands: Sequence[Command]
    octets: bytes
    ends_in_data: bool

    @classmethod
    def of(cls, commands: Sequence[Command]) -> "Batch":
        """The batch of `commands`, of which there is one at least."""
        return cls(commands, b"".join([command.octets for command in commands]), commands[-1].verb == "DATA")


def with_parameters(command: Command, parameters: Sequence[str]) -> Command:
    """`command` with more parameters behind its own: ours, which need no check."""
    if command.ordinary:
        return _ordinary(command.verb, " ".join((command.shown, *parameters)))
    return Command(command.verb, command.shown.partition(" ")[2], *parameters)


def mail_command(address: str | None, parameters: Sequence[str] = ()) -> Command:
    """MAIL FROM with its reverse-path, for `Command`'s errors see there (RFC 5321 §4.1.1.2)."""
    if parameters or type(address) is not str or len(address) > _USUAL:
        return Command("MAIL", f"FROM:{path(address)}", *parameters)
    return _mail_from(address)


def rcpt_command(address: str | None, parameters: Sequence[str] = ()) -> Command:
    """RCPT TO with its forward-path (RFC 5321 §4.1.1.3)."""
    if parameters or type(address) is not str or len(address) > _USUAL:
        return Command("RCPT", f"TO:{path(address)}", *parameters)
    return _rcpt_to(address)


#: Characters in an address whose commands may be remembered, as RFC 5321 §4.5.3.1.3 has them.
_USUAL: Final = 256


@lru_cache(maxsize=256)  # the same people write, and are written to, again and again
def _mail_from(address: str) -> Command:
    if is_ordinary(address):
        return _ordinary("MAIL", f"MAIL FROM:<{address}>")
    return Command("MAIL", f"FROM:{path(address)}")


@lru_cache(maxsize=256)
def _rcpt_to(address: str) -> Command:
    if is_ordinary(address):
        return _ordinary("RCPT", f"RCPT TO:<{address}>")
    return Command("RCPT", f"TO:{path(address)}")


def _ordinary(verb: str, line: str) -> Command:
    """A command whose line needs no check: visible ASCII and single spaces."""
    command = _new_command(Command)
    command.verb = verb
    command.shown = line
    command.secret = None
    command.ordinary = True
    command.octets = line.encode("ascii") + b"\r\n"
    return command


#: Makes one without __init__, whose checks are half of its cost.
_new_command: Final = Command.__new__


def _named(verb: str) -> str:
    """The verb for an error; a line typed by hand, which may hold a secret, is not quoted."""
    return verb if verb.isalpha() else "the command"


def raw_command(line: str, end: bytes = b"\r\n", *, answers_challenge: bool = False) -> Command:
    """The command that a line typed by hand is, sent just as it was typed, its secret hidden.

    Args:
        line: the line, without its end.
        end: what ends it.
        answers_challenge: whether a SASL challenge (334) is open, so that the whole line is a response.

    Raises:
        ValueError: CR, LF or NUL in the line.
        TypeError: it is no text.
    """
    if not isinstance(line, str):
        raise TypeError(f"a command is str, not {type(line).__name__}")
    if answers_challenge and line != "*":  # a lone * cancels (RFC 4954 §4)
        return Command("", secret=Secret(encoded(line)), end=end)
    match = _AUTH.match(line)
    if match is None or match[2] in (None, "="):
        command = Command(line, end=end)
        command.verb = line.strip().partition(" ")[0].upper()
        return command
    command = Command(line[: match.start(2)], secret=Secret(encoded(line[match.start(2) :])), end=end)
    command.verb, command._head = "AUTH", encoded(line[: match.start(2)])  # noqa: SLF001 - just as it was typed
    command.shown = line[: match.start(2)] + MASK
    return command
