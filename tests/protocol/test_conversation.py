"""The table that explains and never forbids."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.conversation import CLOSED, EXPECTED, GREETED, Conversation, Stage, after_tls
from smtpnb.protocol.limits import RECIPIENTS_KEPT
from smtpnb.text import visible

READY = GREETED.after("EHLO x", 250)
SENDER = READY.after("MAIL FROM:<a@b>", 250)
RECIPIENTS = SENDER.after("RCPT TO:<c@d>", 250)
DATA = RECIPIENTS.after("DATA", 354)
AUTH = READY.after("AUTH LOGIN", 334)
SITUATIONS = (CLOSED, GREETED, READY, SENDER, RECIPIENTS, DATA, AUTH)


@pytest.mark.parametrize(
    ("before", "command", "code", "stage"),
    [
        (GREETED, "EHLO x", 250, Stage.READY),
        (GREETED, "ehlo x", 250, Stage.READY),
        (GREETED, "HELO x", 250, Stage.READY),
        (GREETED, "EHLO x", 502, Stage.GREETED),
        (GREETED, "NOOP", 250, Stage.GREETED),
        (READY, "MAIL FROM:<a@b>", 250, Stage.SENDER),
        (READY, "MAIL FROM:<a@b>", 550, Stage.READY),
        (READY, "RCPT TO:<a@b>", 503, Stage.READY),
        (SENDER, "RCPT TO:<a@b>", 250, Stage.RECIPIENTS),
        (SENDER, "RCPT TO:<a@b>", 251, Stage.RECIPIENTS),
        (SENDER, "RCPT TO:<a@b>", 550, Stage.SENDER),
        (SENDER, "MAIL FROM:<x@y>", 250, Stage.SENDER),
        (RECIPIENTS, "DATA", 354, Stage.DATA),
        (RECIPIENTS, "DATA", 554, Stage.RECIPIENTS),
        (DATA, ".", 250, Stage.READY),
        (DATA, ".", 451, Stage.READY),
        (DATA, ".", 552, Stage.READY),
        (RECIPIENTS, "RSET", 250, Stage.READY),
        (GREETED, "RSET", 250, Stage.GREETED),
        (RECIPIENTS, "EHLO x", 250, Stage.READY),
        (RECIPIENTS, "EHLO x", 503, Stage.RECIPIENTS),
        (RECIPIENTS, "BDAT 5", 250, Stage.RECIPIENTS),
        (RECIPIENTS, "BDAT 5 LAST", 250, Stage.READY),
        (READY, "AUTH LOGIN", 334, Stage.AUTH),
        (READY, "AUTH PLAIN ⟨hidden⟩", 235, Stage.READY),
        (READY, "AUTH PLAIN ⟨hidden⟩", 535, Stage.READY),
        (AUTH, "⟨hidden⟩", 334, Stage.AUTH),
        (AUTH, "⟨hidden⟩", 235, Stage.READY),
        (AUTH, "⟨hidden⟩", 535, Stage.READY),
        (AUTH, "*", 501, Stage.READY),
        (RECIPIENTS, "QUIT", 221, Stage.CLOSED),
        (RECIPIENTS, "QUIT", 500, Stage.RECIPIENTS),
        (READY, "STARTTLS", 220, Stage.READY),
        (READY, "XYZZY", 250, Stage.READY),
    ],
)
def test_step(before: Conversation, command: str, code: int, stage: Stage) -> None:
    assert before.after(command, code).stage is stage


@pytest.mark.parametrize("before", SITUATIONS)
def test_421_closes_from_everywhere(before: Conversation) -> None:
    assert before.after("NOOP", 421) == CLOSED


@pytest.mark.parametrize(("command", "before"), [("AUTH PLAIN ⟨hidden⟩", READY), ("⟨hidden⟩", AUTH)])
def test_only_235_authenticates(command: str, before: Conversation) -> None:
    for code in range(200, 600):
        assert before.after(command, code).authenticated is (code == 235), code


def test_tls_forgets_everything() -> None:
    known = RECIPIENTS.after("RSET", 250).after("AUTH PLAIN ⟨hidden⟩", 235)
    assert known.authenticated
    assert after_tls(greeted=True) == Conversation(Stage.GREETED, secure=True)
    assert after_tls(greeted=False) == Conversation(Stage.CLOSED, secure=True)


def test_envelope_grows_and_is_cleared() -> None:
    assert SENDER.reverse_path == "a@b"
    assert READY.after("MAIL FROM:<> SIZE=5", 250).reverse_path == ""
    assert RECIPIENTS.after("RCPT TO:<e@f> NOTIFY=NEVER", 250).forward_paths == ("c@d", "e@f")
    assert RECIPIENTS.envelope == "from <a@b>, to <c@d>"
    assert RECIPIENTS.after("RSET", 250).reverse_path is None
    assert DATA.after(".", 250).forward_paths == ()


def test_recipients_are_counted_and_only_the_first_kept() -> None:
    now = SENDER
    for number in range(RECIPIENTS_KEPT + 5):
        now = now.after(f"RCPT TO:<u{number}@x>", 250)
    assert now.recipients == RECIPIENTS_KEPT + 5
    assert len(now.forward_paths) == RECIPIENTS_KEPT
    assert now.envelope.endswith("and 5 more")


@pytest.mark.parametrize("now", SITUATIONS, ids=lambda now: now.stage.value)
def test_each_verb_is_either_expected_or_has_a_reason(now: Conversation) -> None:
    assert sorted(now.allowed + now.refused) == sorted(EXPECTED)
    for verb in EXPECTED:
        assert bool(now.why_not(verb)) is not now.expects(verb)
        assert now.expects(verb.lower()) is now.expects(verb)
    assert not now.expects("XYZZY")
    assert "no verb" in now.why_not("XYZZY")


def test_once_per_session_and_no_mixing() -> None:
    assert "TLS is on" in after_tls(greeted=True).after("EHLO x", 250).why_not("STARTTLS")
    assert "once per session" in READY.after("AUTH PLAIN ⟨hidden⟩", 235).why_not("AUTH")
    chunked = RECIPIENTS.after("BDAT 5", 250)
    assert chunked.chunks == 1
    assert "do not mix" in chunked.why_not("DATA")
    assert chunked.expects("BDAT")


def test_without_a_connection_nothing_is_expected() -> None:
    assert CLOSED.allowed == ()
    assert "connect first" in CLOSED.why_not("NOOP")
    assert "no connection" in CLOSED.to_text()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*EXPECTED, ".", "", "*", "X"]) | st.text(max_size=6),
            st.text(max_size=12),
            st.integers(200, 599),
        ),
        max_size=8,
    )
)
def test_any_session_gives_states_that_can_be_shown(steps: list[tuple[str, str, int]]) -> None:
    now = GREETED
    for verb, arguments, code in steps:
        now = now.after(f"{verb} {arguments}", code)
        for shown in (repr(now), now.summary, now.envelope):
            assert visible(shown) == shown
        assert visible(now.to_text().replace("\n", "")) == now.to_text().replace("\n", "")
        assert pickle.loads(pickle.dumps(now)) == now


def test_closed_session_promises_no_503() -> None:
    assert "503" not in CLOSED.to_text()
    assert "503" not in (CLOSED._repr_html_() or "")
    assert "Would likely get 503: " in GREETED.to_text()
    assert "Would likely get 503:" in (GREETED._repr_html_() or "")


@pytest.mark.parametrize("verb", ["STARTTLS", "AUTH", "BDAT"])
def test_helo_brings_no_extension(verb: str) -> None:
    """RFC 5321 §2.2.1: what is beyond the plain verbs is offered in the reply to EHLO alone."""
    now = GREETED.after("HELO x", 250)
    assert verb not in now.allowed
    assert now.why_not(verb) == f"EHLO first: {verb} is an extension, and HELO brings none"
    assert verb in (RECIPIENTS if verb == "BDAT" else now.after("EHLO x", 250)).allowed
    assert GREETED.why_not(verb).startswith(f"EHLO first: {verb} is an extension")
