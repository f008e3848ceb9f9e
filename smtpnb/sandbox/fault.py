# ruff: noqa: ARG002 - a hook takes what the others need
"""What broken, slow and hostile servers do, one behaviour each.

Most happen `at` one point of a session, the `nth` time it is reached, in one `session`; left out, always. Their
names are verbs: a server that `Drips(at="EHLO")`.
"""

import random
from dataclasses import dataclass
from typing import ClassVar, Final

from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.behaviour import Behaviour, Moment, PointBehaviour
from smtpnb.sandbox.steps import Close, Octets, Pause, Stall, StartTls, Step, joined
from smtpnb.sandbox.stripper import stripped
from smtpnb.sandbox.suggestion import one_of


@dataclass(frozen=True, kw_only=True)
class Fails(PointBehaviour):
    """Says something else than it should, such as 451 or 421, and does nothing of what was asked.

    Args:
        reply: what it says, such as `451 4.3.0 Try again later`; behind a 421 it closes.
        at: where; `CONTENT` is the reply behind the end of mail data.

    Raises:
        ValueError: `reply` is no reply.
    """

    reply: str = "451 4.3.0 Try again later"

    def __post_init__(self) -> None:
        super().__post_init__()
        Answer.parse(self.reply)

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """The reply."""
        return Answer.parse(self.reply)


@dataclass(frozen=True, kw_only=True)
class Flickers(PointBehaviour):
    """Fails now and then with 451 4.3.0, by the toss of a coin that falls the same way each time.

    Args:
        rate: how often, from 0 (never) to 1 (always).
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.rate <= 1:
            raise ValueError(f"a rate is from 0 to 1, not {self.rate!r}")

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """451, or None."""
        # Seeded afresh each time: two sessions at once would otherwise take each other's numbers.
        coin = random.Random(f"{moment.seed} {moment.session} {moment.point} {moment.occurrence}")  # noqa: S311
        return answer(451, "4.3.0", "Try again later") if coin.random() < self.rate else None


@dataclass(frozen=True, kw_only=True)
class Delays(PointBehaviour):
    """Takes its time before each reply.

    Args:
        seconds: how long.
        virtual: lets only the sandbox's clock run on, and nobody wait.
    """

    seconds: float = 0.2
    virtual: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        Pause(self.seconds)  # refuses what is no time

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """A pause first."""
        if self.virtual:
            moment.clock.advance(self.seconds)
            return steps
        return [Pause(self.seconds), *steps]


@dataclass(frozen=True, kw_only=True)
class Drips(PointBehaviour):
    """Sends a few octets at a time.

    Args:
        octets: how many at a time.
        seconds: the pause between.
    """

    octets: int = 1
    seconds: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        Pause(self.seconds)
        if self.octets < 1:
            raise ValueError(f"at least one octet drips at a time, not {self.octets!r}")

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The same octets, in drops."""
        dripping: list[Step] = []
        for step in steps:
            dripping += self._drops(step.data) if isinstance(step, Octets) else [step]
        return dripping

    def _drops(self, data: bytes) -> list[Step]:
        steps: list[Step] = []
        for at in range(0, len(data), self.octets):
            steps += [Octets(data[at : at + self.octets]), Pause(self.seconds)]
        return steps[:-1]


def _refuse_negative(octets: int) -> None:
    if octets < 0:
        raise ValueError(f"octets are counted from 0, not {octets!r}")


@dataclass(frozen=True, kw_only=True)
class Stalls(PointBehaviour):
    """Falls silent for ever, the connection open.

    Args:
        octets: how much of the reply it still sends.
    """

    octets: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_negative(self.octets)

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The beginning, then nothing."""
        begun = joined(steps)[: self.octets]
        return [*([Octets(begun)] if begun else []), Stall()]


@dataclass(frozen=True, kw_only=True)
class HangsUp(PointBehaviour):
    """Closes the connection in the middle of a reply.

    Args:
        octets: how much of the reply it still sends.
        reset: as a crash would, rather than in order.
    """

    octets: int = 2
    reset: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_negative(self.octets)

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The beginning, then the end."""
        begun = joined(steps)[: self.octets]
        return [*([Octets(begun)] if begun else []), Close(self.reset)]


@dataclass(frozen=True, kw_only=True)
class Sends(PointBehaviour):
    """Sends given octets in place of a reply, whatever they are.

    Args:
        octets: what it sends.
        closes: whether it closes the connection behind them.
    """

    octets: bytes = b""
    closes: bool = False

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """Those octets, and what was to be done besides."""
        end: list[Step] = [Close()] if self.closes else [step for step in steps if not isinstance(step, Octets)]
        return [Octets(self.octets), *end]


