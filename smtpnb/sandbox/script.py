"""A wholly scripted server: it expects this, answers that, and knows no SMTP.

It offers what `Session` offers its host, so it goes wherever a session goes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from smtpnb.sandbox.receiver import Content, DataReceiver, Line, LineReceiver
from smtpnb.sandbox.record import Log, SessionRecord
from smtpnb.sandbox.steps import Close, Octets, Pause, Stall, StartTls, Step, joined
from smtpnb.secret import MASK
from smtpnb.text import decoded, encoded

#: What a line of the client must be: a beginning, a pattern that it matches whole, or None for the greeting.
Expect: TypeAlias = str | bytes | re.Pattern[str] | None
#: What is said: a text, to which CRLF is added; octets as they are; steps; or several of these.
Said: TypeAlias = str | bytes | Step | Sequence[str | bytes | Step]

#: Octets of one line or one content; a script is no place for large messages.
_LIMIT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cue:
    """One item of a script.

    Attributes:
        expect: what the client must send.
        steps: what is done about it.
    """

    expect: Expect
    steps: tuple[Step, ...]

    def fits(self, text: str) -> bool:
        """Whether this is what was expected; a beginning is compared without case."""
        if isinstance(self.expect, re.Pattern):
            return self.expect.fullmatch(text) is not None
        return text.casefold().startswith(self.wanted.casefold())

    @property
    def wanted(self) -> str:
        """The expectation, for people."""
        if isinstance(self.expect, re.Pattern):
            return self.expect.pattern
        return decoded(self.expect) if isinstance(self.expect, bytes) else self.expect or ""

    @property
    def asks_for_content(self) -> bool:
        """Whether what follows is content up to a lone dot: the answer is a 354."""
        return joined(self.steps).startswith(b"354")


def cues(script: Iterable[tuple[Expect, Said]]) -> tuple[Cue, ...]:
    """The script, checked.

    Args:
        script: pairs of what is expected and what is answered; the first may expect None: it is the greeting.

    Raises:
        TypeError: no pairs, or something that cannot be expected or said.
        ValueError: None further down, where nothing would ever be said.
    """
    pairs = list(script)
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"a script is a list of pairs (expect, answer), not of {pair!r}")
    if any(expect is None for expect, _ in pairs[1:]):
        raise ValueError("only the first item of a script may expect None: it is the greeting")
    return tuple(Cue(_expectation(expect), tuple(_steps(said))) for expect, said in pairs)


def _expectation(expect: Any) -> Expect:
    if expect is None or isinstance(expect, str | bytes):
        return expect
    if isinstance(expect, re.Pattern) and isinstance(expect.pattern, str):
        return expect
    raise TypeError(f"a script expects str, bytes or a compiled pattern of str, not {type(expect).__name__}")


def _steps(said: Any) -> list[Step]:
    if isinstance(said, str):
        return [Octets(encoded(said if said.endswith("\n") else f"{said}\r\n"))]
    if isinstance(said, bytes):
        return [Octets(said)]
    if isinstance(said, Octets | Pause | StartTls | Close | Stall):
        return [said]
    if isinstance(said, Sequence):
        return [step for part in said for step in _steps(part)]
    raise TypeError(f"a script answers str, bytes or steps, not {type(said).__name__}")


class ScriptedSession:
    """One session that follows a script.

    Args:
        script: from `cues`.
        number: which session it is, from 1.
    """

    def __init__(self, script: tuple[Cue, ...], number: int = 1) -> None:
        self._greeting = script[0] if script and script[0].expect is None else None
        self._waiting = list(script[1:] if self._greeting else script)
        self._number = number
        self._receiver: LineReceiver | DataReceiver = LineReceiver(_LIMIT)
        self._log = Log()
        self._secure = self._handshake = self._over = self._in_auth = False

    def greet(self) -> list[Step]:
        """The greeting: the script's, or a plain one."""
        return self._perform(self._greeting or Cue(None, (Octets(b"220 sandbox.example ESMTP script\r\n"),)), "")

    def receive(self, data: bytes) -> list[Step]:
        """What the script says to octets from the client."""
        steps: list[Step] = []
        at = 0
        while at < len(data) and not (self._over or self._handshake):
            result, at = self._receiver.take(data, at)
            if result is not None:
                steps += self._heard(result)
        return steps

    def tls_started(self, version: str, cipher: str) -> list[Step]:  # noqa: ARG002 - what a host tells
        """Takes note of a finished handshake."""
        self._secure, self._handshake = True, False
        return []

    def timed_out(self) -> list[Step]:
        """The connection closes without a word."""
        return [Close()]

    def end(self) -> None:
        """Takes note that the connection is gone."""
        self._over = True

    def record(self) -> SessionRecord:
        """What happened so far, frozen."""
        exchanges, omitted = self._log.kept()
        return SessionRecord(self._number, exchanges, omitted, self._secure, open=not self._over)

    def _heard(self, result: Line | Content) -> list[Step]:
        """Answers one line, or the content behind a 354."""
        text = decoded(result.raw if isinstance(result, Content) else result.octets)
        self._receiver = LineReceiver(_LIMIT)
        return self._perform(self._cue(text), _shown(text, in_auth=self._in_auth))

    def _cue(self, text: str) -> Cue:
        if self._waiting and self._waiting[0].fits(text):
            return self._waiting.pop(0)
        if self._waiting:
            # What is expected is the lesson's own; what came is not echoed, as it may be a secret.
            return Cue(None, (Octets(encoded(f"500 5.5.1 the script expected {self._waiting[0].wanted!r}\r\n")),))
        if text.upper() == "QUIT":
            return Cue(None, (Octets(b"221 2.0.0 the script is over\r\n"), Close()))
        return Cue(None, (Octets(b"500 5.5.1 the script is over\r\n"),))

    def _perform(self, cue: Cue, command: str) -> list[Step]:
        said = joined(cue.steps)
        if cue.asks_for_content:
            self._receiver = DataReceiver(_LIMIT)
        self._in_auth = said.startswith(b"334")
        self._handshake = any(isinstance(step, StartTls) for step in cue.steps)
        self._over = any(isinstance(step, Close | Stall) for step in cue.steps)
        self._log.add(command, said, secure=self._secure)
        return list(cue.steps)


def _shown(text: str, *, in_auth: bool) -> str:
    """The line as it may be shown: an answer to a 334, and an initial response, are hidden."""
    words = text.split(" ", 2)
    if in_auth and text != "*":
        return MASK
    return f"{words[0]} {words[1]} {MASK}" if words[0].upper() == "AUTH" and len(words) > 2 else text
