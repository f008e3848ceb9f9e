"""Every status of the registry has a row, and every other one a fall-back that says so."""

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import enhanced_status
from smtpnb.knowledge.enhanced_status import STATUSES

#: IANA, "SMTP Enhanced Status Codes": subject → its highest detail; none is left out. 81 in all.
REGISTERED = {0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 6, 6: 10, 7: 30}


def test_every_registered_status_has_a_row() -> None:
    registered = {(subject, detail) for subject, last in REGISTERED.items() for detail in range(last + 1)}
    assert len(registered) == 81
    assert set(STATUSES) == registered


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: f"X.{status[0]}.{status[1]}")
def test_meaning_is_a_sentence(status: tuple[int, int]) -> None:
    row = STATUSES[status]
    assert is_one_sentence(row.meaning)
    assert row.name
    assert not row.name.endswith(".")
    assert row.reference or status == (7, 28)  # a draft that became no RFC


def test_names_tell_statuses_apart() -> None:
    assert len({row.name for row in STATUSES.values()}) == len(STATUSES)


@pytest.mark.parametrize("status", [(5, 1, 99), (4, 9, 1), (2, 999, 999)])
def test_an_unknown_status_falls_back_on_its_parts_and_says_so(status: tuple[int, int, int]) -> None:
    meaning = enhanced_status.meaning(*status)
    assert is_one_sentence(meaning)
    assert ".".join(map(str, status)) in meaning
    assert "No registry that smtpnb knows" in meaning
