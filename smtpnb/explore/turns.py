"""How long a thread may compute before another one's turn comes, while hundreds of them wait for the network.

CPython asks the running thread to stop whenever another has waited for five milliseconds. With hundreds of workers one
has always waited that long, though each computes for a fraction of a millisecond between two waits and would give way
by itself: the switches that were asked for cost a fourth of the processor's time.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Final

#: Workers from which on it counts; fewer seldom keep one another waiting.
_MANY: Final = 32

#: Seconds: long beside what a worker computes at a time, short beside what anyone notices in a notebook.
_TURN: Final = 0.05

_lock: Final = threading.Lock()
_before: list[float] = []  # of each block that is under way; the setting belongs to the whole process


@contextlib.contextmanager
def long_turns(workers: int) -> Iterator[None]:
    """Gives threads long turns inside the block; afterwards, and after the last of several blocks, it is as before.

    Args:
        workers: how many threads there are; nothing changes for few of them.
    """
    if workers < _MANY:
        yield
        return
    with _lock:
        _before.append(sys.getswitchinterval())
        sys.setswitchinterval(max(_TURN, _before[0]))
    try:
        yield
    finally:
        with _lock:
            first = _before[0]
            _before.pop()
            if not _before:
                sys.setswitchinterval(first)
