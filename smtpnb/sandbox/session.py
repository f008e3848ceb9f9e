"""The server itself, without a socket: octets in, steps out.

`Session` is synchronous and deterministic. It has no clock, no thread and no TLS: it returns `Octets`, `Pause`,
`StartTls`, `Close` and `Stall` for its host to carry out. However its input is cut, its output is the same. All
it keeps is bounded by the constants of `receiver`, `configuration`, `mailbox` and `record`.
"""

from collections.abc import Callable
from typing import Any, Final

from smtpnb.sandbox.answer import Answer, Refusal, answer
from smtpnb.sandbox.behaviour import Moment
from smtpnb.sandbox.configuration import Configuration
from smtpnb.sandbox.dialogue import Dialogue, Expected
from smtpnb.sandbox.receiver import ChunkReceiver, Line, LineReceiver
from smtpnb.sandbox.record import Log, SessionRecord, shown
from smtpnb.sandbox.steps import Close, Octets, Stall, StartTls, Step, joined
from smtpnb.sandbox.verbs import TABLE
from smtpnb.secret import MASK
from smtpnb.text import decoded

#: Octets pipelined behind STARTTLS that are kept where a behaviour keeps any.
_HELD: Final = 64 * 1024


class Session:
    """One SMTP session, the server's side.

    Args:
        configuration: what all sessions of a sandbox share.
        number: which session it is, from 1.
    """

    def __init__(self, configuration: Configuration | None = None, number: int = 1) -> None:
        self._shared = configuration or Configuration()
        self._dialogue = Dialogue(self._shared, number)
        self._lines = LineReceiver()
        self._log = Log()
        self._moment = self._dialogue.moment
        self._held = b""
        self._over = False
        self._after_auth = False

    def greet(self) -> list[Step]:
        """The greeting (RFC 5321 §3.1); call it once, after `tls_started` where TLS is implicit."""
        moment = self._reached("CONNECT")
        refused = self._shared.behaviours.before(moment, "")
        self._dialogue.refused_greeting = refused is not None and refused.code == 554
        greeting = answer(220, "", f"{self._shared.hostname} ESMTP smtpnb teaching server")
        return self._reply(refused or greeting, "")

    def receive(self, data: bytes) -> list[Step]:
        """What to do about octets from the client, of any number.

        Args:
            data: what came; nothing is done about it once the session is over.

        Returns:
            Steps, in order. Behind `StartTls`, call `tls_started` before the next `receive`.
        """
        steps: list[Step] = []
        at = 0
        while at < len(data) and not (self._over or self._dialogue.handshake):
            expected = self._dialogue.expected
            result, at = (expected.receiver if expected else self._lines).take(data, at)
            if result is not None:
                steps += self._obey(result) if expected is None else self._take(expected, result)
        if self._dialogue.handshake:
            self._hold(data[at:])
        return steps

    def tls_started(self, version: str, cipher: str) -> list[Step]:
        """Takes note of a finished handshake; all that the client said before is forgotten (RFC 3207 §4.2).

        Args:
            version: such as `TLSv1.3`.
            cipher: its name.

        Returns:
            No steps, unless a behaviour obeys what was pipelined behind STARTTLS.
        """
        self._dialogue.forget()
        self._dialogue.tls = (version, cipher)
        self._lines = LineReceiver()
        held, self._held = self._held, b""
        return self.receive(held)

    def timed_out(self) -> list[Step]:
        """What to do about a client that said nothing for too long (RFC 5321 §4.5.3.2.7)."""
        if self._over or self._dialogue.handshake:
            return [Close()]
        self._reached("")
        return self._reply(answer(421, "4.4.2", f"{self._shared.hostname} waited too long"), "")

    def end(self) -> None:
        """Takes note that the connection is gone."""
        self._over = True

    def record(self) -> SessionRecord:
        """What happened so far, frozen."""
        exchanges, omitted = self._log.kept()
        return SessionRecord(
            number=self._dialogue.number,
            exchanges=exchanges,
            omitted=omitted,
            secure=self._dialogue.tls is not None,
            authenticated_as=self._dialogue.login,
            messages=tuple(self._dialogue.delivered),
            open=not self._over,
        )

    def _obey(self, line: Line) -> list[Step]:
        """Does what a command line asks, or waits for the octets that belong to it."""
        # RFC 5321 §4.1.1: white space at the end SHOULD be tolerated.
        text = decoded(line.octets).rstrip(" \t")
        verb, _, argument = text.partition(" ")
        verb = verb.upper()
        moment = self._reached(verb)
        reply = self._attempt(moment, argument, lambda: self._dispatched(line, verb, argument))
        if reply is None:
            return []
        owed = TABLE[verb].owed(argument) if verb in TABLE else 0
        if owed and not line.fault and reply.code >= 400:
            # A refused BDAT is still followed by its octets: they must not be taken for commands (RFC 3030 §2).
            self._dialogue.expected = Expected(ChunkReceiver(owed, keep=False), lambda _: reply, lambda _: text)
            return []
        return self._reply(reply, self._shown(verb, text))

    def _shown(self, verb: str, text: str) -> str:
        """The line as it may be recorded: behind a refused AUTH, what is no verb may be a password sent regardless."""
        stray = self._after_auth and verb not in TABLE
        self._after_auth = verb == "AUTH" or stray
        return MASK if stray else shown(verb, text)

    def _dispatched(self, line: Line, verb: str, argument: str) -> Answer | None:
        if line.fault:
            raise Refusal(500, "5.5.2", line.fault)
        if self._dialogue.refused_greeting and verb != "QUIT":
            raise Refusal(503, "5.5.1", "No service here: QUIT is all there is")  # RFC 5321 §3.1
        row = TABLE.get(verb)
        if row is None:
            raise Refusal(500, "5.5.1", "Unknown verb: HELP lists those there are")
        return row.obey(self._dialogue, argument)

    def _take(self, expected: Expected, result: Any) -> list[Step]:
        """Goes on with what was waited for."""
        self._dialogue.expected = None
        if not expected.point:
            reply = self._settled(lambda: expected.then(result))
        else:
            reply = self._attempt(self._reached(expected.point), "", lambda: expected.then(result))
            self._dialogue.transaction = None  # accepted or refused, it is over (RFC 5321 §4.1.1.4)
        return self._reply(reply, expected.shown(result)) if reply else []

    def _attempt(self, moment: Moment, argument: str, action: Callable[[], Answer | None]) -> Answer | None:
        """A behaviour's reply, or else the action's."""
        told = argument.partition(" ")[0] if moment.point == "AUTH" else argument
        refused = self._shared.behaviours.before(moment, told)
        return refused if refused is not None else self._settled(action)

    @staticmethod
    def _settled(action: Callable[[], Answer | None]) -> Answer | None:
        try:
            return action()
        except Refusal as refusal:
            return refusal.answer

    def _reached(self, point: str) -> Moment:
        self._moment = self._dialogue.reached(point)
        return self._moment

    def _reply(self, reply: Answer, command: str) -> list[Step]:
        """The steps of one reply, as the behaviours would have them."""
        reply = self._counted(reply)
        steps: list[Step] = [Octets(reply.octets(enhanced="ENHANCEDSTATUSCODES" in self._dialogue.capabilities))]
        if reply.closes:
            steps.append(Close())
        elif self._dialogue.handshake:
            steps.append(StartTls())
        steps = self._ended(self._shared.behaviours.answered(steps, self._moment))
        self._log.add(command, joined(steps), secure=self._dialogue.tls is not None)
        self._dialogue.replies += 1
        return steps

    def _counted(self, reply: Answer) -> Answer:
        """`reply`, or 421 where it would be one refusal too many (RFC 5321 §3.8)."""
        self._dialogue.errors += reply.code >= 500
        if self._dialogue.errors <= self._shared.max_errors:
            return reply
        return answer(421, "4.7.0", f"{self._shared.hostname} closes: too many errors")

    def _ended(self, steps: list[Step]) -> list[Step]:
        """The steps up to the one that ends the session, that included."""
        for index, step in enumerate(steps):
            if isinstance(step, Close | Stall):
                self._over = True
                return steps[: index + 1]
        # A behaviour that took StartTls away called the handshake off.
        self._dialogue.handshake = any(isinstance(step, StartTls) for step in steps)
        return steps

    def _hold(self, data: bytes) -> None:
        """Throws away what came behind STARTTLS (RFC 3207 §4.2, CVE-2011-0411), or keeps it where a behaviour does."""
        if self._shared.behaviours.keeps_plaintext(self._moment):
            self._held = (self._held + data)[:_HELD]
