"""Right and wrong answers to the exercises of probing; `test_exercises` tries them."""

from collections.abc import Callable
from typing import Any

from smtpnb import ProbeReport

Answers = tuple[Any, ...]

BEST_FIRST = ["ash", "hazel", "elder", "birch", "cedar"]


def only_inside(report: ProbeReport) -> Any:
    if report.ehlo is None or report.ehlo_tls is None:
        return None
    return set(report.ehlo_tls) - set(report.ehlo)


def _answers(*answers: Any) -> Callable[[], Answers]:
    return lambda: answers


ANSWERS: dict[str, tuple[Callable[[], Answers], list[tuple[Callable[[], Answers], str]]]] = {
    "bad_certificate": (
        _answers("hazel", "R7"),
        [
            (_answers("R7", "hazel"), "other way round"),
            (_answers("hazel", "R6"), "R6 is kept"),
            (_answers("hazel", "R3"), "R3 is kept"),
            (_answers("Hazel", "fail"), "rule's id"),
            (_answers("birch", "R8"), "no TLS at all"),
            (_answers("cedar", "R1"), "nobody saw one"),
            (_answers("elder", "R7"), "unknown, and not bad"),
            (_answers("oak", "R7"), "status is fail"),
        ],
    ),
    "rank": (
        _answers(BEST_FIRST),
        [
            (_answers(BEST_FIRST[::-1]), "worst first"),
            (_answers(["ash", "cedar", "hazel", "elder", "birch"]), "not even up"),
            (_answers(["ash", "hazel", "cedar", "elder", "birch"]), "not even up"),
            (_answers(sorted(BEST_FIRST)), "alphabet"),
            (_answers(BEST_FIRST[:4]), "five servers, and 4"),
            (_answers(["ash"] * 5), "twice"),
            (_answers("ash"), "It is not 'ash'"),
        ],
    ),
    "only_inside": (
        _answers(only_inside),
        [
            (_answers(lambda report: set(report.ehlo_tls or ()) - set(report.ehlo or ())), "return None"),
            (_answers(lambda report: only_inside(report) and set(report.ehlo_tls) ^ set(report.ehlo)), "wanted is"),
            (_answers(lambda report: None if only_inside(report) is None else set(report.ehlo_tls) ^ set(report.ehlo)), "taken away"),
            (_answers(lambda report: None if only_inside(report) is None else set(report.ehlo) - set(report.ehlo_tls)), "other way round"),
            (_answers(lambda report: only_inside(report) if report.ehlo and report.ehlo_tls else None), "is None"),
            (_answers(lambda report: set(report.ehlo_tls) - set(report.ehlo)), "TypeError"),
        ],
    ),
}  # fmt: skip
