"""The awkward ways in which octets arrive."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator


def ways(octets: bytes) -> Iterator[list[bytes]]:
    """`octets` whole, octet by octet, and cut in two at each place."""
    yield [octets]
    yield [bytes((octet,)) for octet in octets]
    for place in range(1, len(octets)):
        yield [octets[:place], octets[place:]]


@st.composite
def splits(draw: st.DrawFn, octets: st.SearchStrategy[bytes]) -> list[bytes]:
    """Any octets in any pieces, empty ones among them."""
    whole = draw(octets)
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    return [whole[start:end] for start, end in pairwise([0, *places, len(whole)])]
