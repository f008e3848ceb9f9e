"""Every EHLO keyword of the registry, and those that servers offer without one, has a row."""

import pytest
from sentences import is_one_sentence

from smtpnb.knowledge import extensions
from smtpnb.knowledge.extensions import EXTENSIONS, Extension

#: Keyword → the RFC that defines it; 0 where none does.
KEYWORDS = {
    "SEND": 821, "SOML": 821, "SAML": 821, "TURN": 821, "VRFY": 5321, "EXPN": 5321, "HELP": 5321, "8BITMIME": 6152,
    "SIZE": 1870, "VERB": 0, "ONEX": 0, "CHUNKING": 3030, "BINARYMIME": 3030, "CHECKPOINT": 1845, "PIPELINING": 2920,
    "DSN": 3461, "ETRN": 1985, "ENHANCEDSTATUSCODES": 2034, "STARTTLS": 3207, "NO-SOLICITING": 3865, "MTRK": 3885,
    "ATRN": 2645, "AUTH": 4954, "BURL": 4468, "FUTURERELEASE": 4865, "DELIVERBY": 2852, "CONPERM": 4141,
    "CONNEG": 4141, "SUBMITTER": 4405, "UTF8SMTP": 5336, "SMTPUTF8": 6531, "MT-PRIORITY": 6710, "RRVS": 7293,
    "REQUIRETLS": 8689, "LIMITS": 9422, "PRDR": 0, "XCLIENT": 0, "XFORWARD": 0, "VERP": 0, "XVERP": 0,
}  # fmt: skip


def test_every_keyword_has_a_row_with_its_rfc() -> None:
    assert {row.keyword: row.reference.rfc if row.reference else 0 for row in EXTENSIONS.values()} == KEYWORDS


@pytest.mark.parametrize("row", EXTENSIONS.values(), ids=lambda row: row.keyword)
def test_purpose_and_parameters_are_sentences(row: Extension) -> None:
    assert is_one_sentence(row.purpose)
    assert not row.parameters or is_one_sentence(row.parameters)


def test_case_does_not_matter() -> None:
    assert extensions.row("starttls") is EXTENSIONS["STARTTLS"]


@pytest.mark.parametrize(("keyword", "words"), [("XYZZY", "own"), ("FROBNICATE", "No list that smtpnb knows")])
def test_an_unknown_keyword_says_so(keyword: str, words: str) -> None:
    assert words in extensions.row(keyword).purpose
    assert is_one_sentence(extensions.row(keyword).purpose)
