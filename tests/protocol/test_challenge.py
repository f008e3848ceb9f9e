"""The text of a 334 in words: prompts known by heart are spelt out, nothing else is."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.challenge import told
from smtpnb.text import visible


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("VXNlcm5hbWU6", "“Username:”: it asks for the user name"), ("UGFzc3dvcmQ6", "“Password:”: it asks for the password"),
        ("dXNlcm5hbWU6", "“username:”"), ("cGFzc3dvcmQ6", "“password:”"),
        ("VXNlciBOYW1lAA==", "“User Name”"), ("UGFzc3dvcmQA", "“Password”"),  # with the NUL that the old draft has
        ("", "the client to speak first"), ("  ", "the client to speak first"),
        ("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", "CRAM-MD5"),  # RFC 2195 §2
        ("cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==", "SCRAM"),  # RFC 5802 §5
        ("eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=", "OAuth"), ("TlRMTVNTUAACAAAA", "12 octets"),
    ],
)  # fmt: skip
def test_what_the_challenge_asks_for(text: str, words: str) -> None:
    assert words in told(text)


@pytest.mark.parametrize(
    "text", ["VXNlcm5hbWU6=", "=AAA", "AAA=BBB", "VXNl cm5h", "Username:", "é", "\udcff", "\u202eVXNl", "A"]
)
def test_what_is_no_base64_is_to_be_cancelled(text: str) -> None:
    assert "no proper base64" in told(text)


@pytest.mark.parametrize(
    "secret", ["wonderland", "Password: wonderland", "<wonderland>", '{"x": "wonderland"}', "r=wonderland,s=QQ==,i=1"]
)
def test_no_character_of_anything_but_a_prompt_is_shown(secret: str) -> None:
    """Twice encoded, it would come through a redaction that looks for the password and its base64."""
    once = base64.b64encode(secret.encode()).decode()
    for text in (once, base64.b64encode(once.encode()).decode()):
        assert "wonderland" not in told(text)
        assert once not in told(text)


@given(st.text() | st.binary().map(lambda octets: base64.b64encode(octets).decode()))
def test_any_text_gives_one_visible_sentence(text: str) -> None:
    sentence = told(text)
    assert sentence.endswith(".")
    assert visible(sentence) == sentence
    assert len(sentence) < 150


def test_a_great_challenge_is_not_decoded_into_the_view() -> None:
    assert "no proper base64" in told("A" * 4_000_000)
