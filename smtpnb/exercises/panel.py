"""The exercises of notebook 10: a panel's session done by hand, and a panel's Python read back."""

from typing import Any, Final

from smtpnb.exercises.exercise import Exercise, NotAnswered
from smtpnb.exercises.judging import value
from smtpnb.exercises.running import shown
from smtpnb.exercises.seen import exchanges

# -- the same session --------------------------------------------------------------------------------------------

_HIDDEN_STEPS: Final = "With Security at STARTTLS, Connect is four steps: connect, ehlo, starttls, ehlo."


def _said(answer: Any) -> list[tuple[str, bool]]:
    """The commands, and whether each was encrypted; the greeting is none."""
    return [(exchange.command, exchange.secure) for exchange in exchanges(answer) if exchange.command is not None]


def _same_session(panel: Any, mine: Any) -> str | None:
    wanted, given = _said(panel), _said(mine)
    if not wanted:
        return "Nothing was pressed in this panel yet: press Connect, and the others."
    if panel is mine:
        return "That is the panel twice. The second one should be your own client."
    if not given:
        raise NotAnswered
    for number, (theirs, yours) in enumerate(zip(wanted, given, strict=False), 1):
        if theirs != yours:
            return _difference(number, theirs, yours)
    if len(given) < len(wanted):
        return f"Right so far. The panel goes on with {shown(wanted[len(given)][0])}."
    if len(given) > len(wanted):
        return f"The panel ends before your {shown(given[len(wanted)][0])}. Make a new client, and say no more than it did."
    return None


def _difference(number: int, theirs: tuple[str, bool], yours: tuple[str, bool]) -> str:
    if theirs[0] == yours[0]:
        where = "inside TLS" if theirs[1] else "in the clear"
        return f"Command {number}, {shown(theirs[0])}, went {where} in the panel. {_HIDDEN_STEPS}"
    said = f"Command {number} was {shown(theirs[0])} in the panel, and yours was {shown(yours[0])}."
    if theirs[0].split(" ")[0] == yours[0].split(" ")[0]:
        return f"{said} The verb is right."
    return f"{said} {_HIDDEN_STEPS}" if theirs[0].split(" ")[0] in ("EHLO", "STARTTLS") else said


# -- the buttons -------------------------------------------------------------------------------------------------

#: What a panel wrote after six presses: the lesson asks which.
WRITTEN: Final = """\
from email.message import EmailMessage
from smtpnb import Sandbox

sandbox = Sandbox()
client = sandbox.client()
client.connect()
client.ehlo()
client.mail('alice@example.org')
client.rcpt('bob@example.org')
client.rcpt('carol@example.org')
client.data()

message = EmailMessage()
message['From'] = 'alice@example.org'
message['To'] = 'bob@example.org, carol@example.org'
message['Subject'] = 'Which buttons?'
message.set_content('Guess.\\n')
client.data_body(message)
client.quit()
client.transcript
"""

_pressed = value(
    ["connect", "ehlo", "mail", "rcpt", "data", "quit"],
    [
        (["connect", "ehlo", "mail", "rcpt", "rcpt", "data", "quit"],
         "It can be done with one less. RCPT names everybody in To, Cc and Bcc, one command for each."),
        (["connect", "ehlo", "send message", "quit"],
         "Send message is written as client.send_message(message): one line for all. Here every verb has its own."),
        (["connect", "ehlo", "mail", "rcpt", "data", "send message", "quit"],
         "DATA alone does it: it announces the content and, after the 354, sends it."),
        (["connect", "ehlo", "mail", "rcpt", "data", "send raw", "quit"],
         "DATA alone does it: it announces the content and, after the 354, sends it."),
        (["connect", "mail", "rcpt", "data", "quit"],
         "Connect with Security at none is the greeting alone: EHLO was pressed, too."),
        (["ehlo", "mail", "rcpt", "data", "quit"], "Before EHLO there is a connection: it was pressed for, too."),
        (["connect", "ehlo", "mail", "rcpt", "data"], "The session ends in order: how?"),
    ],
    "Go down the lines that begin with client: which button writes each?",
)  # fmt: skip


def _buttons(answer: Any) -> str | None:
    if isinstance(answer, str):
        answer = answer.split(",") if "," in answer else answer.split()
    if not isinstance(answer, list | tuple):
        return f"This is {shown(answer)}; wanted is a list of the buttons' names."
    return _pressed([str(name).strip().lower() for name in answer])


EXERCISES: Final = (
    Exercise(
        "same_session",
        "10",
        "Have the same session as the third panel's, with a client of your own and in code.",
        ("third", "mine"),
        (
            "third.transcript is the panel's ladder: every row that goes to the server is one call.",
            "A new client is sandbox.client(). Its methods have the names of the verbs, and connect() comes first.",
            'mine.connect(), then ehlo(), starttls(), ehlo(), vrfy("carol"), quit(). third.code has the same.',
        ),
        _same_session,
        "Whatever the panel does, methods of the client do: it has no other way to the server.",
    ),
    Exercise(
        "which_buttons",
        "10",
        "This program was written by a panel. Which buttons were pressed, in order, with as few presses as possible?",
        ("buttons",),
        (
            "Most buttons write one line. Two of those pressed here wrote more.",
            "Two recipients stand in the field To. And data_body(…) has no button of its own.",
            'Six: "Connect", "EHLO", "MAIL", "RCPT", "DATA" and "QUIT".',
        ),
        _buttons,
        "A press is a command or several; the program says which.",
    ),
)
