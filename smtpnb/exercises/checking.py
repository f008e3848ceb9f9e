"""`check(...)`: the one call of every exercise cell. It never raises, but for a wrong answer in a test."""

import os
from typing import Any, Final

from smtpnb.exercises import registry
from smtpnb.exercises.exercise import NOT_ANSWERED, NOT_QUITE, RIGHT, Exercise, NotAnswered, Verdict
from smtpnb.exercises.judging import is_open
from smtpnb.exercises.running import raised, shown
from smtpnb.protocol.reply import SmtpReply
from smtpnb.sandbox.suggestion import did_you_mean

#: Set by the tests: a wrong answer is then an error. One that was not given is not.
STRICT: Final = "SMTPNB_STRICT"

#: What a verdict quotes: a cell that failed leaves the answer of the run before, and only the quote shows it.
_QUOTED: Final = (str, bytes, int, float, list, tuple, dict, set, frozenset, SmtpReply)


class WrongAnswer(AssertionError):  # noqa: N818 - as it is: not an error of the program
    """A wrong answer where `SMTPNB_STRICT` is set."""


def check(exercise: str, *answers: Any, hint: int = 1) -> Verdict:
    """Whether the answers to an exercise are right, and what helps on if they are not.

    Args:
        exercise: its name, as the notebook gives it.
        answers: what was asked for: a value, a function, a reply, a client, a transcript.
        hint: how many of the three hints the text shows; the card has them all, folded.

    Returns:
        A verdict that shows as a card; its text begins with "right", "not quite" or "not answered yet".

    Raises:
        WrongAnswer: the answers are wrong and `SMTPNB_STRICT` is set.
    """
    found = registry.exercises().get(exercise) if isinstance(exercise, str) else None
    if found is None:
        near = did_you_mean(str(exercise), registry.exercises())
        return Verdict(str(exercise), NOT_ANSWERED, f"There is no exercise of this name{near}")
    verdict = _verdict(found, answers, hint)
    if verdict.state == NOT_QUITE and os.environ.get(STRICT):
        raise WrongAnswer(verdict.to_text())
    return verdict


def _verdict(exercise: Exercise, answers: tuple[Any, ...], hint: int) -> Verdict:
    state, because = _judged(exercise, answers)
    steps = min(max(hint, 1), len(exercise.hints)) if isinstance(hint, int) else 1
    hints = () if state == RIGHT else exercise.hints
    return Verdict(exercise.name, state, because, exercise.task, hints, steps, _given(state, answers))


def _given(state: str, answers: tuple[Any, ...]) -> str:
    """The answers as Python writes them, where they are wrong and all of them have a short form."""
    if state != NOT_QUITE or not all(isinstance(answer, _QUOTED) for answer in answers):
        return ""
    return ", ".join(map(shown, answers))


def _judged(exercise: Exercise, answers: tuple[Any, ...]) -> tuple[str, str]:
    """The state and why."""
    open_ = len(answers) < len(exercise.wants) or any(map(is_open, answers))
    if open_:
        return NOT_ANSWERED, f"Replace the dots, run that cell, then this one: {exercise.call}"
    if len(answers) > len(exercise.wants):
        return NOT_QUITE, f"These are too many answers: {exercise.call}"
    try:
        fault = exercise.judge(*answers)
    except NotAnswered as skeleton:
        what = str(skeleton) or "It does nothing yet. Write it"
        return NOT_ANSWERED, f"{what}, run that cell, then this one: {exercise.call}"
    except Exception as error:  # noqa: BLE001 - whatever an answer is made of, the lesson goes on
        return NOT_QUITE, f"Looking at this answer raised {raised(error)}. It should be: {', '.join(exercise.wants)}"
    return (RIGHT, exercise.moral) if fault is None else (NOT_QUITE, fault)
