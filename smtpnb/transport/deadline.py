"""One deadline for one call: every wait inside it takes from the same seconds."""

import time
from collections.abc import Callable
from typing import Final

monotonic: Final[Callable[[], float]] = time.monotonic


class Deadline:
    """The moment by which a call must end.

    Args:
        seconds: how long the call may take.
        start: from when on; from now if None.
    """

    __slots__ = ("at", "cancelled", "seconds")

    def __init__(self, seconds: float, start: float | None = None) -> None:
        self.seconds = seconds
        self.at = (monotonic() if start is None else start) + seconds
        self.cancelled = False

    def cancel(self) -> None:
        """Lets it pass now, from another thread: whoever waits notices within a fifth of a second."""
        self.cancelled = True
        self.at = 0.0

    def left(self) -> float:
        """Seconds left; 0.0 once it passed."""
        return max(0.0, self.at - monotonic())

    def capped(self, seconds: float) -> "Deadline":
        """This deadline, or one `seconds` from now where that is earlier."""
        return Deadline(min(seconds, self.left()))

    def __repr__(self) -> str:
        return f"<Deadline of {self.seconds:g} s>"
