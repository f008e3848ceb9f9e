"""The exercise of notebook 00: read the ladder."""

from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.running import shown
from smtpnb.transcript import Exchange


def _first_encrypted(answer: Any) -> str | None:
    command = answer.command if isinstance(answer, Exchange) else answer
    if not isinstance(command, str):
        return f"This is {shown(answer)}. Give the command of that row as text, in quotes, such as 'NOOP'."
    verb = command.split()[0].upper()
    if verb == "EHLO":
        return None
    if verb == "STARTTLS":
        return "STARTTLS and the 220 to it still went in the clear: its row has an open circle, not a lock."
    if verb in ("AUTH", "MAIL", "RCPT", "DATA", "QUIT"):
        return f"{verb} was encrypted, but there is a row with a lock above it."
    return _no_command(command) or f"The ladder has no encrypted row {shown(command)}."


def _no_command(answer: str) -> str | None:
    """What to say to something else that stands in the ladder, or in a cell."""
    if "HANDSHAKE" in answer.upper() or answer.upper().startswith("TLS"):
        return "That row has a lock, but no command: there both sides agree on TLS. Which command comes first after it?"
    if answer[:3].isdigit():
        return f"{answer[:3]} is the server's answer. The command is what the client said: look in its column."
    if "(" in answer:
        return f"{shown(answer)} is Python. The ladder has the command that it sent."
    return None


EXERCISES: Final = (
    Exercise(
        "first_encrypted",
        "00",
        "Which command is in the first encrypted row of the ladder?",
        ("answer",),
        (
            "Look at the ladder above. Every row says whether it went in the clear or through TLS.",
            "A closed lock means TLS. The row of the handshake has one, but no command: go one row further.",
            "It is the first thing the client says after the handshake: hello, once more.",
        ),
        _first_encrypted,
        "The second EHLO is the first command that nobody on the way can read, or forge.",
    ),
)
