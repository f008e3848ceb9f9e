"""References to RFCs, as words and as links."""

import pytest

from smtpnb.knowledge.enhanced_status import STATUSES
from smtpnb.knowledge.extensions import EXTENSIONS
from smtpnb.knowledge.mechanisms import MECHANISMS
from smtpnb.knowledge.reply_codes import ANSWERS, CODES, FINER
from smtpnb.knowledge.rfc import Reference
from smtpnb.knowledge.verbs import VERBS


@pytest.mark.parametrize(
    ("reference", "text", "url"),
    [
        (Reference(5321, "4.2.1"), "RFC 5321 §4.2.1", "https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1"),
        (Reference(1870), "RFC 1870", "https://www.rfc-editor.org/rfc/rfc1870"),
        (Reference(821), "RFC 821", "https://www.rfc-editor.org/rfc/rfc821"),
    ],
)
def test_reference_as_words_and_link(reference: Reference, text: str, url: str) -> None:
    assert (reference.text, reference.url) == (text, url)


#: RFC → its sections, as its text or its table of contents has them: the ones that smtpnb could name.
SECTIONS = {
    1870: "4 6 6.1 6.2 6.3 6.4", 1985: "3 4 5 5.1 5.2 5.3 6", 2034: "3 4 5", 3030: "2 3 4", 3207: "2 3 4 4.1 4.2 4.3 5",
    3461: "3 4 4.1 4.2 4.3 4.4 4.5 5", 3463: "2 3 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8", 3886: "3.3.4", 4468: "5",
    4954: "3 4 4.1 5 6 7 8", 5248: "2 2.1 2.2 2.3 2.4", 6531: "3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.7.1 3.7.4 4.1 4.2",
    6710: "3 4 5", 7372: "3 3.1 3.2 3.3 3.4", 7504: "3 4 5", 7505: "3 4 4.1 4.2",
    5321: """
        2.2 2.3.8 2.4 3.1 3.2 3.3 3.4 3.5.1 3.5.2 3.5.3 3.5.4 3.6.1 3.6.2 3.6.3 3.8 4.1.1.1 4.1.1.2 4.1.1.3 4.1.1.4 4.1.1.5
        4.1.1.6 4.1.1.7 4.1.1.8 4.1.1.9 4.1.1.10 4.1.1.11 4.1.4 4.2 4.2.1 4.2.2 4.2.3 4.2.4 4.2.5 4.3.1 4.3.2 4.5.3.1.10 7.3
    """,
}  # fmt: skip


def test_every_section_that_is_named_exists() -> None:
    tables = (CODES, ANSWERS, FINER, STATUSES, EXTENSIONS, VERBS, MECHANISMS)
    named = {row.reference for table in tables for row in table.values() if row.reference and row.reference.section}
    assert len(named) > 40
    assert [each.text for each in sorted(named) if each.section not in SECTIONS[each.rfc].split()] == []
