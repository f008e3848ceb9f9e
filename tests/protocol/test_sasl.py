"""PLAIN and LOGIN as values."""

from __future__ import annotations

import base64

import pytest

from smtpnb.protocol import sasl
from smtpnb.protocol.limits import MAX_CHALLENGE
from smtpnb.secret import Secret


@pytest.mark.parametrize("name", ["PLAIN", "plain", "CRAM-MD5", "SCRAM-SHA-256", "X_Y", "A" * 20, "5"])
def test_mechanism_names_come_back_in_capitals(name: str) -> None:
    assert sasl.mechanism_name(name) == name.upper()


@pytest.mark.parametrize("name", ["", " ", "PLAIN x", "PLAIN\r\nRSET", "PLAIN\n", "A" * 21, "PLÄIN", "PLAIN\0", "ſ"])
def test_what_is_no_mechanism_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no SASL mechanism"):
        sasl.mechanism_name(name)


@pytest.mark.parametrize("wrong", [None, b"PLAIN", 5])
def test_mechanism_that_is_no_text_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="a mechanism is str"):
        sasl.mechanism_name(wrong)


@pytest.mark.parametrize("text", ["alice", "", "ünï cöde", "a b"])
def test_identity_comes_back_as_it_is(text: str) -> None:
    assert sasl.identity(text, "login") == text


@pytest.mark.parametrize("text", ["a\0b", "a\rb", "a\nb", "\0"])
def test_identity_with_a_separator_in_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NUL, CR or LF in the login"):
        sasl.identity(text, "login")


def test_identity_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="authzid is str"):
        sasl.identity(None, "authzid")


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("VXNlcm5hbWU6", b"Username:"),
        ("", b""),
        (" VXNlcm5hbWU6 ", b"Username:"),
        ("VXNlcm5hbWU", None),
        ("not base64!", None),
        ("ünï", None),
        ("\udcff", None),
    ],
)
def test_challenge_is_decoded_or_none(text: str, octets: bytes | None) -> None:
    assert sasl.challenge(text) == octets


def test_challenge_is_bounded() -> None:
    assert sasl.challenge(base64.b64encode(b"x" * MAX_CHALLENGE).decode()) == b"x" * MAX_CHALLENGE
    assert sasl.challenge(base64.b64encode(b"x" * (MAX_CHALLENGE + 1)).decode()) is None


def test_secrets_inside_a_typed_token_are_found() -> None:
    found = [secret.octets() for secret in sasl.secrets_in(Secret(base64.b64encode(b"\0alice\0wonderland")))]
    assert b"wonderland" in found
    assert {secret.octets() for secret in sasl.secrets_in(Secret(b"d29uZGVybGFuZA=="))} == {
        b"d29uZGVybGFuZA==",
        b"wonderland",
    }
    assert {secret.octets() for secret in sasl.secrets_in(Secret("no base64!"))} == {b"base64!"}


@pytest.mark.parametrize("typed", ["{} ", "{}\t", " {}", "{} and more"])
@pytest.mark.parametrize("padding", ["=", ""])
def test_secrets_are_found_however_the_token_is_typed(typed: str, padding: str) -> None:
    token = base64.b64encode(b"\0alice\0wonderland").decode()
    assert token.endswith("=")
    token = token.rstrip("=") + padding * (len(token) - len(token.rstrip("=")))
    found = {secret.octets() for secret in sasl.secrets_in(Secret(typed.format(token)))}
    assert {token.encode(), b"wonderland"} <= found


def test_token_of_xoauth2_is_found() -> None:
    token = base64.b64encode(b"user=alice\x01auth=Bearer ya29.secret\x01\x01")
    assert b"ya29.secret" in {secret.octets() for secret in sasl.secrets_in(Secret(token))}
