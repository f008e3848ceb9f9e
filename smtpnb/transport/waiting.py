"""How a thread waits for its sockets: by the system's poll(), or by giving way to others in the same thread.

Each wait for the network is made here, by `Waiter` for one socket and by `selector()` for several. So whoever runs many
calls in one thread need only say so, with `schedule_by`, and everything above goes on as written.
"""

import select
import selectors
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

# An interrupt (Ctrl-C, the notebook's stop button) ends poll() where it comes as a POSIX signal. On Windows, and where
# a thread asks for it (`_thread.interrupt_main`), a sleeping wait would not notice: no single one is longer than this.
SLICE: Final = 0.2

#: poll() where there is one: it takes one system call where epoll and kqueue take five for a wait on a few sockets.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.DefaultSelector)


class Scheduler(Protocol):
    """What runs many calls in one thread, each while the others wait for their sockets."""

    def wait(self, sockets: Mapping[int, int], seconds: float) -> bool:
        """Lets others go on until one of the sockets is ready; False where none was within so many seconds.

        Args:
            sockets: descriptor → EVENT_READ, EVENT_WRITE or both.
            seconds: how long at the most.
        """


_thread: Final = threading.local()


def schedule_by(scheduler: Scheduler | None) -> None:
    """From now on the waits of this thread are the scheduler's to arrange; its own again with None."""
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


def selector() -> selectors.BaseSelector:
    """A selector for a few sockets, which waits as this thread does."""
    others = scheduler()
    return _Selector() if others is None else _GivingWay(others)


class _GivingWay(_Selector):  # type: ignore[misc, valid-type]  # one of two classes, by platform
    """A selector that lets others go on while it waits."""

    def __init__(self, others: Scheduler) -> None:
        super().__init__()
        self._others = others

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        wanted = {key.fd: key.events for key in self.get_map().values()}
        self._others.wait(wanted, SLICE if timeout is None else timeout)
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        return ready
