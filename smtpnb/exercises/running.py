"""Runs a learner's function so that nothing it does breaks the notebook: the one place that calls it.

It may raise, print, loop for ever or change what it is given: each call gets copies, its output is caught, and after
a number of steps it is stopped. What blocks without a step (a `sleep`) ends with the kernel's interrupt.
"""

import contextlib
import copy
import io
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from smtpnb.exercises.exercise import NotAnswered
from smtpnb.text import shortened, visible

#: Lines of the learner's own code in one call, and seconds of the processor for it: far beyond what any exercise needs.
MAX_STEPS: Final = 100_000
MAX_SECONDS: Final = 10.0
#: Seconds by the clock, for what waits between its lines. A busy machine is no fault of the learner's, so this is longer
#: than a handful of calls to a server that each take as long as they may.
MAX_WAIT: Final = 120.0

#: Whose code is not the learner's: the first use of a library runs many thousands of lines.
_OTHERS: Final = (
    str(Path(__file__).resolve().parent.parent),
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen ",
)


class _Endless(BaseException):
    """Stops a learner's function; not an `Exception`, which it may catch."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a call did.

    Attributes:
        value: what it returned; None where it did not return.
        printed: what it printed.
        trouble: what went wrong, in words that follow the call (`raised KeyError: 7`); empty where it returned.
    """

    value: Any = None
    printed: str = ""
    trouble: str = ""


def run(function: Callable[..., Any], *arguments: Any) -> Run:
    """What `function` does with copies of the arguments.

    Raises:
        NotAnswered: the skeleton's `raise NotImplementedError` is still there.
    """
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), _bounded():
            value = function(*map(_copied, arguments))
    except NotImplementedError:
        raise NotAnswered from None
    except _Endless:
        return Run(None, output.getvalue(), "did not come to an end: is there a loop that never stops?")
    except KeyboardInterrupt:
        return Run(None, output.getvalue(), "was interrupted before it came to an end")
    except RecursionError:
        return Run(None, output.getvalue(), "calls itself for ever (RecursionError): what should end it?")
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a learner's `exit()` must not end the lesson
        return Run(None, output.getvalue(), f"raised {raised(error)}")
    return Run(value, output.getvalue())


def raised(error: BaseException) -> str:
    """`KeyError: 7`: an error in a few words."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - whatever the learner's own error does
        text = ""
    return visible(shortened(f"{type(error).__name__}: {text}".removesuffix(": "), 200))


def shown(value: object) -> str:
    """`value` as Python writes it, within bounds, whatever its repr does."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - likewise
        text = f"a {type(value).__name__}"
    return visible(shortened(text, 160))


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - a client, say, holds a connection and is given as it is
        return value


class _bounded:  # noqa: N801 - reads as the word it is
    """Stops the code within after `MAX_STEPS` lines, `MAX_SECONDS` or `MAX_WAIT`.

    Neither our lines nor a library's are counted.
    """

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        self._steps = 0
        self._worked, self._waited = time.thread_time() + MAX_SECONDS, time.monotonic() + MAX_WAIT
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:  # noqa: ARG002 - settrace's signature
        return None if frame.f_code.co_filename.startswith(_OTHERS) else self._step

    def _step(self, frame: FrameType, event: str, _: Any) -> Any:  # noqa: ARG002 - settrace's signature
        self._steps += 1
        if self._steps > MAX_STEPS or time.thread_time() > self._worked or time.monotonic() > self._waited:
            raise _Endless
        return self._step
