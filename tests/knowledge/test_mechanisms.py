"""Every login mechanism that servers commonly offer has a row."""

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import mechanisms
from smtpnb.knowledge.mechanisms import MECHANISMS, Mechanism

COMMON = """
    PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-512
    XOAUTH2 OAUTHBEARER EXTERNAL GSSAPI NTLM ANONYMOUS
"""  # fmt: skip


def test_every_common_mechanism_has_a_row() -> None:
    assert set(COMMON.split()) <= set(MECHANISMS)


@pytest.mark.parametrize("row", MECHANISMS.values(), ids=lambda row: row.name)
def test_meaning_is_a_sentence(row: Mechanism) -> None:
    assert all(map(is_one_sentence, (row.meaning, row.advice)))
    assert row.occasion.startswith("The server, in the AUTH line")


def test_the_mechanisms_that_send_the_secret_itself() -> None:
    assert {name for name, row in MECHANISMS.items() if row.exposes_secret} == {
        "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER",
    }  # fmt: skip


def test_an_unknown_mechanism_says_so_and_assumes_the_worst() -> None:
    row = mechanisms.row("x-new")
    assert row.exposes_secret
    assert "No list that smtpnb knows" in row.meaning
    assert "only inside TLS" in row.advice
