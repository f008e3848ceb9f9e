"""`Exercise`: what is asked, its hints, and who judges; `Verdict`: what came of an answer.

Plain data. The judges are in `judging`; a learner's code runs in `running` alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from smtpnb.displayable import Displayable
from smtpnb.text import visible

RIGHT: Final = "right"
NOT_QUITE: Final = "not quite"
NOT_ANSWERED: Final = "not answered yet"


class NotAnswered(Exception):  # noqa: N818 - a state, not a fault
    """What a judge raises where there is nothing to judge yet: a skeleton that was left as it was; perhaps with what to do."""


#: Takes the answers; returns None where they are right, else why they are not, in one or two sentences.
Judge: TypeAlias = Callable[..., str | None]


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise.

    Attributes:
        name: what `check` calls it.
        notebook: the two digits its notebook begins with.
        task: what is asked, in a sentence or two.
        wants: the answers that `check` takes behind the name, as a learner would write them.
        hints: three steps, each telling more than the one before; the last one nearly gives it away.
        judge: tells right from wrong.
        moral: what the learner has just shown; follows "right".
    """

    name: str
    notebook: str
    task: str
    wants: tuple[str, ...]
    hints: tuple[str, str, str]
    judge: Judge = field(repr=False)
    moral: str

    @property
    def call(self) -> str:
        """How `check` is called for it."""
        return f"check({', '.join([repr(self.name).replace(chr(39), chr(34)), *self.wants])})"


@dataclass(frozen=True, slots=True)
class Verdict(Displayable):
    """What came of an answer; true where it is right.

    Attributes:
        name: the exercise's name.
        state: `right`, `not quite` or `not answered yet`.
        because: why, in a sentence or two; what the learner's own code did included.
        task: what is asked.
        hints: the hints, all of them; the card folds them away.
        hint: how many of them the text shows.
        given: the answer that was judged, as Python writes it; empty for what has no short form, and where it is right.
    """

    name: str
    state: str
    because: str
    task: str = ""
    hints: tuple[str, ...] = ()
    hint: int = 1
    given: str = ""

    def __bool__(self) -> bool:
        return self.state == RIGHT

    def to_text(self) -> str:
        """The state, why, and what helps on."""
        lines = [f"{self.state}: {self.name}. {self.because}"]
        if self.state == RIGHT:
            return visible(lines[0])
        if self.given:
            lines.append(f"  Your answer: {self.given}")
        if self.state == NOT_ANSWERED and self.task:
            lines.append(f"  Task: {self.task}")
        shown = self.hints[: self.hint]
        lines += [f"  Hint {number}: {hint}" for number, hint in enumerate(shown, 1)]
        if len(shown) < len(self.hints):
            lines.append(f"  More help: add hint={len(shown) + 1} to the call.")
        return "\n".join(map(visible, lines))

    def __repr__(self) -> str:
        return self.to_text()
