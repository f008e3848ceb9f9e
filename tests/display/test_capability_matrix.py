"""The capability matrix: what is offered, added and gone."""

from html_checks import rows_of, text_of
from view_examples import IN_CLEAR, IN_TLS

from smtpnb import display
from smtpnb.display import kit
from smtpnb.display.capability_matrix import capability_matrix
from smtpnb.protocol.capabilities import Capabilities


def rows(*history: Capabilities) -> dict[str, str]:
    texts = rows_of(kit.render(capability_matrix(history)))
    keywords = {keyword for each in history for keyword in each}
    return {keyword: text for keyword in keywords for text in texts if text.startswith(keyword)}


def test_changes_have_a_word_and_a_mark() -> None:
    shown = rows(IN_CLEAR, IN_TLS)
    assert shown["STARTTLS"].startswith("STARTTLS✔ yes— gone")
    assert shown["AUTH"].startswith("AUTH— no✔ added: PLAIN LOGIN")
    assert shown["8BITMIME"].startswith("8BITMIME✔ yes✔ yes")


def test_size_is_a_number() -> None:
    assert "33,554,432 octets, about 32.0 MiB" in rows(IN_CLEAR)["SIZE"]
    assert "Here:" not in rows(Capabilities(("SIZE",)))["SIZE"]


def test_columns_say_when_it_was_offered() -> None:
    after_login = Capabilities(IN_TLS.lines, secure=True, authenticated=True)
    text = text_of(kit.render(capability_matrix([IN_CLEAR, IN_TLS, after_login])))
    assert "○ cleartext🔒 inside TLS🔒 inside TLS, logged in" in text


def test_many_lists_are_cut_and_counted() -> None:
    assert "94 EHLO replies between not shown" in text_of(kit.render(capability_matrix([IN_CLEAR] * 100)))


def test_an_unknown_keyword_says_so() -> None:
    text = text_of(display.html(Capabilities(("FROBNICATE", "XYZZY 1"))) or "")
    assert "No list that smtpnb knows has this keyword." in text
    assert "no RFC" in text