@dataclass(frozen=True, kw_only=True)
class MixesCodes(PointBehaviour):
    """Gives the last line of a reply another code; a one-line reply becomes two lines (RFC 5321 §4.2.1 forbids it).

    Args:
        code: the other code.
    """

    code: int = 550

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 200 <= self.code <= 599:
            raise ValueError(f"a reply code is from 200 to 599, not {self.code!r}")

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The same lines, the last with the wrong code."""
        lines = joined(steps).removesuffix(b"\r\n").split(b"\r\n")
        first = lines[:-1] or [lines[0][:3] + b"-" + lines[0][4:]]
        last = str(self.code).encode("ascii") + lines[-1][3:]
        mixed = b"".join(line + b"\r\n" for line in (*first, last))
        return [Octets(mixed), *(step for step in steps if not isinstance(step, Octets))]


@dataclass(frozen=True, kw_only=True)
class Rambles(PointBehaviour):
    """Sends a reply line that does not end where it should (RFC 5321 §4.5.3.1.5: 512 octets).

    Args:
        octets: how long the line is.
    """

    octets: int = 100_000

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_negative(self.octets)

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The reply, its last line stretched."""
        reply = joined(steps).removesuffix(b"\r\n")
        stretched = reply + b" bla" * (self.octets // 4) + b"\r\n"
        return [Octets(stretched), *(step for step in steps if not isinstance(step, Octets))]


#: Text that no reader should be taken in by: terminal controls, a bidi override, a zero-width space, HTML, TeX.
HOSTILE_TEXT: Final = (
    "\x1b[31mred\x07 \u202egnp.exe\u202c a\u200bb <script>alert(1)</script> <b onclick=x>bold</b> $\\frac{1}{2}$"
)


@dataclass(frozen=True, kw_only=True)
class Taunts(PointBehaviour):
    """Puts control characters, bidi overrides and HTML into the last line of a reply (CVE-2021-42574).

    Args:
        text: what it puts there.
    """

    text: str = HOSTILE_TEXT

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The reply, and the text behind it."""
        reply = joined(steps).removesuffix(b"\r\n") + b" " + self.text.encode() + b"\r\n"
        return [Octets(reply), *(step for step in steps if not isinstance(step, Octets))]


#: What answers on a port where no SMTP server is: (octets, whether it closes behind them).
GREETINGS: Final = {
    "http": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", True),
    "ssh": (b"SSH-2.0-OpenSSH_9.6\r\n", False),
    "pop3": (b"+OK POP3 server ready\r\n", False),
    # A TLS alert (RFC 8446 §6): fatal, unexpected_message. What a TLS port says to plain text.
    "tls": (b"\x15\x03\x01\x00\x02\x02\x0a", True),
    "silent": (b"", False),
}


@dataclass(frozen=True, kw_only=True)
class GreetsAs(Behaviour):
    """Greets as another protocol's server would.

    Args:
        protocol: one of `GREETINGS`.

    Raises:
        ValueError: none of them.
    """

    protocol: str

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.protocol, GREETINGS, "the greeting")

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The greeting, and nothing more."""
        if moment.point != "CONNECT":
            return steps
        octets, closes = GREETINGS[self.protocol]
        return [*([Octets(octets)] if octets else []), Close() if closes else Stall()]


@dataclass(frozen=True, kw_only=True)
class TalksBehindStartTls(Behaviour):
    """Sends plain-text replies behind the 220 of STARTTLS, for the client to take for encrypted (CVE-2021-22947).

    Args:
        octets: what it sends.
    """

    octets: bytes = b"250-injected.example\r\n250 AUTH PLAIN\r\n"

    def answered(self, steps: list[Step], moment: Moment) -> list[Step]:
        """The 220 and the octets, in one write."""
        if not any(isinstance(step, StartTls) for step in steps):
            return steps
        return [Octets(joined(steps) + self.octets), StartTls()]


@dataclass(frozen=True, kw_only=True)
class KeepsPlaintext(Behaviour):
    """Obeys inside TLS what was pipelined behind STARTTLS in the clear (CVE-2011-0411)."""

    keeps_plaintext: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class StripsStartTls(Behaviour):
    """As a man in the middle would: STARTTLS is not among the extensions, and no verb. `StrippingProxy` is one.

    Args:
        leaves_gap: the line is still there, overwritten with X of the same length, as some firewalls do.
    """

    leaves_gap: bool = False

    def capabilities(self, lines: tuple[str, ...], moment: Moment) -> tuple[str, ...]:
        """The lines without STARTTLS."""
        return stripped(lines, leaves_gap=self.leaves_gap)

    def before(self, moment: Moment, argument: str) -> Answer | None:
        """500, as the server says that sees XXXXXXXX."""
        return answer(500, "5.5.1", "Unknown verb") if moment.point == "STARTTLS" else None
