"""Every EHLO keyword of the registry, and those that servers offer without one, has a row."""

import csv
from pathlib import Path

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import extensions
from smtpnb.knowledge.extensions import EXTENSIONS, Extension

#: The keywords of IANA's list and of the standards before it, and those that servers offer without one.
with (Path(__file__).parent / "ehlo_keywords.csv").open(encoding="utf-8", newline="") as file:
    REGISTRY = {row["keyword"]: row for row in csv.DictReader(file)}


def test_every_keyword_has_a_row_with_its_rfc() -> None:
    known = {row.keyword: str(row.reference.rfc) if row.reference else "" for row in EXTENSIONS.values()}
    assert known == {keyword: row["rfc"] for keyword, row in REGISTRY.items()} | {"XVERP": ""}  # Postfix's spelling


def test_every_current_keyword_says_how_to_use_it() -> None:
    current = [keyword for keyword, row in REGISTRY.items() if row["status"] == "current"]
    assert len(current) >= 24
    assert [keyword for keyword in current if EXTENSIONS[keyword].advice.startswith("Leave")] == []


@pytest.mark.parametrize("row", EXTENSIONS.values(), ids=lambda row: row.keyword)
def test_purpose_and_parameters_are_sentences(row: Extension) -> None:
    assert is_one_sentence(row.purpose)
    assert not row.parameters or is_one_sentence(row.parameters)
    assert is_one_sentence(row.advice)
    assert is_one_sentence(row.occasion)


def test_case_does_not_matter() -> None:
    assert extensions.row("starttls") is EXTENSIONS["STARTTLS"]


@pytest.mark.parametrize(("keyword", "words"), [("XYZZY", "own"), ("FROBNICATE", "No list that smtpnb knows")])
def test_an_unknown_keyword_says_so(keyword: str, words: str) -> None:
    assert words in extensions.row(keyword).purpose
    row = extensions.row(keyword)
    assert all(map(is_one_sentence, (row.purpose, row.advice, row.occasion)))
