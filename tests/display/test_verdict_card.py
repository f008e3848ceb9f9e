"""The card of an exercise's verdict."""

import pytest
from html_checks import check, squeezed, text_of

from smtpnb.exercises import Verdict
from smtpnb.text import visible

VERDICTS = [
    Verdict("classify", "not answered yet", "Replace the dots.", "Write classify(code).", ("one", "two", "three")),
    Verdict("classify", "not quite", "classify(250) gave '<b>\u202e'.", "Write classify(code).", ("one", "two", "three")),
    Verdict("bytes", "not quite", "It is not text.", "Which?", ("one", "two", "three"), given="b'<i>', '\u202e&'"),
    Verdict("classify", "right", "One digit is enough."),
]  # fmt: skip


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.state)
def test_card_says_what_the_text_says_and_holds_nothing_active(verdict: Verdict) -> None:
    html = verdict._repr_html_()
    assert html
    check(html)
    text = squeezed(text_of(html))
    assert squeezed(verdict.state) in text.lower()
    assert squeezed(verdict.to_text().splitlines()[0].partition(". ")[2]) in text
    assert squeezed(visible(verdict.given)) in text
    assert [hint for hint in verdict.hints if squeezed(hint) not in text] == []


def test_hints_are_folded() -> None:
    html = VERDICTS[0]._repr_html_()
    assert html
    assert html.count("<details") == 3
    assert " open" not in html
