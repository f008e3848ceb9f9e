"""Long turns for hundreds of threads, and the process's own setting again afterwards."""

from __future__ import annotations

import sys

import pytest

from smtpnb.explore.turns import long_turns


def test_turns_are_long_inside_and_as_before_afterwards() -> None:
    before = sys.getswitchinterval()
    with long_turns(256):
        assert sys.getswitchinterval() == pytest.approx(0.05)
        with long_turns(64):
            assert sys.getswitchinterval() == pytest.approx(0.05)
        assert sys.getswitchinterval() == pytest.approx(0.05)
    assert sys.getswitchinterval() == before


def test_blocks_that_end_in_another_order_leave_it_as_it_was() -> None:
    before = sys.getswitchinterval()
    first, second = long_turns(256), long_turns(256)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == before


def test_few_workers_change_nothing() -> None:
    before = sys.getswitchinterval()
    with long_turns(8):
        assert sys.getswitchinterval() == before


def test_longer_turns_of_the_user_are_left() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.5)
    try:
        with long_turns(256):
            assert sys.getswitchinterval() == pytest.approx(0.5)
    finally:
        sys.setswitchinterval(before)
