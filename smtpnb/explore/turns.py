"""`Turns`: an executor that runs many probes in one thread, each while the others wait for their servers.

A thread for each connection costs its stack, and at hundreds of them the interpreter's lock goes from hand to hand at
every system call: a third of what a survey costs. Here each call is a greenlet: it runs as any blocking code does, and
where it would wait for a socket (`transport.waiting`) the next one whose socket is ready goes on. What waits by other
means, such as a look-up of a name, would hold up all: that belongs to threads.
"""

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from math import inf
from typing import Any, Final, ParamSpec, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

from smtpnb.transport import waiting
from smtpnb.transport.deadline import monotonic

#: Sockets that select() takes on Windows, which has nothing better: 512, and one of them wakes the thread.
_MOST_SELECTED: Final = 500

#: Seconds after which it is looked whether the interpreter ends.
_LOOK: Final = 0.5

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Wait:
    """A call that waits for its sockets."""

    __slots__ = ("call", "over", "until")

    def __init__(self, call: greenlet, until: float) -> None:
        self.call, self.until = call, until
        self.over = False


class Turns(Executor):
    """Runs calls that wait for sockets, up to so many at once, in one thread of its own.

    Args:
        most: calls under way at once; the others wait for their turn.
    """

    def __init__(self, most: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._most = min(most, _MOST_SELECTED) if isinstance(self._selector, selectors.SelectSelector) else most
        self._tasks: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = threading.Lock()
        self._waits: set[_Wait] = set()
        self._under_way = 0
        self._earliest = inf
        self._closed = self._ending = self._asleep = False
        self._bell, self._ear = socket.socketpair()  # wakes the thread where it waits for servers
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ)
        self._hub: greenlet  # runs between the calls; made in the thread
        # No daemon: an interpreter that ends beneath a thread with greenlets may crash. `_run` sees that it is to end.
        self._thread = threading.Thread(target=self._run, name="smtpnb-turns", daemon=False)
        self._thread.start()

    def submit(self, task: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """The result to come of a call, which begins when there is room for it."""
        future: Future[_T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("no new task after shutdown()")
            self._tasks.append((future, lambda: task(*args, **kwargs)))
        if self._asleep:
            self._ring()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more.

        Args:
            wait: until all calls have ended.
            cancel_futures: leave out what has not begun, and end at once what waits for a server.
        """
        with self._lock:
            self._closed = True
            self._ending |= cancel_futures
        self._ring()
        if wait:
            self._thread.join()

    def wait(self, sockets: Mapping[int, int], seconds: float) -> bool:
        """Whether one of the sockets became ready in time; see `transport.waiting.Scheduler`."""
        if self._ending:
            raise GreenletExit
        wait = _Wait(getcurrent(), monotonic() + seconds)
        self._waits.add(wait)
        self._earliest = min(self._earliest, wait.until)
        try:
            for descriptor, events in sockets.items():
                self._selector.register(descriptor, events, wait)
            return bool(self._hub.switch())
        finally:
            self._waits.discard(wait)
            for descriptor in sockets:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(descriptor)

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._hub = getcurrent()
        waiting.schedule_by(self)
        try:
            while not self._closed or self._under_way or self._tasks:
                self._begin()
                self._go_on()
                if not threading.main_thread().is_alive():  # the interpreter ends, and waits for this thread
                    self._closed = self._ending = True
                if self._ending:
                    self._end()
        finally:
            self._closed = self._ending = True  # also where the selector broke: nobody must wait for ever
            self._end()
            for each in (self._selector, self._bell, self._ear):
                each.close()

    def _begin(self) -> None:
        while self._tasks and self._under_way < self._most and not self._ending:
            future, task = self._tasks.popleft()
            if future.set_running_or_notify_cancel():
                self._under_way += 1
                greenlet(self._work).switch(future, task)

    def _work(self, future: Future[Any], task: Callable[[], Any]) -> None:
        try:
            future.set_result(task())
        except GreenletExit:
            future.set_exception(RuntimeError("ended before its time"))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the result
            future.set_exception(error)
        finally:
            self._under_way -= 1

    def _go_on(self) -> None:
        """Waits until somebody can go on, and lets them."""
        self._asleep = True  # before a last look at the tasks: who brings another one now rings
        ready = self._selector.select(self._patience())
        self._asleep = False
        for key, _ in ready:
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._ear.recv(4096)
            else:
                self._resume(key.data, ready=True)
        now = monotonic()
        if self._earliest <= now:
            for wait in [each for each in self._waits if each.until <= now]:
                self._resume(wait, ready=False)
            self._earliest = min((each.until for each in self._waits), default=inf)

    def _patience(self) -> float:
        """Seconds until there is something to do even where no socket becomes ready."""
        if (self._tasks and self._under_way < self._most) or (self._closed and not self._under_way):
            return 0.0
        return min(_LOOK, max(0.0, self._earliest - monotonic()))

    def _resume(self, wait: _Wait, *, ready: bool) -> None:
        if not wait.over:  # another of its sockets was ready as well
            wait.over = True
            wait.call.switch(ready)

    def _end(self) -> None:
        while self._tasks:
            self._tasks.popleft()[0].cancel()
        for wait in list(self._waits):
            wait.over = True
            wait.call.throw(GreenletExit)

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # it rings already, or the thread has gone
            self._bell.send(b"!")
