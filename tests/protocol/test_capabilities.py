"""What EHLO offered, as a mapping."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.capabilities import Capabilities
from smtpnb.text import visible


def test_keywords_in_capitals_with_their_parameters() -> None:
    offered = Capabilities(("SIZE 10240000", "starttls", "AUTH plain LOGIN", "8BITMIME", "X-Odd a=b"))
    assert dict(offered) == {
        "SIZE": ("10240000",), "STARTTLS": (), "AUTH": ("plain", "LOGIN"), "8BITMIME": (), "X-ODD": ("a=b",),
    }  # fmt: skip
    assert list(offered) == ["SIZE", "STARTTLS", "AUTH", "8BITMIME", "X-ODD"]
    assert "StartTLS" in offered
    assert offered["size"] == ("10240000",)
    assert offered.mechanisms == ("PLAIN", "LOGIN")


def test_nothing_offered_is_empty_and_falsy() -> None:
    assert not Capabilities()
    assert dict(Capabilities()) == {}
    assert Capabilities().size is None
    assert Capabilities().mechanisms == ()
    assert 5 not in Capabilities(("5",))
    with pytest.raises(KeyError):
        Capabilities()["SIZE"]


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        (("AUTH=LOGIN PLAIN",), ("LOGIN", "PLAIN")),
        (("AUTH PLAIN", "AUTH=PLAIN LOGIN"), ("PLAIN", "LOGIN")),
        (("AUTH PLAIN PLAIN",), ("PLAIN",)),
        (("auth=login",), ("LOGIN",)),
        (("AUTH",), ()),
        (("AUTH=",), ()),
    ],
)
def test_auth_said_twice_and_the_old_way(lines: tuple[str, ...], mechanisms: tuple[str, ...]) -> None:
    assert Capabilities(lines).mechanisms == mechanisms


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("SIZE 1000", 1000), ("SIZE 0", 0), ("SIZE", None), ("SIZE x", None), ("SIZE -5", None), ("SIZE +5", None), ("SIZE 1_0", None),
        ("SIZE ٥", None), ("SIZE ²", None), ("SIZE " + "9" * 20, 10**20 - 1), ("SIZE " + "9" * 21, None), ("SIZE " + "9" * 5000, None),
    ],
)  # fmt: skip
def test_size_is_a_number_or_none(line: str, size: int | None) -> None:
    assert Capabilities((line,)).size == size


@pytest.mark.parametrize("line", ["", " ", "   "])
def test_empty_lines_offer_nothing(line: str) -> None:
    assert dict(Capabilities((line,))) == {}


@given(st.lists(st.text(max_size=12), max_size=5).map(tuple))
def test_any_lines_give_a_mapping_with_a_clean_repr(lines: tuple[str, ...]) -> None:
    offered = Capabilities(lines)
    words = {word for line in lines for word in line.replace("=", " ").split(" ")}
    for keyword, parameters in offered.items():
        assert keyword == keyword.upper()
        assert {word for parameter in parameters for word in parameter.replace("=", " ").split(" ")} <= words
    assert visible(repr(offered)) == repr(offered)
    assert pickle.loads(pickle.dumps(offered)) == offered
    assert hash(offered) == hash(Capabilities(lines))


def test_equality_tells_where_it_was_said() -> None:
    assert Capabilities(("SIZE",)) == Capabilities(("SIZE",))
    assert Capabilities(("SIZE",)) != Capabilities(("SIZE",), secure=True)
    assert Capabilities(("SIZE",)) == {"SIZE": ()}
    assert Capabilities(("SIZE",)) != 5


@pytest.mark.parametrize(
    "lines",
    [
        tuple(f"X a{number}" for number in range(65_000)),
        tuple(f"X{number}" for number in range(65_000)),
        tuple("X " + " ".join(f"{line:x}.{number:x}" for number in range(1_800)) for line in range(64)),
    ],
    ids=["one keyword over and over", "many keywords", "many parameters"],
)
def test_cost_is_linear(lines: tuple[str, ...]) -> None:
    began = time.process_time()
    assert Capabilities(lines)
    assert time.process_time() - began < 2
