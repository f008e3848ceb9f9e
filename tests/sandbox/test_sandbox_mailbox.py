"""Captured messages, the box they wait in, and the clock that only moves when told."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import pytest

from smtpnb.sandbox import CapturedMessage, Clock, Mailbox


def message(raw: bytes = b"Subject: x\r\n\r\nhi\r\n", **facts: object) -> CapturedMessage:
    return CapturedMessage("a@b.example", ("bob@example.org",), raw, raw, **facts)  # type: ignore[arg-type]


def test_mailbox_is_a_sequence() -> None:
    box = Mailbox()
    assert isinstance(box, Sequence)
    assert not box
    for _ in range(3):
        box.deliver(message())
    assert [kept.number for kept in box] == [1, 2, 3]
    assert (box[0].number, box[-1].number, [kept.number for kept in box[1:]]) == (1, 3, [2, 3])
    assert repr(box) == "<Mailbox, 3 messages>"


def test_numbers_go_on_after_clear() -> None:
    box = Mailbox(capacity=30)
    assert box.deliver(message()) is not None
    assert box.deliver(message()) is None
    box.clear()
    kept = box.deliver(message())
    assert kept is not None
    assert kept.number == 2


def test_deliveries_from_many_threads() -> None:
    box = Mailbox()
    threads = [threading.Thread(target=lambda: [box.deliver(message()) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kept.number for kept in box] == list(range(1, 801))


def test_message_shows_nothing_active() -> None:
    hostile = message(b"Subject: \x1b[31m\r\n\r\n\xff\xe2\x80\xae\r\n")
    assert "\x1b" not in hostile.to_text()
    assert "⟨ESC⟩[31m" in hostile.to_text()
    assert "⟨0xFF⟩⟨U+202E⟩" in hostile.to_text()
    assert repr(message(number=7)) == "<CapturedMessage 7 from <a@b.example> to <bob@example.org>, 18 octets>"


def test_clock_runs_when_told_and_never_back() -> None:
    clock = Clock()
    assert (clock.now, clock.advance(300), clock.advance(0.5)) == (0, 300, 300.5)
    assert repr(clock) == "<Clock 300.5 s>"
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="advances"):
            clock.advance(wrong)
