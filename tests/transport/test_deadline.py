"""One deadline for one call."""

from __future__ import annotations

import pytest

from smtpnb.transport import deadline as module
from smtpnb.transport.deadline import Deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until a test moves it."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_seconds_run_down_to_nothing_and_never_below(clock: list[float]) -> None:
    deadline = Deadline(2.0)
    assert deadline.left() == 2.0
    clock[0] += 1.5
    assert deadline.left() == 0.5
    clock[0] += 5.0
    assert deadline.left() == 0.0
    assert deadline.seconds == 2.0


def test_capped_deadline_is_the_earlier_of_the_two(clock: list[float]) -> None:
    deadline = Deadline(2.0)
    assert deadline.capped(0.5).left() == 0.5
    assert deadline.capped(5.0).left() == 2.0
    clock[0] += 3.0
    assert deadline.capped(5.0).left() == 0.0


def test_repr_tells_the_whole_and_no_moment() -> None:
    assert repr(Deadline(0.5)) == "<Deadline of 0.5 s>"
