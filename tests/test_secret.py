"""A `Secret` shows nothing, leaves by no door, and is opened by one method."""

from __future__ import annotations

import base64
import copy
import getpass
import json
import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.secret import MASK, Secret, ask_secret

WORD = "wonderland"


@pytest.mark.parametrize(
    "shown",
    [repr, str, "{}".format, "{!r:>40}".format, "{:>40}".format, lambda s: f"{s}", lambda s: "%s %r" % (s, s), lambda s: repr([s]), lambda s: repr({"x": s}), ascii],
)  # fmt: skip
def test_no_way_of_showing_it_shows_it(shown: object) -> None:
    assert callable(shown)
    assert WORD not in shown(Secret(WORD))
    assert shown(Secret(WORD)) == shown(Secret("x")), "it tells a length"


def test_it_is_opened_by_its_one_method() -> None:
    assert Secret(WORD).octets() == b"wonderland"
    assert Secret(WORD.encode()).octets() == b"wonderland"
    assert Secret(Secret(WORD)).octets() == b"wonderland"
    assert Secret("ünï").octets() == "ünï".encode()
    assert Secret("").octets() == b""


def test_nobody_else_can_open_it() -> None:
    secret = Secret(WORD)
    for opening in (
        vars,
        len,
        iter,
        bytes,
        json.dumps,
        hash,
        lambda s: s + s,
        lambda s: s.__getstate__() or s.no_state,
    ):
        with pytest.raises((TypeError, AttributeError)):
            opening(secret)
    assert all(WORD not in repr(getattr(secret, name, None)) for name in dir(secret) if name not in ("octets", "_open"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="ask_secret") as caught:
        pickle.dumps({"password": Secret(WORD)}, protocol)
    assert WORD not in str(caught.value)


def test_copies_are_the_same_closed_secret() -> None:
    secret = Secret(WORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_equality_tells_nothing() -> None:
    assert Secret(WORD) != Secret(WORD)
    with pytest.raises(TypeError):
        hash(Secret(WORD))


def test_log_record_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").debug("password %s %r", Secret(WORD), {"password": Secret(WORD)})
    assert caplog.text.count(MASK) == 2
    assert WORD not in caplog.text


@pytest.mark.parametrize("wrong", [None, 5, [WORD], memoryview(b"x")])
def test_what_is_no_text_is_a_type_error_that_does_not_show_it(wrong: object) -> None:
    with pytest.raises(TypeError, match=f"not {type(wrong).__name__}") as caught:
        Secret(wrong)  # type: ignore[arg-type]
    assert WORD not in str(caught.value)


@given(st.text(), st.text(), st.text())
def test_plain_token_is_that_of_rfc_4616(login: str, password: str, authzid: str) -> None:
    token = Secret.plain_token(login, Secret(password), authzid)
    assert base64.b64decode(token.octets()) == b"\0".join((authzid.encode(), login.encode(), password.encode()))
    assert repr(token) == repr(Secret(""))


def test_base64_is_a_closed_secret() -> None:
    assert Secret(WORD).base64().octets() == b"d29uZGVybGFuZA=="
    assert str(Secret(WORD).base64()) == MASK


@pytest.mark.parametrize(
    ("value", "one_line"), [("a b", True), ("", True), ("a\rb", False), ("a\n", False), ("\0", False)]
)
def test_secret_of_more_than_one_line_is_known(value: str, one_line: bool) -> None:
    assert Secret(value).is_one_line is one_line


def test_asking_gives_a_closed_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or WORD)
    secret = ask_secret("For alice: ")
    assert secret.octets() == b"wonderland"
    assert asked == ["For alice: "]
