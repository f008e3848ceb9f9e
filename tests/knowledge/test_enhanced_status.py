"""Every status of the registry has a row that agrees with it, and every other one a fall-back that says so."""

import csv
import re
from pathlib import Path

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import enhanced_status
from smtpnb.knowledge.enhanced_status import STATUSES

#: IANA, "SMTP Enhanced Status Codes": each code, the reply codes it goes with, and the RFCs that define it. 81 in all.
with (Path(__file__).parent / "enhanced_status_codes.csv").open(encoding="utf-8", newline="") as file:
    REGISTRY = {tuple(map(int, row["status"][2:].split("."))): row for row in csv.DictReader(file)}


def test_every_registered_status_has_a_row() -> None:
    assert len(REGISTRY) == 81
    assert set(STATUSES) == set(REGISTRY)


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: f"X.{status[0]}.{status[1]}")
def test_a_row_agrees_with_the_registry(status: tuple[int, int]) -> None:
    row, registered = STATUSES[status], REGISTRY[status]
    assert list(row.codes) == [int(code) for code in registered["reply codes"].split()]
    rfcs = registered["rfcs"].split()
    assert (str(row.reference.rfc) in rfcs) if row.reference else not rfcs


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: f"X.{status[0]}.{status[1]}")
def test_each_part_of_a_row_is_a_sentence(status: tuple[int, int]) -> None:
    row = STATUSES[status]
    assert is_one_sentence(row.meaning)
    assert is_one_sentence(row.advice)
    assert is_one_sentence(row.occasion)
    assert re.fullmatch("(in answer to |at |in a ).*[^.]", row.where)
    assert row.name
    assert not row.name.endswith(".")
    assert row.reference or status == (7, 28)  # a draft that became no RFC


def test_who_says_it_and_when_names_codes_and_commands() -> None:
    row = STATUSES[1, 1]
    assert row.occasion == "The server says it beside 451 or 550, most often in answer to RCPT or VRFY."
    assert STATUSES[4, 7].occasion == "The server says it, most often in a delivery report."
    assert STATUSES[3, 1].occasion == "The server says it beside 452, in answer to any command."


def test_names_tell_statuses_apart() -> None:
    assert len({row.name for row in STATUSES.values()}) == len(STATUSES)


@pytest.mark.parametrize("status", [(5, 1, 99), (4, 9, 1), (2, 999, 999)])
def test_an_unknown_status_falls_back_on_its_parts_and_says_so(status: tuple[int, int, int]) -> None:
    row = enhanced_status.row(*status)
    meaning = enhanced_status.meaning(*status)
    assert is_one_sentence(meaning)
    assert is_one_sentence(row.occasion)
    assert is_one_sentence(row.advice)
    assert ".".join(map(str, status)) in meaning
    assert "No registry that smtpnb knows" in meaning


def test_the_fall_back_says_class_subject_and_that_the_detail_is_unknown() -> None:
    row = enhanced_status.row(4, 7, 99)
    assert "persistent transient failure" in row.meaning
    assert "security or policy" in row.meaning
    assert row.name == "unknown detail"
