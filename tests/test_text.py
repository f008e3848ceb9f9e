"""Untrusted text made visible: nothing hidden, nothing active, nothing lost."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.text import decoded, encoded, plural, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünï 漢字 👍", "plain ünï 漢字 👍"), ("\x1b[2J", "⟨ESC⟩[2J"), ("a\r\nb", "a⟨CR⟩⟨LF⟩b"), ("\0\t\x7f", "⟨NUL⟩⟨TAB⟩⟨DEL⟩"),
        ("\x9b31m", "⟨U+009B⟩31m"), ("\u202emoc.live", "⟨U+202E⟩moc.live"), ("a\u200bb", "a⟨U+200B⟩b"), ("\ufeff", "⟨U+FEFF⟩"),
        ("\udcff", "⟨0xFF⟩"), ("\ud800", "⟨U+D800⟩"), ("\u2028\u2029\x85", "⟨U+2028⟩⟨U+2029⟩⟨U+0085⟩"), ("\u00ad", "⟨U+00AD⟩"), ("", ""),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)  # fmt: skip
def test_hidden_characters_are_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_no_character_of_unicode_that_is_hidden_or_active_comes_through() -> None:
    """All 1,114,112 of them: categories Cc, Cf, Cs, Zl, Zp."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    every = [chr(point) for point in range(sys.maxunicode + 1)]
    left = [
        character
        for character in every
        if unicodedata.category(character) in hidden and character in visible(character)
    ]
    assert [f"U+{ord(character):04X}" for character in left] == []


@given(st.text())
def test_visible_text_stays_visible_and_on_one_line(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(st.binary())
def test_octets_survive_decoding(octets: bytes) -> None:
    assert encoded(decoded(octets)) == octets


@pytest.mark.parametrize("limit", [8, 40, 100])
def test_shortened_text_says_what_is_left_out(limit: int) -> None:
    text = "".join(chr(97 + number % 26) for number in range(limit + 1234))
    short = shortened(text, limit)
    assert "1,234 more characters" in short
    assert short.startswith(text[: limit - limit // 4])
    assert short.endswith(text[-(limit // 4) :])
    assert len(short) <= limit + 40
    assert shortened("x" * limit, limit) == "x" * limit


def test_counts_with_their_nouns() -> None:
    assert [plural(0, "line"), plural(1, "line"), plural(12_345, "line"), plural(2, "reply", "replies")] == [
        "0 lines", "1 line", "12,345 lines", "2 replies",
    ]  # fmt: skip
