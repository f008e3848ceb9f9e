"""A clock that moves only when it is told to: greylisting without waiting, the same output every day."""

import math
import threading


class Clock:
    """Virtual seconds since the sandbox began.

    Nothing in the sandbox reads the time of day: what depends on time (greylisting, virtual latency) asks here.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    @property
    def now(self) -> float:
        """Seconds since the sandbox began."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Lets time pass, at once.

        Args:
            seconds: how much; time does not run backwards.

        Returns:
            The new `now`.

        Raises:
            ValueError: less than nothing, or no finite number.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"the clock advances by 0 or more seconds, not {seconds!r}")
        with self._lock:
            self._now += seconds
            return self._now

    def __repr__(self) -> str:
        return f"<Clock {self._now:g} s>"
