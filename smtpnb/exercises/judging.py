"""Judges for exercises: of a function by cases, of a value, of anything by conditions.

A judge returns None for right, else a sentence that says what is wrong, a typical mistake by its own name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from smtpnb.exercises.exercise import Judge, NotAnswered
from smtpnb.exercises.running import Run, run, shown

#: What a skeleton holds before anybody wrote something.
_LEFT_OPEN: Final = (None, ..., NotImplemented)


def is_open(answer: object) -> bool:
    """Whether an answer is still the skeleton's."""
    return any(answer is open_ for open_ in _LEFT_OPEN) or (isinstance(answer, str | bytes) and not answer.strip())


# -- functions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments, and what the function should make of them.

    Attributes:
        arguments: what it is called with.
        wanted: what it should return.
        because: why, where the failing case alone would not tell.
    """

    arguments: tuple[Any, ...]
    wanted: Any
    because: str = ""


#: A wrong function that many write first, and what to say to one that answers as it does.
Mistake: TypeAlias = tuple[Callable[..., Any], str]


#: What to add to a failing case, from the case and what the learner's function did; empty where there is nothing.
Why: TypeAlias = Callable[[Case, Run], str]


def function(name: str, cases: Sequence[Case], mistakes: Sequence[Mistake] = (), why: Why | None = None) -> Judge:
    """The judge of a function that is called with each case.

    Args:
        name: what the function is called in the lesson.
        cases: those that the lesson shows, then those that it does not.
        mistakes: wrong functions; one that answers every case as the learner's does is recognised.
        why: what to say of a failing case where no mistake is recognised; empty leaves it to the case's `because`.
    """

    def judge(answer: Any) -> str | None:
        if not callable(answer):
            return f"{name} should be a function; this is {shown(answer)}. Give the function itself, not a call of it."
        runs = [run(answer, *case.arguments) for case in cases]
        failed = [(case, ran) for case, ran in zip(cases, runs, strict=True) if not fits(ran, case)]
        if failed and not any(ran.trouble or ran.printed or not is_open(ran.value) for ran in runs):
            raise NotAnswered
        if not failed:
            return None
        known = None if _prints(*failed[0]) else _recognised(cases, runs, mistakes)
        case, ran = failed[0]
        return known or _failure(name, case, ran, (why and why(case, ran)) or case.because)

    return judge


def _prints(case: Case, ran: Run) -> bool:
    """Whether the answer was printed in place of being returned."""
    return ran.value is None and bool(ran.printed) and case.wanted is not None


def fits(ran: Run, case: Case) -> bool:
    """Whether the call returned what the case wants."""
    return not ran.trouble and same(ran.value, case.wanted)


def _recognised(cases: Sequence[Case], runs: Sequence[Run], mistakes: Sequence[Mistake]) -> str | None:
    """What to say to the first mistake that answers as the learner does, in every case."""
    for wrong, hint in mistakes:
        if all(_alike(run(wrong, *case.arguments), ran) for case, ran in zip(cases, runs, strict=True)):
            return hint
    return None


def _alike(one: Run, other: Run) -> bool:
    if one.trouble or other.trouble:
        return one.trouble.partition(":")[0] == other.trouble.partition(":")[0]
    return same(other.value, one.value)


def _failure(name: str, case: Case, ran: Run, why: str) -> str:
    call = f"{name}({', '.join(map(shown, case.arguments))})"
    because = f" {why}" if why else ""
    if ran.trouble:
        return f"{call} {ran.trouble}{'' if ran.trouble.endswith('?') else '.'}{because}"
    if _prints(case, ran):
        return f"{call} prints {shown(ran.printed)} and returns nothing: a function gives its answer with return."
    return f"{call} gave {shown(ran.value)}; wanted is {shown(case.wanted)}.{_of_another_kind(ran, case)}{because}"


def _of_another_kind(ran: Run, case: Case) -> str:
    kinds = (type(ran.value), type(case.wanted))
    if kinds == (str, str) and ran.value.casefold() == case.wanted.casefold():
        return " Capital and small letters are not the same."
    if set(kinds) == {str, bytes}:
        return f" That is {kinds[0].__name__}, and {kinds[1].__name__} is wanted."
    return ""


# -- values ------------------------------------------------------------------------------------------------------


def value(right: Any, mistakes: Iterable[tuple[Any, str]] = (), otherwise: str = "") -> Judge:
    """The judge of a value: `right`, or one of the mistakes, or something else.

    Args:
        right: what it should be; of a set, the order is of no matter.
        mistakes: wrong values, and what to say to each.
        otherwise: what to say to anything else.
    """

    def judge(answer: Any) -> str | None:
        if same(answer, right):
            return None
        for wrong, hint in mistakes:
            if same(answer, wrong):
                return hint
        return f"It is not {shown(answer)}.{' ' + otherwise if otherwise else ''}"

    return judge


def conditions(*tests: tuple[Callable[..., Any], str], expects: type | tuple[type, ...] = object) -> Judge:
    """The judge of anything that has to meet several conditions; the first unmet one is told.

    Args:
        tests: what must hold of the answers, and what to say where it does not.
        expects: what the first answer must be.
    """

    def judge(*answers: Any) -> str | None:
        if not isinstance(answers[0], expects):
            kinds = expects if isinstance(expects, tuple) else (expects,)
            return f"This is {shown(answers[0])}; wanted is a {' or a '.join(kind.__name__ for kind in kinds)}."
        return next((hint for holds, hint in tests if not holds(*answers)), None)

    return judge


def same(given: Any, wanted: Any) -> bool:
    """Whether two values are the same to a teacher: a list for a tuple is fine, 1 for True is not."""
    if isinstance(wanted, bool) or isinstance(given, bool) or wanted is None:
        return given is wanted
    if isinstance(wanted, AbstractSet):
        return isinstance(given, AbstractSet | list | tuple) and set(given) == set(wanted)
    if isinstance(wanted, Mapping):
        return isinstance(given, Mapping) and list_of(given) == list_of(wanted) and _same_values(given, wanted)
    if isinstance(wanted, list | tuple):
        return isinstance(given, list | tuple) and len(given) == len(wanted) and all(map(same, given, wanted))
    return bool(given == wanted)


def list_of(mapping: Mapping[Any, Any]) -> set[Any]:
    """The keys."""
    return set(mapping)


def _same_values(given: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> bool:
    return all(same(given[key], wanted[key]) for key in wanted)
