"""What a learner's session shows: the exchanges of a client, a transcript or a sandbox's view of them."""

from typing import Any

from smtpnb.exercises.exercise import NotAnswered
from smtpnb.transcript import Exchange, Transcript


def exchanges(answer: Any) -> tuple[Exchange, ...]:
    """The exchanges of a client or a transcript.

    Raises:
        TypeError: it is neither.
    """
    transcript = getattr(answer, "transcript", answer)
    if not isinstance(transcript, Transcript):
        raise TypeError(f"a client or a transcript is wanted, not {type(answer).__name__}")
    return transcript.exchanges


def begun(answer: Any) -> bool:
    """True, where the client has said something.

    Raises:
        NotAnswered: it was greeted at the most: the skeleton does that.
    """
    if all(exchange.command is None for exchange in exchanges(answer)):
        raise NotAnswered
    return True


def codes(answer: Any, verb: str = "") -> list[int]:
    """The reply codes in order, of one verb or of all; 0 where no reply came."""
    said = [e for e in exchanges(answer) if not verb or (e.command or "").upper().startswith(verb)]
    return [exchange.reply.code if exchange.reply else 0 for exchange in said]
