"""What octets typed by hand mean: which commands they hold, which lines are content, which are secrets.

`send_data` sends whatever it is given; this module reads along, so that the replies can be labelled and no secret is
shown or sent in the clear. Where a line could be either a command or a SASL response, it is taken for a secret.
"""

import enum
import re
from dataclasses import dataclass, field
from typing import Final

from smtpnb.protocol.command import Command, raw_command
from smtpnb.protocol.conversation import Stage
from smtpnb.secret import Secret
from smtpnb.text import decoded, visible

_LINE_END: Final = re.compile(rb"\r\n|\r(?!\Z)|\n")
_AUTH: Final = re.compile(rb"\s*AUTH\s+(\S+)(\s+\S.*)?\s*\Z", re.IGNORECASE | re.DOTALL)
_DATA: Final = re.compile(rb"\s*DATA\s*\Z", re.IGNORECASE)


class Mode(enum.Enum):
    """How the next line will be taken."""

    COMMAND = "command"
    RESPONSE = "SASL response"
    CONTENT = "content"


_MODES: Final = {Stage.DATA: Mode.CONTENT, Stage.AUTH: Mode.RESPONSE}


@dataclass(frozen=True, slots=True)
class RawInput:
    """How far the octets typed so far have come.

    Attributes:
        mode: how the next line will be taken.
        begun: the line that has not ended yet; closed, as it may be a secret.
        commands: the commands whose lines ended with these octets: each will get a reply.
        secret: whether a secret is in these octets, whole or begun.
    """

    mode: Mode = Mode.COMMAND
    begun: Secret = field(default_factory=lambda: Secret(b""))
    commands: tuple[Command, ...] = ()
    secret: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether a line was begun and has not ended."""
        return bool(self.begun.octets()) and self.mode is not Mode.CONTENT

    def then(self, octets: Secret, stage: Stage, *, owed: bool) -> "RawInput":
        """What it is after `octets`.

        Args:
            octets: what is about to be sent.
            stage: where the session stands.
            owed: whether replies are unread, so that the stage is not yet what the lines before have made it.
        """
        mode = self.mode if owed or self.unfinished else _MODES.get(stage, Mode.COMMAND)
        *lines, begun = _LINE_END.split(self.begun.octets() + octets.octets())
        commands: list[Command] = []
        for line in lines:
            mode = _take(line, mode, commands)
        secret = any(command.secret for command in commands) or _may_be_secret(begun, mode)
        return RawInput(mode, Secret(begun), tuple(commands), secret)


def _take(line: bytes, mode: Mode, commands: list[Command]) -> Mode:
    """Adds the command that `line` is, and gives the mode of the next line."""
    if mode is Mode.CONTENT:
        if line != b".":
            return mode
        commands.append(Command("."))
        return Mode.COMMAND
    if mode is Mode.RESPONSE and line != b"*":
        commands.append(_hidden("", line))
        return mode
    commands.append(_typed(line))
    if _AUTH.match(line):
        return Mode.RESPONSE
    return Mode.CONTENT if _DATA.match(line) else Mode.COMMAND


def _typed(line: bytes) -> Command:
    """A line as a command; CR or NUL inside it is what the lesson is about, and no reason to refuse."""
    try:
        return raw_command(decoded(line))
    except ValueError:
        match = _AUTH.match(line)
        if match and match[2]:
            return _hidden(visible(decoded(line[: match.start(2)])), match[2])
        return Command(visible(decoded(line)))


def _hidden(start: str, octets: bytes) -> Command:
    return Command(start, secret=Secret(octets.translate(None, b"\r\n\0")))


def _may_be_secret(begun: bytes, mode: Mode) -> bool:
    begun = begun.removesuffix(b"\r")
    if mode is Mode.RESPONSE:
        return begun not in (b"", b"*")
    match = _AUTH.match(begun) if mode is Mode.COMMAND else None
    return bool(match and match[2] and match[2].strip() != b"=")
