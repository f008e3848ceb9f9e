"""The exercises of notebook 09: when SMTPUTF8 is needed, NOTIFY built, each parameter with its command."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function, value

# -- SMTPUTF8 ----------------------------------------------------------------------------------------------------

_ASCII: Final = ("alice@example.org", "bob@example.org")

_MAILS: Final = (
    (_ASCII, "Subject: Hi\n\nHello\n", ""),
    (("zoë@example.org", "bob@example.org"), "Subject: Hi\n\nHello\n", ""),
    (_ASCII, "Subject: Grüße\n\nHello\n", "There is ü in the header section."),
    (_ASCII, "Subject: Hi\n\nGrüße\n", "The body is the business of BODY=8BITMIME."),
    (("alice@example.org", "bob@bücher.example"), "Subject: Hi\n\nHello\n", "A domain can be international, too."),
    (("alice@example.org", "bob@xn--bcher-kva.example"), "Subject: Hi\n\nHello\n",
     "xn--bcher-kva is bücher in ASCII letters: an A-label (RFC 6531 §3.2)."),
    (_ASCII, "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nHello\n", "An encoded word is ASCII."),
    (("", "bob@example.org"), "Subject: Hi\n\n世界\n", ""),
    (_ASCII, "Subject: 世界\n", "A message may have no body."),
    (("alice@example.org", "bob@example.org", "世界@example.net"), "Subject: Hi\n\nHello\n", "One recipient is enough."),
    (_ASCII, "From: alice@example.org\nSubject: Grüße\n\nHello\n", "The second line is in the header section, too."),
    (_ASCII, "Subject: Hi\n\nHello\n\nSubject: Grüße\n", "The header section ends at the first empty line."),
)  # fmt: skip


def _needed(addresses: Sequence[str], message: str, *, local: bool = False) -> bool:
    paths = [address.partition("@")[0] if local else address for address in addresses]
    return not all(text.isascii() for text in (*paths, message.partition("\n\n")[0]))


_needs_smtputf8 = function(
    "needs_smtputf8",
    [Case((addresses, message), _needed(addresses, message), because) for addresses, message, because in _MAILS],
    [
        (lambda addresses, message: not all(text.isascii() for text in (*addresses, message)),
         "That looks at the body, too. For the body there is BODY=8BITMIME; SMTPUTF8 is for addresses and the header section."),
        (lambda addresses, _: not all(map(str.isascii, addresses)),
         "The addresses are right. The header section may hold more than ASCII, too."),
        (lambda _, message: _needed((), message), "The header section is right. The addresses may be more than ASCII, too."),
        (lambda addresses, message: _needed(addresses, message, local=True),
         "The domain counts as well as what stands before the @."),
        (lambda addresses, message: _needed(addresses[:1], message), "The recipients' addresses count, too."),
        (lambda addresses, message: _needed(addresses[:2], message), "There can be more than one recipient."),
        (lambda addresses, message: not _needed(addresses, message), "The other way round: True where it is needed."),
    ],
)  # fmt: skip

# -- NOTIFY ------------------------------------------------------------------------------------------------------

_WISHES: Final = ((), ("FAILURE",), ("SUCCESS", "FAILURE"), ("DELAY",), ("SUCCESS", "FAILURE", "DELAY"), ("SUCCESS",))  # fmt: skip


def _parameter(wishes: Sequence[str], *, comma: str = ",", never: str = "NEVER") -> str:
    return f"NOTIFY={comma.join(wishes) or never}"


_notify = function(
    "notify",
    [Case((wishes,), _parameter(wishes)) for wishes in _WISHES],
    [
        (lambda wishes: _parameter(wishes, never=""), "No wish at all has a word of its own: NEVER. NOTIFY= alone is a 501."),
        (lambda wishes: _parameter(wishes, comma=", "), "No space behind the comma: a space ends the parameter."),
        (lambda wishes: _parameter(wishes, comma=" "), "A space ends the parameter. Commas stand between the words."),
        (lambda wishes: _parameter(wishes, comma=";"), "Commas stand between the words."),
        (lambda wishes: _parameter(wishes).removeprefix("NOTIFY="), "The parameter's name belongs to it: NOTIFY=…"),
        (lambda wishes: _parameter(wishes) if wishes else "",
         "Without NOTIFY the server reports failures, and perhaps delays. Silence has to be asked for: NOTIFY=NEVER."),
        (lambda wishes: _parameter((*wishes, "NEVER")), "NEVER stands alone: with others it contradicts them, and is a 501."),
        (lambda wishes: " ".join(f"NOTIFY={wish}" for wish in wishes or ("NEVER",)),
         "The same parameter twice is a 501. One NOTIFY holds all the words."),
    ],
)  # fmt: skip

# -- which command -----------------------------------------------------------------------------------------------

#: RFC 1870 §3, 6152 §2, 6531 §3.1, 3461 §4: MAIL speaks of the message, RCPT of one recipient.
COMMANDS: Final[Mapping[str, str]] = {
    "SIZE": "MAIL",
    "BODY": "MAIL",
    "SMTPUTF8": "MAIL",
    "RET": "MAIL",
    "ENVID": "MAIL",
    "NOTIFY": "RCPT",
    "ORCPT": "RCPT",
}

_commands = value(
    COMMANDS,
    [
        ({**COMMANDS, "NOTIFY": "MAIL", "ORCPT": "MAIL"}, "Not all go with MAIL: a sender may want a report for one recipient and none for another."),
        ({**COMMANDS, "NOTIFY": "MAIL"}, "NOTIFY is a wish for one recipient: RCPT."),
        ({**COMMANDS, "ORCPT": "MAIL"}, "ORCPT is the address of one recipient: RCPT."),
        ({**COMMANDS, "RET": "RCPT"}, "RET says how much of the message comes back, for all recipients alike: MAIL."),
        ({**COMMANDS, "ENVID": "RCPT"}, "ENVID names the whole envelope: MAIL."),
        ({**COMMANDS, "RET": "RCPT", "ENVID": "RCPT"}, "RET and ENVID belong to the whole envelope: MAIL."),
        ({**COMMANDS, "SMTPUTF8": "RCPT"}, "SMTPUTF8 is said once, for the whole mail: MAIL."),
    ],
    'A mapping of each of the seven to "MAIL" or "RCPT". Ask the sandbox: 555 is said where a parameter does not belong.',
)  # fmt: skip


def _which_command(answer: Any) -> str | None:
    if not isinstance(answer, Mapping):
        return _commands(answer)
    if set(answer) != set(COMMANDS):
        return f"All seven are wanted, in capitals: {', '.join(COMMANDS)}."
    return _commands({key: told.strip().upper() if isinstance(told, str) else told for key, told in answer.items()})


EXERCISES: Final = (
    Exercise(
        "needs_smtputf8",
        "09",
        "Write needs_smtputf8(addresses, message): whether MAIL needs SMTPUTF8, for all addresses of the envelope and a message "
        "whose header section ends at the first empty line.",
        ("needs_smtputf8",),
        (
            "Two things can need it, and the body is none of them.",
            'The addresses, and the header section: message.partition("\\n\\n")[0]. text.isascii() tells.',
            'return not all(text.isascii() for text in [*addresses, message.partition("\\n\\n")[0]])',
        ),
        _needs_smtputf8,
        "Say it only where it is needed: not every server can, and the mail may go farther without it (RFC 6531 §3.4).",
    ),
    Exercise(
        "notify",
        "09",
        'Write notify(wishes): the parameter for RCPT, from a tuple of the words "SUCCESS", "FAILURE" and "DELAY", perhaps '
        "empty.",
        ("notify",),
        (
            "Commas and no spaces. And what if nothing is wished for?",
            'An empty tuple becomes NOTIFY=NEVER. Else ",".join(wishes) stands behind the equals sign.',
            'return "NOTIFY=" + (",".join(wishes) or "NEVER")',
        ),
        _notify,
        "NEVER is a wish, too: without NOTIFY a server reports failures.",
    ),
    Exercise(
        "which_command",
        "09",
        'Which command does each parameter go with? A mapping of each to "MAIL" or "RCPT".',
        ("where",),
        (
            "MAIL speaks of the whole message, RCPT of one recipient. Which two can differ from one recipient to the next?",
            "Two of the seven go with RCPT, both of the extension DSN.",
            "NOTIFY and ORCPT go with RCPT, the other five with MAIL.",
        ),
        _which_command,
        "What can differ from one recipient to the next goes with RCPT, and the rest with MAIL.",
    ),
)  # fmt: skip
