"""What octets typed by hand mean: which commands they hold, which lines are content, which are secrets.

`send_data` sends whatever it is given; this module reads along, so that the replies can be labelled and no secret is
shown or sent in the clear. Where a line could be either a command or a SASL response, it is taken for a secret; so is
an AUTH line that is content only if the server grants a DATA whose reply is unread.
"""

import enum
import re
from dataclasses import dataclass, field, replace
from typing import Final

from smtpnb.protocol.command import Command, raw_command
from smtpnb.protocol.conversation import Stage
from smtpnb.secret import Secret
from smtpnb.text import decoded, visible

_LINE_END: Final = re.compile(rb"\r\n|\r(?!\Z)|\n")
_AUTH: Final = re.compile(rb"\s*AUTH\s+(\S+)(\s+\S.*)?\s*\Z", re.IGNORECASE | re.DOTALL)
_DATA: Final = re.compile(rb"\s*DATA\s*\Z", re.IGNORECASE)
_BDAT: Final = re.compile(rb"\s*BDAT\s+([0-9]{1,18})(\s+LAST)?\s*\Z", re.IGNORECASE)


class Mode(enum.Enum):
    """How what comes next will be taken."""

    COMMAND = "command"
    RESPONSE = "SASL response"
    CONTENT = "content"
    CHUNK = "chunk of content"


_MODES: Final = {Stage.DATA: Mode.CONTENT, Stage.AUTH: Mode.RESPONSE}


@dataclass(frozen=True, slots=True)
class RawInput:
    """How far the octets typed so far have come.

    Attributes:
        mode: how what comes next will be taken.
        begun: the line that has not ended yet; closed, as it may be a secret.
        left: octets of a chunk (BDAT) that are still to come.
        commands: the commands whose lines ended with these octets: each will get a reply.
        secrets: what is secret in these octets, whole or begun.
    """

    mode: Mode = Mode.COMMAND
    begun: Secret = field(default_factory=lambda: Secret(b""))
    left: int = 0
    commands: tuple[Command, ...] = ()
    secrets: tuple[Secret, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether a line or a chunk was begun and has not ended."""
        return self.left > 0 or (bool(self.begun.octets()) and self.mode is not Mode.CONTENT)

    @property
    def midline(self) -> bool:
        """Whether content was begun whose last line has not ended."""
        return bool(self.begun.octets()) and self.mode is Mode.CONTENT

    def at(self, stage: Stage) -> "RawInput":
        """The same once every reply was read, and the session stands at `stage`: a refused DATA takes no content."""
        return self if self.left else replace(self, mode=_MODES.get(stage, Mode.COMMAND))

    def then(self, octets: Secret, stage: Stage, *, owed: bool) -> "RawInput":
        """What it is after `octets`.

        Args:
            octets: what is about to be sent.
            stage: where the session stands.
            owed: whether replies are unread, so that the stage is not yet what the lines before have made it.
        """
        mode = self.mode if owed or self.unfinished else _MODES.get(stage, Mode.COMMAND)
        reading = _Reading(mode, self.left, granted=not owed)
        begun = reading.take(self.begun.octets() + octets.octets())
        return RawInput(
            reading.mode, Secret(begun), reading.left, tuple(reading.commands), tuple(map(Secret, reading.secrets))
        )


class _Reading:
    """Reads octets along as a server would.

    Args:
        mode: how they will be taken.
        left: octets of a chunk that come first.
        granted: whether content is content for sure: the server granted DATA already.
    """

    def __init__(self, mode: Mode, left: int, *, granted: bool) -> None:
        self.mode, self.left = mode, left
        self.commands: list[Command] = []
        self.secrets: list[bytes] = []
        self._granted = granted

    def take(self, data: bytes) -> bytes:
        """The line at their end that has not ended."""
        position = 0
        while True:
            if self.mode is Mode.CHUNK:
                taken = min(self.left, len(data) - position)
                position, self.left = position + taken, self.left - taken
                if self.left:
                    return b""
                self.mode = Mode.COMMAND
            end = _LINE_END.search(data, position)
            if end is None:
                self._look_into(data[position:])
                return data[position:]
            self._take_line(data[position : end.start()])
            position = end.end()

    def _take_line(self, line: bytes) -> None:
        if self.mode is Mode.CONTENT:
            self._take_content(line)
        elif self.mode is Mode.RESPONSE and line != b"*":
            self._add(_hidden("", line))
        else:
            self._add(_typed(line))
            self.mode = self._after(line)

    def _take_content(self, line: bytes) -> None:
        if line == b".":
            self._add(Command("."))
            self.mode = Mode.COMMAND
        else:
            self._look_into(line)

    def _after(self, line: bytes) -> Mode:
        """How what follows a command is taken."""
        if _AUTH.match(line):
            return Mode.RESPONSE
        if _DATA.match(line):
            self._granted = False
            return Mode.CONTENT
        chunk = _BDAT.match(line)
        self.left = int(chunk[1]) if chunk else 0
        return Mode.CHUNK if self.left else Mode.COMMAND

    def _add(self, command: Command) -> None:
        self.commands.append(command)
        if command.secret is not None:
            self.secrets.append(command.secret.octets())

    def _look_into(self, line: bytes) -> None:
        """Finds what may be secret in a line that has not ended, or in content that may be none."""
        line = line.removesuffix(b"\r")
        if self.mode is Mode.RESPONSE:
            found = line if line not in (b"", b"*") else b""
        elif self.mode is Mode.CONTENT and self._granted:
            found = b""
        else:
            match = _AUTH.match(line)
            found = match[2].strip() if match and match[2] else b""
        if found and found != b"=":
            self.secrets.append(found)


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
