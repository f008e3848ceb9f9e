"""The one thread that owns a panel's connection: jobs in order, and a look around where there are none.

The kernel stays free while a job waits for a server. Nothing here knows SMTP or widgets.
"""

import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Final

#: Seconds between two looks at an idle connection.
INTERVAL: Final = 0.5

#: Seconds that `close` waits for a job that was told to end.
_PATIENCE: Final = 3.0


class Worker:
    """Runs jobs one after the other in a thread of its own.

    Args:
        idle: what to do from time to time while there is no job.
        interval: seconds between two such times.
    """

    def __init__(self, idle: Callable[[], object], interval: float = INTERVAL) -> None:
        self._idle = idle
        self._interval = interval
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        # In a copy of this context: ipykernel 7.0 finds the message to answer only by its context variables.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._work,), name="smtpnb-panel", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it takes jobs."""
        return self._thread.is_alive()

    def submit(self, job: Callable[[], object]) -> None:
        """Runs `job` after those before it; it must not raise."""
        self._jobs.put(job)

    def clear(self) -> None:
        """Forgets the jobs that have not begun."""
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                return

    def close(self) -> None:
        """Ends the thread once its present job has ended; may be repeated."""
        self.clear()
        self._jobs.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._interval)
            except queue.Empty:
                self._idle()
                continue
            if job is None:
                return
            job()
