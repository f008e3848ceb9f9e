"""The exercises of notebook 05: what a reply to VRFY says of a user, and five users mapped."""

from collections.abc import Mapping
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function, value
from smtpnb.protocol.reply import SmtpReply

_REPLIES: Final = {
    "250 2.1.5 Alice <alice@example.org>": True,
    "550 5.1.1 No such user here": False,
    "252 2.0.0 Cannot say, but will take mail": None,
    "502 5.5.1 Not implemented here": None,
    "553-5.1.4 Ambiguous; possibilities are\r\n553 5.1.4 Ann <ann@example.org>": None,
    "250 Bob <bob@example.org>": True,
    "550 nobody of that name": False,
    "450 4.3.0 Try again later": None,
    "530 5.7.0 Authentication required": None,
    "500 5.5.2 What?": None,
}

_verified = function(
    "verified",
    [Case((SmtpReply.parse(f"{raw}\r\n"),), wanted) for raw, wanted in _REPLIES.items()],
    [
        (lambda reply: reply.success, '252 is a success of a kind, but it says "I do not tell". So it is None; and so are 502 and 553.'),
        (lambda reply: reply.code == 250, "That is True or False for every reply. A server that does not tell leaves None."),
        (lambda reply: {250: True, 252: True, 550: False}.get(reply.code), "252 means: I do not tell. That is None."),
        (lambda reply: {250: True, 252: False, 550: False}.get(reply.code), "252 means: I do not tell. That is None."),
        (lambda reply: True if reply.code == 250 else False if reply.severity == 5 else None,
         '5xx is not always "no such user": 502 is "not here", 553 "which one?", 530 "log in first". Only 550 denies.'),
        (lambda reply: True if reply.code == 250 else None if reply.code == 252 else False,
         "Only 550 says no. 502, 553, 450 and 530 say nothing about the user: None."),
        (lambda reply: True if reply.code == 250 else None, "550 says that there is no such user: False."),
    ],
)  # fmt: skip

#: What the exercise's server tells: see the notebook's cell.
USERS: Final[Mapping[str, bool | None]] = {"alice": True, "bob": None, "carol": None, "mallory": False, "erin": None}

_mapped = value(
    USERS,
    [
        ({**USERS, "bob": True}, "252 for bob: that is no yes. The server does not tell."),
        ({**USERS, "carol": True}, "553 for carol: the name is not enough, and so nothing is known."),
        ({**USERS, "carol": False}, "553 for carol: the name is not enough, and so nothing is known."),
        ({**USERS, "erin": False}, "502 for erin: VRFY is switched off. That says nothing about erin."),
        ({**USERS, "carol": False, "erin": False}, 'A 5xx is no "no such user" by itself: 502 and 553 tell nothing of it.'),
        ({**USERS, "bob": True, "carol": False, "erin": False}, "252 is no yes, and of the 5xx only 550 is a no."),
        ({name: bool(told) for name, told in USERS.items()}, "Three answers are possible, and None is one: not told."),
    ],
    "Ask for each of the five, and keep True, False or None: {name: verified(mixed.vrfy(name)) for name in names}.",
)  # fmt: skip


def _map(answer: Any) -> str | None:
    if isinstance(answer, Mapping) and any(isinstance(told, SmtpReply) for told in answer.values()):
        return "These are the replies. What do they say: True, False, or None? verified(reply) tells."
    return _mapped(answer)


EXERCISES: Final = (
    Exercise(
        "verified",
        "05",
        "Write verified(reply): True if the user exists, False if not, None if the reply does not tell.",
        ("verified",),
        (
            "How many codes say yes, and how many say no? Fewer than you think.",
            "Only 250 says yes, and only 550 says no. All others tell nothing of the user.",
            "{250: True, 550: False}.get(reply.code)",
        ),
        _verified,
        "Three answers and not two: most servers today do not tell, and that is no answer about the user.",
    ),
    Exercise(
        "map_users",
        "05",
        "Ask the server about five users: a mapping of each name to True, False or None.",
        ("users",),
        (
            "One VRFY for each name, and the function from the exercise before.",
            "mixed.vrfy(name) is the reply; verified(...) makes True, False or None of it.",
            "users = {name: verified(mixed.vrfy(name)) for name in names}",
        ),
        _map,
        "Of five names this server confirmed one and denied one. VRFY is a poor address book.",
    ),
)
