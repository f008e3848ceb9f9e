"""The exercises of notebook 11: find the bad certificate, rank five servers, tell "no" from "could not find out".

`avenue()` makes the five servers; their names tell nothing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function, value
from smtpnb.explore.report import ProbeReport
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.sandbox import Fails, Sandbox

#: Asks for passwords inside TLS only.
_CAREFUL: Final[Mapping[str, Any]] = MappingProxyType({"mechanisms": (), "mechanisms_in_tls": ("PLAIN", "LOGIN")})

_SERVERS: Final[Mapping[str, Callable[[], Sandbox]]] = MappingProxyType(
    {
        "ash": lambda: Sandbox(**_CAREFUL, size=5_000_000),
        "birch": lambda: Sandbox(extensions=["SIZE 1000", "SIZE 2000", "8BITMIME", "AUTH PLAIN LOGIN"]),
        "cedar": lambda: Sandbox(greeting="ssh"),
        "elder": lambda: Sandbox(behaviours=[Fails(at="EHLO", reply="502 5.5.1 EHLO is not known here")]),
        "hazel": lambda: Sandbox(**_CAREFUL, certificate="wrong-name"),
    }
)


def avenue() -> dict[str, Sandbox]:
    """Five new servers by name, listening; what is wrong with each is for you to find."""
    return {name: make() for name, make in _SERVERS.items()}


# -- the bad certificate -----------------------------------------------------------------------------------------

_OTHERS: Final = {
    "ash": "No rule is broken at ash.",
    "birch": "birch has no TLS at all, and so no certificate. Not seen is unknown, and not bad.",
    "cedar": "At cedar no SMTP server answers: whatever its certificate is, nobody saw one.",
    "elder": "elder was never asked for TLS, as it knows no EHLO: its certificate is unknown, and not bad.",
}
_pair = value(
    ("hazel", "R7"),
    [
        (("R7", "hazel"), "The other way round: first the server, then the rule."),
        (("hazel", "R6"), "It is hazel. But R6 is kept: the dates and the key are in order. What else must a certificate be?"),
        (("hazel", "R3"), "It is hazel. But R3 is kept: STARTTLS works there. Which rule is about whom the certificate is for?"),
        (("hazel", "fail"), "It is hazel. Give the rule's id besides, such as R1."),
    ],
    "Look for a finding about the certificate whose status is fail.",
)  # fmt: skip


def _bad_certificate(server: Any, rule: Any) -> str | None:
    server, rule = (_word(getattr(each, "rule", each)) for each in (server, rule))
    return _OTHERS.get(server) or _pair((server, rule))


def _word(given: object) -> str:
    """A server's name in small letters, a rule's id in capitals."""
    word = str(given).strip()
    return word.upper() if word[1:].isdigit() else word.lower()


# -- ranking -----------------------------------------------------------------------------------------------------

_BEST_FIRST: Final = ["ash", "hazel", "elder", "birch", "cedar"]

_ranked = value(
    _BEST_FIRST,
    [
        (_BEST_FIRST[::-1], "That is the worst first."),
        (["ash", "cedar", "hazel", "elder", "birch"],
         "Fewest broken rules first; but cedar is not even up. One broken rule of a server that nothing is known about is no good mark."),
        (["ash", "hazel", "cedar", "elder", "birch"],
         "Fewest broken rules first; but cedar is not even up. One broken rule of a server that nothing is known about is no good mark."),
        (sorted(_BEST_FIRST), "That is the alphabet."),
    ],
    'Sort by the number of broken rules, report.count("fail"), those that are not up behind all others.',
)  # fmt: skip


def _ranking(answer: Any) -> str | None:
    names = list(answer) if isinstance(answer, list | tuple | dict) else answer
    if isinstance(names, list) and len(names) != len(set(map(str, names))):
        return "A server is named twice."
    if isinstance(names, list) and len(names) != len(_BEST_FIRST):
        return f"There are five servers, and {len(names)} in this list."
    return _ranked(names)


# -- what comes only inside TLS ----------------------------------------------------------------------------------


def _report(clear: list[str] | None, inside: list[str] | None, status: str = "up") -> ProbeReport:
    ehlo, ehlo_tls = _offered(clear, secure=False), _offered(inside, secure=True)
    return ProbeReport("mail.example.org", 25, None, status, ehlo=ehlo, ehlo_tls=ehlo_tls)


def _offered(lines: list[str] | None, *, secure: bool) -> Capabilities | None:
    return None if lines is None else Capabilities(tuple(lines), secure)


def _inside(report: ProbeReport) -> set[str] | None:
    if report.ehlo is None or report.ehlo_tls is None:
        return None
    return set(report.ehlo_tls) - set(report.ehlo)


_only_inside = function(
    "only_inside",
    [
        Case((_report(["SIZE 1000", "STARTTLS"], ["SIZE 1000", "AUTH PLAIN"]),), {"AUTH"}),
        Case((_report(["SIZE 1000", "STARTTLS"], ["SIZE 1000"]),), set(), "Both lists were seen, and nothing came."),
        Case((_report(["SIZE 1000", "STARTTLS"], None),), None, "What it offers inside TLS was never seen."),
        Case((_report(["STARTTLS"], ["AUTH PLAIN", "CHUNKING", "HELP"]),), {"AUTH", "CHUNKING", "HELP"}),
        Case((_report(None, ["AUTH PLAIN"]),), None, "With TLS first there is no list in the clear to compare with."),
        Case((_report(None, None, "timeout"),), None, "Nothing was seen at all."),
        Case((_report([], []),), set(), "Both lists were seen. They are empty, and that is no None."),
        Case((_report(["SIZE 1000", "STARTTLS"], ["SIZE 2000"]),), set(), "SIZE is on both lists."),
    ],
    [
        (lambda report: set(report.ehlo_tls or ()) - set(report.ehlo or ()),
         "An empty set says: both lists were seen, and nothing came. Where a list is None nobody can know: return None."),
        (lambda report: None if report.ehlo is None or report.ehlo_tls is None else set(report.ehlo_tls) ^ set(report.ehlo),
         "That has what was taken away as well, as STARTTLS is. Only what came."),
        (lambda report: None if report.ehlo is None or report.ehlo_tls is None else set(report.ehlo) - set(report.ehlo_tls),
         "The other way round: that is what is offered in the clear only."),
        (lambda report: None if not report.ehlo or not report.ehlo_tls else set(report.ehlo_tls) - set(report.ehlo),
         "An empty list was seen all the same; None was not. Compare with: is None."),
    ],
)  # fmt: skip

EXERCISES: Final = (
    Exercise(
        "bad_certificate",
        "11",
        "One of the five servers has a certificate that is no good. Which one, and which rule says so?",
        ("server", "rule"),
        (
            "probe(…) each of them. Two rules, R6 and R7, are about certificates.",
            "Bad is what has the status fail. Where no certificate was seen, the status is unknown: that is no answer.",
            'It is hazel. Print reports["hazel"].finding("R6") and the same for R7, and read the evidence.',
        ),
        _bad_certificate,
        "Encrypted, but perhaps with somebody else: the certificate is for another name.",
    ),
    Exercise(
        "rank",
        "11",
        "Rank the five servers: fewest broken rules first, those that are not up last.",
        ("ranking",),
        (
            'report.count("fail") is how many rules are broken, and report.status says whether it is up.',
            "sorted(reports, key=…) sorts the names. A key may be a pair: first what matters most.",
            'sorted(reports, key=lambda name: (reports[name].status != "up", reports[name].count("fail")))',
        ),
        _ranking,
        "A number ranks only what was measured. That is why smtpnb gives findings and no grade.",
    ),
    Exercise(
        "only_inside",
        "11",
        "Write only_inside(report): the set of keywords that are offered inside TLS and not in the clear; None where "
        "that could not be found out.",
        ("only_inside",),
        (
            "report.ehlo and report.ehlo_tls are mappings by keyword, or None where no such list came.",
            "Sets can be subtracted. But first: is one of the two None? Then nobody knows.",
            "if report.ehlo is None or report.ehlo_tls is None: return None, and else set(report.ehlo_tls) - set(report.ehlo)",
        ),
        _only_inside,
        "Nothing came, and not known: an empty set and None. Many tools show both as “no”.",
    ),
)
