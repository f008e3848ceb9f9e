"""How a thread waits for its sockets: by the system's poll(), or by giving way to others in the same thread.

Each wait for the network is made here, by `Waiter` for one socket and by `writable` for several. So whoever runs many
calls in one thread need only say so, with `schedule_by`, and everything above goes on as written.
"""

import select
import selectors
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import ceil
from typing import Final, Protocol

# An interrupt (Ctrl-C, the notebook's stop button) ends poll() where it comes as a POSIX signal. On Windows, and where
# a thread asks for it (`_thread.interrupt_main`), a sleeping wait would not notice: no single one is longer than this.
SLICE: Final = 0.2


class Scheduler(Protocol):
    """What runs many calls in one thread, each while the others wait for their sockets."""

    def wait(self, sockets: Mapping[int, int], seconds: float) -> bool:
        """Lets others go on until one of the sockets is ready; False where none was within so many seconds.

        Args:
            sockets: descriptor → EVENT_READ, EVENT_WRITE or both.
            seconds: how long at the most.
        """


_thread: Final = threading.local()


def schedule_by(scheduler: Scheduler) -> None:
    """From now on the waits of this thread are the scheduler's to arrange."""
    _thread.scheduler = scheduler


def scheduler() -> Scheduler | None:
    """What arranges the waits of this thread; None where it sleeps itself."""
    return getattr(_thread, "scheduler", None)


class Waiter:
    """Waits for one socket: by poll() where there is one, as select() ends at 1,024 files.

    Args:
        descriptor: the socket's.

    Attributes:
        readable: waits up to so many milliseconds, and says whether the socket can be read: for the shortest way.
    """

    __slots__ = ("_descriptor", "_kinds", "_scheduler", "readable")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._scheduler = scheduler()
        self._kinds: dict[int, Callable[[int], object]] = {}
        self.readable = self.waits_for(selectors.EVENT_READ)

    def waits_for(self, events: int) -> Callable[[int], object]:
        """What waits up to so many milliseconds for this, and says whether it came.

        There is one for each kind of wait, as changing one is a system call.
        """
        if events not in self._kinds:
            look = self._polled(events) if hasattr(select, "poll") else self._selected(events)
            others = self._scheduler
            self._kinds[events] = look if others is None else partial(self._given_way, others, look, events)
        return self._kinds[events]

    def _given_way(self, others: Scheduler, look: Callable[[int], object], events: int, milliseconds: int) -> object:
        if not milliseconds:  # looks, and waits for nothing
            return look(0)
        return others.wait({self._descriptor: events}, milliseconds / 1000)

    def _polled(self, events: int) -> Callable[[int], object]:
        wanted = (select.POLLIN if events & selectors.EVENT_READ else 0) | (
            select.POLLOUT if events & selectors.EVENT_WRITE else 0
        )
        poll = select.poll()
        poll.register(self._descriptor, wanted)
        return poll.poll

    def _selected(self, events: int) -> Callable[[int], object]:
        readers = [self._descriptor] if events & selectors.EVENT_READ else []
        writers = [self._descriptor] if events & selectors.EVENT_WRITE else []

        def ready(milliseconds: int) -> bool:
            try:
                return any(select.select(readers, writers, writers, milliseconds / 1000))
            except (OSError, ValueError):  # closed meanwhile: poll() calls that ready, and the call after it tells
                return True

        return ready


def writable(descriptors: Collection[int], seconds: float) -> list[int]:
    """Those of several sockets that can be written, or whose connection failed; waits so many seconds at the most."""
    others = scheduler()
    if others is not None:
        others.wait(dict.fromkeys(descriptors, selectors.EVENT_WRITE), seconds)
        seconds = 0.0
    if not hasattr(select, "poll"):
        _, ready, failed = select.select((), descriptors, descriptors, seconds)
        return [*{*ready, *failed}]
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLOUT)
    return [descriptor for descriptor, _ in poll.poll(ceil(seconds * 1000))]
