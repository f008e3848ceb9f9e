"""Which of its causes a refusal has, where the enhanced status tells: the code says what happened, the status why.

The codes of the mail system stand each for several causes (452 for a full disk and for too many recipients), which is
why enhanced status codes were made (RFC 3463 §1). So where both are known a lesson of the code alone may name the wrong
cause. This module holds what each lesson's causes are, by the subjects of RFC 3463 §3, and words the sentence that has
to stand in its place: what happened to this command, from the first digit, and why, from the status.

It judges no pair by its class: that code and status begin with the same digit has been seen to before.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from smtpnb.knowledge import enhanced_status
from smtpnb.knowledge.enhanced_status import Status
from smtpnb.knowledge.rfc import Reference


class Reason(NamedTuple):
    """What a code means together with its enhanced status.

    Attributes:
        meaning: one plain sentence.
        reference: where the status is defined; None for a draft that became no RFC.
        advice: what to try next, a sentence each.
    """

    meaning: str
    reference: Reference | None
    advice: tuple[str, ...]


#: Codes that stand for several causes (RFC 5321 §4.2.3, RFC 4954 §6): a status that names one is always more exact.
SEVERAL: Final = frozenset({450, 451, 452, 454, 535, 550, 552, 553, 554})

#: Details that name no fault more exactly than a code for faulty commands does.
_COMMANDS: Final = frozenset({(5, 1), (5, 2), (5, 4), (5, 5)})

_ALL: Final = (1, 2, 3, 4, 5, 6, 7)

#: (code, what was asked, "" for the rest) → the subjects that its lesson is about; a code in no row is about them all.
ABOUT: Final[dict[tuple[int, str], tuple[int, ...]]] = {
    (421, ""): (3, 4, 5, 7),
    (432, ""): (7,),
    (450, ""): (2, 7),
    (450, "RCPT"): _ALL,
    (450, "."): (2, 7),
    (451, ""): (3, 4),
    (451, "MAIL"): _ALL,
    (451, "RCPT"): _ALL,
    (451, "."): (3, 4),
    (452, ""): (3,),
    (452, "RCPT"): (3,),
    (454, ""): (3, 4, 7),
    (455, ""): (5,),
    (500, ""): (5,),
    (501, ""): (5,),
    (501, "EHLO"): (1, 5),
    (501, "MAIL"): (1, 5),
    (501, "RCPT"): (1, 5),
    (501, "VRFY"): (1, 5),
    (501, "EXPN"): (1, 5),
    (501, "AUTH"): (5, 7),
    (502, ""): (3, 5, 7),
    (503, ""): (5, 7),
    (504, ""): (3, 5),
    (504, "AUTH"): (5, 7),
    (504, "EHLO"): (1, 5),
    (521, ""): (1, 3, 7),
    (523, ""): (7,),
    (524, ""): (7,),
    (525, ""): (2, 7),
    (530, ""): (5, 7),
    (534, ""): (7,),
    (535, ""): (7,),
    (538, ""): (7,),
    (550, ""): (1, 2, 7),
    (550, "EHLO"): (7,),
    (550, "HELO"): (7,),
    (550, "MAIL"): _ALL,
    (550, "RCPT"): (1, 7),
    (550, "VRFY"): (1,),
    (550, "EXPN"): (1, 7),
    (550, "."): (6, 7),
    (551, ""): (1,),
    (552, ""): (2, 3),
    (552, "MAIL"): (3,),
    (552, "RCPT"): (2,),
    (552, "."): (3,),
    (553, ""): (1,),
    (553, "MAIL"): (1, 7),
    (553, "RCPT"): (1, 7),
    (554, "greeting"): (3, 7),
    (554, "EHLO"): (7,),
    (554, "RCPT"): (1, 7),
    (554, "DATA"): (5,),
    (554, "STARTTLS"): (3, 7),
    (555, ""): (5,),
    (556, ""): (1,),
}

#: What was asked → what happened to it for now (4), and for good (5).
_HAPPENED: Final = {
    "greeting": ("The server takes no session right now", "The server takes no session from this client"),
    "EHLO": ("The server does not take this client right now", "The server refuses this client"),
    "HELO": ("The server does not take this client right now", "The server refuses this client"),
    "MAIL": ("The server does not take this sender right now", "The server refuses this sender"),
    "RCPT": ("The server does not take this recipient right now", "The server refuses this recipient"),
    "DATA": ("The server takes no content right now", "The server takes no content"),
    "BDAT": ("The server does not take this chunk right now", "The server refuses this chunk"),
    ".": ("The server does not take the message right now", "The server read the message and refuses it"),
    "VRFY": ("The server does not answer this question right now", "The server does not answer this question"),
    "EXPN": ("The server does not show this list right now", "The server does not show this list"),
    "AUTH": ("The login does not work right now", "The login failed"),
    "STARTTLS": ("TLS cannot start right now", "TLS cannot start"),
}
_ELSE: Final = ("The server does not do this right now", "The server refuses this")

#: Subject → where the reason lies, when the detail does not say it.
_WHERE: Final = {
    1: "in the addresses",
    2: "in the recipient's mailbox",
    3: "in the receiving system as a whole",
    4: "in the network or on the way there",
    5: "in the commands",
    6: "in the message itself",
    7: "in the rules of the house",
}

_AGAIN: Final = "Wait some minutes, then send the same command again."


def reason(code: int, names: Sequence[str], status: tuple[int, int]) -> Reason | None:
    """What the code means with this status; None where the code's own lesson says it as well, or better.

    Args:
        code: the reply code; other than 4xx and 5xx have no reason to give.
        names: what was asked, the finest name first.
        status: subject and detail, of the same class as the code.
    """
    if code < 400 or status[0] not in _WHERE:
        return None
    if status[0] in about(code, names) and not (code in SEVERAL and names_a_fault(status)):
        return None
    known = enhanced_status.STATUSES.get(status) if status[1] else None
    happened = next((_HAPPENED[name] for name in names if name in _HAPPENED), _ELSE)[code // 100 - 4]
    return _named(code, happened, status, known) if known else _placed(happened, status)


def about(code: int, names: Iterable[str]) -> tuple[int, ...]:
    """The subjects that the lesson of this code, in answer to this, is about."""
    return next((ABOUT[code, name] for name in (*names, "") if (code, name) in ABOUT), _ALL)


def names_a_fault(status: tuple[int, int]) -> bool:
    """Whether the status names one fault, more exactly than a code could."""
    return status[1] != 0 and status in enhanced_status.STATUSES and status not in _COMMANDS


def advice(code: int, status: tuple[int, int]) -> str:
    """What to try after this code with this status of the table, one sentence."""
    # RFC 3463 §3.8 has X.7.1 for permanent errors alone; servers that put off say it too, and then only waiting helps.
    return _AGAIN if status == (7, 1) and code < 500 else enhanced_status.STATUSES[status].advice


def _named(code: int, happened: str, status: tuple[int, int], known: Status) -> Reason:
    why = f"{known.meaning[0].lower()}{known.meaning[1:]}"
    return Reason(f"{happened}: {why}", known.reference, (advice(code, status),))


def _placed(happened: str, status: tuple[int, int]) -> Reason:
    subject, _ = status
    general = enhanced_status.STATUSES[subject, 0]
    return Reason(f"{happened}; by its status the reason lies {_WHERE[subject]}.", general.reference, (general.advice,))
