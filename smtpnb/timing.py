"""How long each exchange of a session took: sending it, and waiting for the reply; for one session or several.

Times differ from run to run, so this is made and shown only when somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.exchange import Exchange
from smtpnb.text import plural, shortened, visible

#: Characters of a command that are kept: a hostile one has thousands, each of which would be spelt out.
_CHARACTERS: Final = 80

#: Exchanges in the text form.
_SHOWN: Final = 60


class Lap(NamedTuple):
    """The times of one exchange, in seconds.

    Attributes:
        command: what was sent, nothing hidden in it; "(greeting)" where nothing was.
        code: the reply's code, or 0.
        begin: when it was sent, after the first exchange of the session.
        sending: until its last octet was on its way.
        waiting: from then until the whole reply was there.
        pipelined: whether it was sent before the reply to the one before it had come.
    """

    command: str
    code: int
    begin: float
    sending: float
    waiting: float
    pipelined: bool = False

    @property
    def end(self) -> float:
        """When the whole reply was there."""
        return self.begin + self.sending + self.waiting

    @property
    def verb(self) -> str:
        """The command's first word, of bounded length."""
        return shortened(self.command.partition(" ")[0] or "(response)", 12)


class TimedSession(NamedTuple):
    """The times of one session.

    Attributes:
        label: what to call it.
        laps: its exchanges, in order.
    """

    label: str
    laps: tuple[Lap, ...]

    @property
    def span(self) -> float:
        """Seconds from the first exchange to the last reply."""
        return max((lap.end for lap in self.laps), default=0.0)

    @property
    def sending(self) -> float:
        """Seconds spent sending; what is sent in one write counts once."""
        return sum(lap.sending for lap in self.laps if not lap.pipelined)

    @property
    def rounds(self) -> int:
        """How often the client sent something and waited: a group sent in one write is one round trip."""
        return sum(not lap.pipelined for lap in self.laps)

    @property
    def summary(self) -> str:
        """`5 exchanges in 4 round trips, 3.2 ms`: the session in a line."""
        trips = plural(self.rounds, "round trip")
        return f"{plural(len(self.laps), 'exchange')} in {trips}, {milliseconds(self.span)}"


@dataclass(frozen=True)
class Timing(Displayable):
    """The times of one session, or of several to compare.

    Attributes:
        sessions: each with its label and exchanges.
    """

    sessions: tuple[TimedSession, ...]

    def to_text(self) -> str:
        """The numbers: an exchange a line, of many the first."""
        lines: list[str] = []
        for session in self.sessions:
            lines += [f"{visible(session.label)}: {session.summary}", "  sent at | sending | waiting | command | reply"]
            for lap in session.laps[:_SHOWN]:
                times = " | ".join(milliseconds(seconds) for seconds in (lap.begin, lap.sending, lap.waiting))
                together = " (pipelined)" if lap.pipelined else ""
                lines.append(f"  {times} | {shortened(lap.command, 200)}{together} | {lap.code or 'none'}")
            if len(session.laps) > _SHOWN:
                lines.append(f"  … {plural(len(session.laps) - _SHOWN, 'more exchange')} …")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        # Without the times: the same cell shall show the same output.
        counts = (f"{visible(session.label)}: {plural(len(session.laps), 'exchange')}" for session in self.sessions)
        return f"<Timing of {'; '.join(counts)}>"


def milliseconds(seconds: float) -> str:
    """`1.9 ms`."""
    return f"{seconds * 1000:,.1f} ms"


def timed(label: str, exchanges: Sequence[Exchange]) -> TimedSession:
    """The times of a session's exchanges."""
    start = exchanges[0].at if exchanges else 0.0
    return TimedSession(label, tuple(_lap(exchange, start) for exchange in exchanges))


def _lap(exchange: Exchange, start: float) -> Lap:
    elapsed = exchange.reply.elapsed if exchange.reply else 0.0
    waiting = min(exchange.wait, elapsed) if exchange.wait else elapsed
    command = "(greeting)" if exchange.command is None else visible(shortened(exchange.command, _CHARACTERS))
    code = exchange.reply.code if exchange.reply else 0
    return Lap(command, code, exchange.at - start, elapsed - waiting, waiting, exchange.pipelined)
