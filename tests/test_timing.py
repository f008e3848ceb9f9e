"""The times of sessions: what the client measures, and what the view says of it."""

import base64
import re
import time

import pytest
from view_examples import ONE_BY_ONE, TOGETHER, lap

from smtpnb import Sandbox, Transcript, display
from smtpnb.sandbox import Delays


def test_numbers_of_a_session() -> None:
    (session,) = ONE_BY_ONE.timing().sessions
    assert [round(each.begin * 1000) for each in session.laps] == [0, 21, 42, 63, 84]
    assert session.rounds == 5
    assert round(session.span * 1000, 3) == 121
    assert session.laps[4].sending == pytest.approx(0.012)
    assert session.laps[4].waiting == pytest.approx(0.025)


def test_a_group_sent_in_one_write_is_one_round_trip() -> None:
    one, other = ONE_BY_ONE.timing(TOGETHER, labels=("one by one", "pipelined")).sessions
    assert (one.label, one.rounds, other.label, other.rounds) == ("one by one", 5, "pipelined", 3)
    assert other.span < one.span


def test_text_is_the_table() -> None:
    assert Transcript((lap("NOOP", 0, 1, 2),)).timing().to_text().splitlines() == [
        "session 1: 1 exchange in 1 round trip, 3.0 ms",
        "  sent at | sending | waiting | command | reply",
        "  0.0 ms | 1.0 ms | 2.0 ms | NOOP | 250",
    ]


def test_repr_tells_no_times() -> None:
    assert repr(ONE_BY_ONE.timing()) == "<Timing of session 1: 5 exchanges>"


def test_a_session_of_nothing_has_a_view() -> None:
    assert "0 exchanges in 0 round trips" in (display.html(Transcript().timing()) or "")


def test_what_the_client_measures() -> None:
    with Sandbox(behaviours=[Delays(seconds=0.05, at="NOOP")]) as sandbox, sandbox.client() as client:
        client.ehlo()
        started = time.monotonic()
        client.noop()
        spent = time.monotonic() - started
        with client.pipeline() as pipe:
            pipe.mail("alice@example.org")
            pipe.rcpt("bob@example.org")
            pipe.data()
        client.data_body("Subject: x\n\nhello\n")
        laps = {each.verb: each for each in client.transcript.timing().sessions[0].laps}
    assert laps["NOOP"].sending + laps["NOOP"].waiting <= spent
    assert [each.verb for each in laps.values() if each.pipelined] == ["RCPT", "DATA"]
    assert all(each.sending >= 0 and each.waiting >= 0 for each in laps.values())
    assert all(each.waiting > 0 for each in laps.values())


def test_picture_draws_a_bar_for_each_exchange_and_is_the_same_again() -> None:
    html = display.html(ONE_BY_ONE.timing(TOGETHER)) or ""
    assert html == display.html(ONE_BY_ONE.timing(TOGETHER))
    match = re.search(r"data:image/svg\+xml;base64,([^\"]+)", html)
    assert match
    drawn = base64.b64decode(match[1]).decode()
    assert drawn.count(">RCPT<") == 1
    assert drawn.count(">↳ RCPT<") == 1
    assert drawn.count("#9cc4ee") == 10 + 1  # bars, and the legend
