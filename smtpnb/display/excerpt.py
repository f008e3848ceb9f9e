"""How much of a long thing is shown: its first and last parts, and a count of those between."""

from typing import NamedTuple


class Excerpt(NamedTuple):
    """The positions to show of `count` parts.

    Attributes:
        first: those at the beginning.
        left_out: how many come between.
        last: those at the end.
    """

    first: range
    left_out: int
    last: range


def excerpt(count: int, most: int) -> Excerpt:
    """All of `count` where that is no more than `most`; else three quarters at the beginning, one at the end.

    Args:
        count: how many parts there are.
        most: how many to show; one at each end always is.
    """
    most = max(2, most)
    if count <= most:
        return Excerpt(range(count), 0, range(0))
    tail = max(1, most // 4)
    head = most - tail
    return Excerpt(range(head), count - head - tail, range(count - tail, count))
