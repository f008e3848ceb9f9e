"""The exercises of notebook 12, and its eight servers: name each fault, find the line that proves it, build a ninth.

`exhibit(3)` is a server with a fault that its name does not tell; one of the eight has none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from smtpnb.errors import SmtpError
from smtpnb.exercises.exercise import Exercise, NotAnswered
from smtpnb.exercises.judging import is_open
from smtpnb.exercises.running import shown
from smtpnb.protocol.reply import SmtpReply
from smtpnb.sandbox import Behaviour, Fails, HangsUp, MixesCodes, Sandbox
from smtpnb.sandbox.suggestion import did_you_mean

#: What may be wrong with a server, in the words of the exercises; two of these have no server here.
FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "another protocol": "something answers at this port, but not SMTP",
        "mixed codes": "the lines of one reply have different codes",
        "TLS not set up": "STARTTLS is offered, and fails each time",
        "bad certificate": "TLS begins, and the certificate is not to be trusted",
        "password in the clear": "AUTH is offered before TLS, and not inside",
        "contradiction": "the two codes of one reply say opposite things",
        "stalls": "the connection stays open, and nothing comes",
        "no answer": "it hangs up where a reply should be",
        "bare LF": "it takes a lone dot between bare LFs for the end of the content",
        "healthy": "nothing: it does what a careful server does",
    }
)


@dataclass(frozen=True, slots=True)
class _Exhibit:
    """One server of the gallery.

    Attributes:
        fault: one of `FAULTS`.
        options: what makes it so.
        proof: the line that proves it.
        keys: what of that line must be there; any of these will do.
        taken_for: what to say to other diagnoses, by fault.
        other_lines: what to say to lines that prove nothing, by a part of them.
        hint: what to say to anything else.
    """

    fault: str
    options: Mapping[str, Any]
    proof: str
    keys: tuple[str, ...]
    taken_for: Mapping[str, str]
    other_lines: Mapping[str, str]
    hint: str


def _broken(*behaviours: Behaviour) -> Mapping[str, Any]:
    return {"behaviours": behaviours}


_EXHIBITS: Final = (
    _Exhibit(
        "another protocol",
        {"greeting": "pop3"},
        "+OK POP3 server ready",
        ("+OK",),
        {"mixed codes": "There is no code at all in what it says: an SMTP greeting begins with 220."},
        {},
        "Look at the very first line. Does it begin with three digits?",
    ),
    _Exhibit(
        "mixed codes",
        _broken(MixesCodes(at="EHLO")),
        "550 HELP",
        ("550",),
        {
            "another protocol": "It greets with 220 as SMTP servers do. The trouble comes with the reply to EHLO.",
            "contradiction": "Nearly: that is about the enhanced code inside one line. Here two lines of a reply disagree.",
        },
        {"220": "The greeting is in order."},
        "Read the reply to EHLO down to its last line: what do all lines of a reply have in common?",
    ),
    _Exhibit(
        "TLS not set up",
        _broken(Fails(at="STARTTLS", reply="454 4.7.0 TLS not available just now")),
        "454 4.7.0 TLS not available just now",
        ("454",),
        {
            "bad certificate": "It never came to a certificate: there was no handshake. What did it answer to STARTTLS?",
            "healthy": "It took the message, but in the clear. It had promised something else in its reply to EHLO.",
        },
        {"STARTTLS": "That is the promise. Which line breaks it?"},
        "Compare what it offers with what happens when the client asks for it.",
    ),
    _Exhibit(
        "password in the clear",
        {"mechanisms": ("PLAIN", "LOGIN"), "mechanisms_in_tls": ()},
        "250-AUTH PLAIN LOGIN",
        ("AUTH",),
        {
            "healthy": "The message came through. But compare the two lists, before TLS and inside: what is on the wrong one?",
            "TLS not set up": "TLS works: the rows below the handshake have a lock. Compare the two lists of extensions.",
        },
        {"STARTTLS": "STARTTLS is in the first list and not in the second: as it should be."},
        "Compare the two lists of extensions, before TLS and inside.",
    ),
    _Exhibit(
        "contradiction",
        _broken(Fails(at="RCPT", reply="550 2.1.5 Recipient accepted")),
        "550 2.1.5 Recipient accepted",
        ("550", "2.1.5"),
        {
            "mixed codes": "Nearly: that is about two lines of one reply. Here there is one line, and it says two things.",
            "healthy": "The reply to RCPT says no and yes at once. Read its two codes.",
        },
        {"250 2.1.5": "There is no such line from this server: look at the three digits again."},
        "Look at the reply to RCPT: the three digits, and then the enhanced code.",
    ),
    _Exhibit(
        "no answer",
        _broken(HangsUp(at="CONTENT", octets=0)),
        ".",
        (".",),
        {
            "stalls": "Nearly: a server that stalls keeps the connection open. This one closed it.",
            "bare LF": "The content has no bare LF in it. What came behind its end?",
            "healthy": "A command is left without an answer: RFC 5321 §4.1.1.4 wants one behind the end of the content.",
        },
        {"354": "The 354 is in order: it asks for the content. What came behind the content?"},
        "Which line of the client has no answer?",
    ),
    _Exhibit(
        "healthy",
        {"greylisting": 300},
        "451 4.7.1 Greylisted, try again in 300 seconds",
        ("451",),
        {
            "contradiction": "451 and 4.7.1 agree: both begin with 4, not now.",
            "no answer": "It answered each command, the last one with 221.",
        },
        {},
        "Is a code that begins with 4 a fault, or a request?",
    ),
    _Exhibit(
        "bare LF",
        {"lax_end_of_data": True},
        "500 5.5.1 Unknown verb: HELP lists those there are",
        ("500",),
        {
            "healthy": "So said the check-up. The second experiment shows two replies too many.",
            "mixed codes": "These are four whole replies, and not the lines of one. How many commands were sent?",
        },
        {"250": "Every server says this 250. Which reply answers something that was never meant as a command?"},
        "Count the replies in the second experiment. What did the server take for commands?",
    ),
)  # fmt: skip


def exhibit(number: int) -> Sandbox:
    """A new server of the gallery, listening; its fault is for you to find.

    Args:
        number: 1 to 8.

    Raises:
        ValueError: there is no such number.
    """
    if number not in range(1, len(_EXHIBITS) + 1):
        raise ValueError(f"the gallery has servers 1 to {len(_EXHIBITS)}, not {number!r}")
    # As careful servers do, all of them ask for passwords inside TLS only, but for those that say otherwise.
    careful = {"mechanisms": (), "mechanisms_in_tls": ("PLAIN", "LOGIN")}
    return Sandbox(**{**careful, **_EXHIBITS[number - 1].options})


# -- faults and proofs -------------------------------------------------------------------------------------------


def _each(answers: Any, name: str, fault: Callable[[_Exhibit, Any], str]) -> str | None:
    """What is wrong with the first wrong answer of a mapping by number."""
    if isinstance(answers, Sequence) and not isinstance(answers, str) and len(answers) == len(_EXHIBITS):
        answers = dict(enumerate(answers, 1))
    if not isinstance(answers, Mapping):
        return f"{name} should map the numbers 1 to 8; this is {shown(answers)}."
    given = {number: answers.get(number) for number in range(1, len(_EXHIBITS) + 1)}
    if all(map(is_open, given.values())):
        raise NotAnswered("Replace the dots")
    found = {number: _one(_EXHIBITS[number - 1], answer, fault) for number, answer in given.items()}
    right = sum(not trouble for trouble in found.values())
    return next((f"{right} of 8 right. Server {n}: {trouble}" for n, trouble in found.items() if trouble), None)


def _one(server: _Exhibit, answer: Any, fault: Callable[[_Exhibit, Any], str]) -> str:
    return "there is no answer yet." if is_open(answer) else fault(server, answer)


def _misnamed(server: _Exhibit, answer: Any) -> str:
    if answer == server.fault:
        return ""
    if not isinstance(answer, str) or answer not in FAULTS:
        return f"{shown(answer)} is none of the faults{did_you_mean(str(answer), FAULTS)}."
    return server.taken_for.get(answer, f"it is not {shown(answer)}. {server.hint}")


def _unproven(server: _Exhibit, answer: Any) -> str:
    line = _line(answer)
    if line and line in server.proof and any(key in line for key in server.keys):
        return ""
    told = (hint for part, hint in server.other_lines.items() if part in line)
    return next(told, f"{shown(line)} does not prove it. {server.hint}")


def _line(answer: Any) -> str:
    """The line, without the arrow that a transcript puts before it."""
    text = answer.raw.decode(errors="replace") if isinstance(answer, SmtpReply) else str(answer)
    return text.strip().removeprefix("<-").removeprefix("<~").removeprefix("->").removeprefix("~>").strip()


def _faults(answers: Any) -> str | None:
    return _each(answers, "faults", _misnamed)


def _proofs(answers: Any) -> str | None:
    return _each(answers, "proofs", _unproven)


# -- a ninth -----------------------------------------------------------------------------------------------------


def _ninth(answer: Any) -> str | None:
    if not isinstance(answer, Sandbox):
        return f"This is {shown(answer)}; wanted is a Sandbox(…)."
    codes = _codes(answer)
    if codes == [220, 250, 250, 250, 354, 250]:
        raise NotAnswered("It still takes every message. Change it")
    if codes == [220, 250, 250, 250, 421]:
        return None
    if 421 not in codes:
        said = f"It said {codes[-1]} last" if codes else "It said nothing"
        return f'{said}; a server that goes away says 421 first. What a behaviour says is its reply="421 …".'
    where = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT")[codes.index(421)]
    if where == "CONTENT":
        return 'The 421 comes behind the content: that is at="CONTENT". It should come in place of the 354.'
    return f'The 421 comes at {where}, too early: at="DATA" says where a behaviour happens.'


def _codes(sandbox: Sandbox) -> list[int]:
    """The codes of one session with it, up to the first trouble."""
    client = sandbox.client(timeout=5.0)
    steps: list[Callable[[], SmtpReply]] = [
        client.connect,
        client.ehlo,
        lambda: client.mail("alice@example.org"),
        lambda: client.rcpt("bob@example.org"),
        client.data,
        lambda: client.data_body("Subject: Ninth\n\nHello\n"),
    ]
    codes: list[int] = []
    try:
        for step in steps:
            codes.append(step().code)
            if codes[-1] >= 400:
                break
    except SmtpError:
        pass  # what came until then is told
    finally:
        client.disconnect()
    return codes


EXERCISES: Final = (
    Exercise(
        "name_the_fault",
        "12",
        "For each of the eight servers, give the name of its fault, from the table of faults.",
        ("faults",),
        (
            "Go by the parts of a session: greeting, EHLO, STARTTLS, EHLO again, MAIL, RCPT, DATA, the end of the content.",
            "Where a ladder ends with an error, the last row tells. Where it ends well, compare: two lists, two codes, two lines.",
            "In this order: greeting, reply to EHLO, reply to STARTTLS, the two lists, reply to RCPT, end of the content, a 4xx, four replies for two commands.",
        ),
        _faults,
        "Eight servers, seven faults, and one that only asked for patience.",
    ),
    Exercise(
        "prove_it",
        "12",
        "For each server, give the line that proves it, as the ladder has it. Where the server said nothing, "
        "give the line of the client that got no answer.",
        ("proofs",),
        (
            "A proof is one line. Without it the server would be in order, or at least you could not know better.",
            "It is mostly the line with a code that should not be there. Of server 4 it is a line of the first list, of server 6 a line of the client.",
            "They contain +OK, 550, 454, AUTH, 2.1.5, a lone dot, 451 and 500, in this order.",
        ),
        _proofs,
        "This is what to write to a postmaster: one fault, one line.",
    ),
    Exercise(
        "build_a_ninth",
        "12",
        "Build a server that does everything well until DATA. To DATA it says 421, and closes.",
        ("ninth",),
        (
            "Faults are behaviours, from smtpnb.sandbox: Sandbox(behaviours=[…]).",
            "Fails says another reply than it should. It takes reply= and at=; behind a 421 the server closes by itself.",
            'Sandbox(behaviours=[Fails(at="DATA", reply="421 4.3.2 Going down for maintenance")])',
        ),
        _ninth,
        "421 is the polite way to go (RFC 5321 §3.8): the client knows that nothing was taken, and comes back.",
    ),
)
