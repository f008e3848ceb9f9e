"""The first and last of many, and how many come between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.display.excerpt import excerpt


@pytest.mark.parametrize(
    ("count", "most", "first", "left_out", "last"),
    [
        (0, 4, 0, 0, 0),
        (4, 4, 4, 0, 0),
        (5, 4, 3, 1, 1),
        (100, 8, 6, 92, 2),
        (3, 1, 1, 1, 1),
        (12_405, 60, 45, 12_345, 15),
    ],
)
def test_excerpt(count: int, most: int, first: int, left_out: int, last: int) -> None:
    shown = excerpt(count, most)
    assert (len(shown.first), shown.left_out, len(shown.last)) == (first, left_out, last)


@given(st.integers(0, 1000), st.integers(-5, 1000))
def test_every_position_is_shown_once_or_counted(count: int, most: int) -> None:
    shown = excerpt(count, most)
    between = range(len(shown.first), len(shown.first) + shown.left_out)
    assert [*shown.first, *between, *shown.last] == list(range(count))
    assert len(shown.first) + len(shown.last) <= max(2, most)
