"""Right and wrong answers to the exercises of the gallery; `test_exercises` tries them."""

from collections.abc import Callable
from typing import Any

from smtpnb import Sandbox, SmtpReply
from smtpnb.sandbox import Fails, HangsUp

Answers = tuple[Any, ...]

NAMED = {
    1: "another protocol",
    2: "mixed codes",
    3: "TLS not set up",
    4: "password in the clear",
    5: "contradiction",
    6: "no answer",
    7: "healthy",
    8: "bare LF",
}
PROVEN = {
    1: "+OK POP3 server ready",
    2: "<- 550 HELP",
    3: SmtpReply.parse("454 4.7.0 TLS not available just now\r\n"),
    4: "AUTH PLAIN LOGIN",
    5: "<~ 550 2.1.5 Recipient accepted",
    6: "~> .",
    7: "451",
    8: "500 5.5.1 Unknown verb: HELP lists those there are",
}


def _named(number: int, fault: str) -> Callable[[], Answers]:
    return lambda: ({**NAMED, number: fault},)


def _proven(number: int, line: str) -> Callable[[], Answers]:
    return lambda: ({**PROVEN, number: line},)


def _ninth(**options: Any) -> Callable[[], Answers]:
    return lambda: (Sandbox(behaviours=[Fails(**options)]),)


ANSWERS: dict[str, tuple[Callable[[], Answers], list[tuple[Callable[[], Answers], str]]]] = {
    "name_the_fault": (
        lambda: (NAMED,),
        [
            (_named(1, "mixed codes"), "7 of 8 right. Server 1: There is no code at all"),
            (_named(2, "contradiction"), "two lines of a reply"),
            (_named(3, "bad certificate"), "never came to a certificate"),
            (_named(4, "healthy"), "wrong one"),
            (_named(5, "mixed codes"), "one line"),
            (_named(6, "stalls"), "This one closed it"),
            (_named(7, "contradiction"), "agree"),
            (_named(8, "healthy"), "two replies too many"),
            (_named(8, "stalls"), "it is not 'stalls'"),
            (_named(5, "contradicton"), "did you mean 'contradiction'"),
            (lambda: ({1: "another protocol"},), "1 of 8 right. Server 2: there is no answer yet"),
            (lambda: ("healthy",), "numbers 1 to 8"),
        ],
    ),
    "prove_it": (
        lambda: (PROVEN,),
        [
            (_proven(2, "220 sandbox.example ESMTP smtpnb teaching server"), "greeting is in order"),
            (_proven(3, "250-STARTTLS"), "the promise"),
            (_proven(4, "250-STARTTLS"), "as it should be"),
            (_proven(5, "250 2.1.5 Recipient accepted"), "three digits again"),
            (_proven(6, "354 Send the content; a line with a dot alone ends it"), "behind the content"),
            (_proven(7, "221 2.0.0 sandbox.example closes the connection"), "a request"),
            (_proven(8, "250 2.0.0 Queued as 2"), "never meant as a command"),
            (_proven(1, "the first one"), "three digits"),
            (lambda: (list(PROVEN.values())[::-1],), "0 of 8 right"),
        ],
    ),
    "build_a_ninth": (
        _ninth(at="DATA", reply="421 4.3.2 Going down"),
        [
            (_ninth(at="DATA", reply="451 4.3.0 Later"), "451 last"),
            (_ninth(at="CONTENT", reply="421 4.3.2 Going down"), "in place of the 354"),
            (_ninth(at="RCPT", reply="421 4.3.2 Going down"), "at RCPT, too early"),
            (_ninth(reply="421 4.3.2 Going down"), "at CONNECT, too early"),
            (lambda: (Sandbox(behaviours=[HangsUp(at="DATA")]),), "says 421 first"),
            (lambda: (Sandbox(greeting="http"),), "said nothing"),
            (lambda: (Fails(at="DATA"),), "wanted is a Sandbox"),
        ],
    ),
}
