"""The Python of a session: it runs alone, and gets the same codes."""

from __future__ import annotations

import builtins
import subprocess
import sys
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtpnb import Sandbox
from smtpnb.panel.form import IMPLICIT, SECURITIES, Attachment, Form
from smtpnb.panel.model import BUTTONS, Model
from smtpnb.panel.program import Program
from smtpnb.panel.target import Targets
from smtpnb.sandbox import Delays
from smtpnb.secret import Secret

PASSWORD = "wonderland"
USUAL = Targets().form
STALLS = {"DATA": 0.2}

#: Words that a user might type, strange ones among them.
WORDS = st.sampled_from(
    ["alice", "nobody", "staff", "", "a b", "'", '"""', "\\", "ü", "<bob@example.org>", "bob@example.org, carol"]
)
FORMS = st.builds(
    replace,
    st.just(USUAL),
    security=st.sampled_from([SECURITIES[0], SECURITIES[1]]),
    mechanism=st.sampled_from(["PLAIN", "LOGIN"]),
    user=WORDS,
    list=WORDS,
    to=WORDS,
    cc=WORDS,
    subject=WORDS,
    attachments=st.sampled_from([(), (Attachment("a'b.txt", "text/plain", b"\x00'\"\n"),)]),
)
#: A whole session is likely enough; RAW is what is typed for Send raw.
RAW = ["NOOP", "VRFY bob", "nonsense", "RSET", "HELP DATA"]
PRESSES = st.lists(
    st.tuples(
        st.sampled_from(
            ["Connect", "EHLO", "MAIL", "RCPT", "DATA", *(b for b in BUTTONS if b not in ("Cancel", "Clear"))]
        ),
        FORMS,
        st.sampled_from([PASSWORD, "wrong"]),
        st.sampled_from(RAW),
    ),
    max_size=14,
)


def replayed(code: str, passwords: list[str]) -> list[int]:
    """The codes that the program gets, run in an empty namespace."""
    asked = iter(passwords)
    namespace: dict[str, Any] = {}
    with patch("getpass.getpass", lambda _prompt="": next(asked)), patch.object(builtins, "print"):
        exec(compile(code, "<panel>", "exec"), namespace)  # noqa: S102 - it is what is tested
    assert next(asked, None) is None, "it asks as often as the panel was told"
    client = namespace["client"]
    got = [reply.code for reply in client.transcript.replies]
    client.disconnect()
    for value in namespace.values():
        if isinstance(value, Sandbox):
            value.close()
    return got


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PRESSES)
def test_program_of_any_presses_gets_the_same_codes(presses: list[tuple[str, Form, str, str]]) -> None:
    model = Model()
    told: list[str] = []
    try:
        for button, form, password, raw in [("Connect", USUAL, "", ""), *presses]:
            before = model.code.count("ask_secret(")
            model.press(button, form, secret=Secret(password) if button == "AUTH" else None, line=raw)
            model.wait()
            told += [password] * (model.code.count("ask_secret(") - before)
        codes = [reply.code for reply in model.transcript.replies]
        code = model.code
    finally:
        model.close()
    assert PASSWORD not in code
    assert replayed(code, told) == codes


def test_program_runs_alone_in_a_fresh_interpreter() -> None:
    model = Model()
    for button in ("Connect", "EHLO", "STARTTLS", "EHLO", "Send message", "QUIT"):
        model.press(button)
    model.wait()
    code = model.code + "print([reply.code for reply in client.transcript.replies])\n"
    model.close()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[220, 250, 220, 250, 250, 250, 354, 250, 221]\n"


def test_wrong_then_right_password_is_asked_for_twice() -> None:
    model = Model()
    for button, password in (("Connect", ""), ("EHLO", ""), ("AUTH", "wrong"), ("AUTH", PASSWORD)):
        model.press(button, secret=Secret(password))
    model.wait()
    code = model.code
    model.close()
    assert replayed(code, ["wrong", PASSWORD]) == [220, 250, 535, 235]


def test_raw_secret_is_asked_for() -> None:
    model = Model()
    model.press("Connect")
    model.press("EHLO")
    model.press("Send raw", secret=Secret("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="))
    model.wait()
    code = model.code
    model.close()
    assert "AGFsaWNl" not in code
    assert replayed(code, ["AGFsaWNlAHdvbmRlcmxhbmQ="]) == [220, 250, 235]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vrfy": "hide", "lists": {"crew": ("alice", "bob")}},
        {"require_auth": True, "mechanisms": ("LOGIN",)},
        {"users": {"zoe": "secret"}},
        {"behaviours": [Delays(at="NOOP", seconds=0.01)]},
        {"script": [("*", "250 as you like")]},
    ],
    ids=str,
)
def test_sandbox_with_options_is_made_again(options: dict[str, Any]) -> None:
    with Sandbox(**options) as sandbox:
        model = Model(sandbox)
        for button in ("Connect", "EHLO", "VRFY", "EXPN", "MAIL", "NOOP"):
            model.press(button)
        model.wait()
        codes, code = [reply.code for reply in model.transcript.replies], model.code
        model.close()
    assert "secret" not in code.replace("ask_secret", "")
    assert replayed(code, ["secret"] if "users" in options else []) == codes


def test_implicit_tls_sandbox_is_made_again() -> None:
    model = Model()
    form = replace(model.form, security=IMPLICIT)
    for button in ("Connect", "EHLO"):
        model.press(button, form)
    model.wait()
    codes, code = [reply.code for reply in model.transcript.replies], model.code
    model.close()
    assert codes == [220, 250]
    assert replayed(code, []) == codes


def test_long_attachment_is_not_written_out() -> None:
    model = Model()
    form = replace(model.form, attachments=(Attachment("big.bin", "application/x-big", bytes(100_000)),))
    model.press("Connect", form)
    model.press("Send message", form)
    model.wait()
    codes, code = [reply.code for reply in model.transcript.replies], model.code
    model.close()
    assert len(code) < 2000
    assert "In place of 'big.bin'" in code
    assert replayed(code, []) == codes


def test_program_of_nothing_is_empty() -> None:
    assert Program().source == ""
