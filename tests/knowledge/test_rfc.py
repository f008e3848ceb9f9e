"""References to RFCs, as words and as links."""

import pytest

from smtpnb.knowledge.rfc import Reference


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
