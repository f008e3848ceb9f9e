"""Broken, slow and hostile servers: what each sends, at which point, in which session."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_talk import EHLO, ENVELOPE, MAIL, RCPT, captured, codes, fed, talked

from smtpnb.sandbox import Configuration, Session
from smtpnb.sandbox.behaviour import POINTS, Behaviour, Behaviours
from smtpnb.sandbox.fault import (
    GREETINGS,
    HOSTILE_TEXT,
    Delays,
    Drips,
    Fails,
    Flickers,
    GreetsAs,
    HangsUp,
    KeepsPlaintext,
    MixesCodes,
    Rambles,
    Sends,
    Stalls,
    StripsStartTls,
    TalksBehindStartTls,
    Taunts,
)
from smtpnb.sandbox.steps import Close, Octets, Pause, Stall, StartTls, Step, joined

GREETING = b"220 sandbox.example ESMTP smtpnb teaching server\r\n"
BYE = b"221 2.0.0 sandbox.example closes the connection\r\n"


def behaving(*behaviours: Behaviour) -> dict[str, Any]:
    return {"behaviours": Behaviours(behaviours)}


def steps_of(data: bytes, *behaviours: Behaviour, session: int = 1) -> list[Step]:
    return fed(Session(Configuration(**behaving(*behaviours)), session), [data])


@pytest.mark.parametrize("point", [point for point in POINTS if point not in ("CONNECT", "CONTENT")])
def test_any_verb_may_fail(point: str) -> None:
    said = f"{point}\r\n".encode()
    assert talked(said, **behaving(Fails(at=point)))[-1] == "451 4.3.0 Try again later"


def test_second_recipient_fails_once() -> None:
    said = ENVELOPE + RCPT + RCPT
    answers = codes(talked(said, **behaving(Fails(at="RCPT", nth=2, reply="450 4.2.0 Busy"))))
    assert answers[2:] == ["250 2.1.5", "450 4.2.0", "250 2.1.5"]


def test_content_fails_after_the_dot_and_nothing_is_kept() -> None:
    said = ENVELOPE + b"DATA\r\n\r\n.\r\n" + RCPT
    fails = behaving(Fails(at="CONTENT", reply="451 4.3.0 No"))
    assert codes(talked(said, **fails))[3:] == ["354", "451 4.3.0", "503 5.5.1"]
    assert captured(said, **fails) == ()


def test_421_closes() -> None:
    steps = steps_of(EHLO + b"NOOP\r\nNOOP\r\n", Fails(at="NOOP", reply="421 4.3.2 Going down"))
    assert steps[-2:] == [Octets(b"421 4.3.2 Going down\r\n"), Close()]


def test_greeting_fails() -> None:
    assert steps_of(b"", Fails(at="CONNECT", reply="421 Later")) == [Octets(b"421 Later\r\n"), Close()]
    steps = steps_of(EHLO + b"QUIT\r\n", Fails(at="CONNECT", reply="554 No SMTP service here"))
    assert joined(steps).startswith(b"554 No SMTP service here\r\n503 5.5.1 No service here: QUIT is all there is\r\n")


def test_only_the_session_that_is_meant() -> None:
    behaviour = Fails(at="NOOP", session=2)
    assert b"451" not in joined(steps_of(b"NOOP\r\n", behaviour, session=1))
    assert b"451" in joined(steps_of(b"NOOP\r\n", behaviour, session=2))


def test_flickering_is_the_same_every_time_and_depends_on_the_seed() -> None:
    def outcome(seed: int) -> list[str]:
        return codes(talked(b"NOOP\r\n" * 40, **behaving(Flickers(at="NOOP", rate=0.5)), seed=seed))

    assert outcome(1) == outcome(1)
    assert set(outcome(1)) == {"250 2.0.0", "451 4.3.0"}
    assert outcome(1) != outcome(2)


def test_delays_really_or_virtually() -> None:
    assert steps_of(b"", Delays(seconds=0.5))[0] == Pause(0.5)
    shared = Configuration(**behaving(Delays(seconds=2, virtual=True)))
    assert fed(Session(shared), [b"NOOP\r\n"])[0] == Octets(GREETING)
    assert shared.clock.now == 4


def test_drips_the_same_octets() -> None:
    steps = steps_of(EHLO, Drips(octets=3, seconds=0.01))
    assert joined(steps) == joined(steps_of(EHLO))
    assert all(len(step.data) <= 3 for step in steps if isinstance(step, Octets))
    assert steps[:3] == [Octets(b"220"), Pause(0.01), Octets(b" sa")]


def test_stalls_in_the_middle() -> None:
    assert steps_of(EHLO, Stalls(at="EHLO", octets=4))[1:] == [Octets(b"250-"), Stall()]
    assert steps_of(EHLO, Stalls(at="CONNECT")) == [Stall()]


def test_hangs_up_in_the_middle() -> None:
    assert steps_of(EHLO, HangsUp(at="EHLO", octets=4))[1:] == [Octets(b"250-"), Close()]
    assert steps_of(EHLO, HangsUp(at="CONNECT", octets=0, reset=True)) == [Close(reset=True)]


def test_sends_anything() -> None:
    assert steps_of(b"NOOP\r\n", Sends(at="NOOP", octets=b"\0\xff"))[1:] == [Octets(b"\0\xff")]
    assert steps_of(b"QUIT\r\n", Sends(at="QUIT", octets=b"no"))[1:] == [Octets(b"no"), Close()]
    assert steps_of(b"NOOP\r\n", Sends(at="NOOP", octets=b"bye", closes=True))[1:] == [Octets(b"bye"), Close()]


def test_mixes_codes() -> None:
    output = joined(steps_of(EHLO, MixesCodes(at="EHLO"))).split(b"\r\n")
    assert (output[-3], output[-2]) == (b"250-EXPN", b"550 HELP")
    output = joined(steps_of(b"NOOP\r\n", MixesCodes(at="NOOP"))).split(b"\r\n")
    assert output[1:-1] == [b"250-2.0.0 OK", b"550 2.0.0 OK"]


def test_rambles() -> None:
    output = joined(steps_of(b"NOOP\r\n", Rambles(at="NOOP", octets=20_000)))
    assert max(map(len, output.split(b"\r\n"))) > 20_000
    assert output.endswith(b"\r\n")


def test_taunts() -> None:
    output = joined(steps_of(b"NOOP\r\n", Taunts(at="NOOP")))
    assert output == GREETING + f"250 2.0.0 OK {HOSTILE_TEXT}\r\n".encode()


@pytest.mark.parametrize("protocol", GREETINGS)
def test_greets_as_another_protocol(protocol: str) -> None:
    steps = steps_of(EHLO, GreetsAs(protocol=protocol))
    assert joined(steps) == GREETINGS[protocol][0]
    assert isinstance(steps[-1], Close | Stall)


def test_talks_behind_starttls() -> None:
    steps = steps_of(EHLO + b"STARTTLS\r\n", TalksBehindStartTls(octets=b"250 injected\r\n"))
    assert steps[-2:] == [Octets(b"220 2.0.0 Ready to start TLS\r\n250 injected\r\n"), StartTls()]


def test_keeps_what_was_pipelined_behind_starttls() -> None:
    said = EHLO + b"STARTTLS\r\nNOOP\r\n"
    assert b"OK" not in joined(steps_of(said))
    assert joined(steps_of(said, KeepsPlaintext())).endswith(b"220 2.0.0 Ready to start TLS\r\n250 2.0.0 OK\r\n")


def test_strips_starttls() -> None:
    steps = steps_of(EHLO + b"STARTTLS\r\n", StripsStartTls())
    assert b"STARTTLS" not in joined(steps)
    assert joined(steps).endswith(b"500 5.5.1 Unknown verb\r\n")
    assert b"250-XXXXXXXA\r\n" in joined(steps_of(EHLO, StripsStartTls(leaves_gap=True)))


def test_smuggling_works_on_a_lax_server_and_on_no_other() -> None:
    smuggled = b"MAIL FROM:<admin@example.org>\r\n" + RCPT + b"DATA\r\n\r\nsmuggled\r\n.\r\n"
    said = ENVELOPE + b"DATA\r\n\r\ninnocent\n.\r\n" + smuggled
    assert [message.sender for message in captured(said)] == ["alice@example.org"]
    assert [message.sender for message in captured(said, lax_end_of_data=True)] == [
        "alice@example.org",
        "admin@example.org",
    ]


def test_faults_compose() -> None:
    steps = steps_of(EHLO, Taunts(at="EHLO", text="x"), Drips(at="EHLO", octets=100), HangsUp(at="CONNECT", session=9))
    assert joined(steps).endswith(b"250 HELP x\r\n")
    assert any(isinstance(step, Pause) for step in steps)


def test_same_seed_same_octets() -> None:
    behaviours = (Flickers(rate=0.3), Drips(octets=2), Taunts(at="NOOP"))
    said = EHLO + MAIL + RCPT + b"NOOP\r\n" * 5
    assert steps_of(said, *behaviours) == steps_of(said, *behaviours)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fails(at="RCTP"), "did you mean 'RCPT'"),
        (lambda: Fails(at="rcpt"), "did you mean 'RCPT'"),
        (lambda: Fails(nth=0), "from 1"),
        (lambda: Fails(reply="nonsense"), "no reply"),
        (lambda: Fails(reply="250 a\r\nb"), "no reply"),
        (lambda: Flickers(rate=2), "from 0 to 1"),
        (lambda: Delays(seconds=-1), "0 to 3600"),
        (lambda: Drips(octets=0), "at least one"),
        (lambda: GreetsAs(protocol="gopher"), "there is"),
        (lambda: Drips(speed=1), "speed"),
        (lambda: Drips(octets=1.5), "octets is a whole number, not float"),
        (lambda: Drips(octets=True), "octets is a whole number, not bool"),
        (lambda: Delays(seconds="1"), "seconds is a number, not str"),
        (lambda: Delays(virtual="yes"), "virtual is True or False, not str"),
        (lambda: Pause("1"), "a pause is a number, not str"),
        (lambda: Stalls(octets=-1), "from 0"),
        (lambda: HangsUp(octets=-1), "from 0"),
        (lambda: Rambles(octets=-4), "from 0"),
        (lambda: MixesCodes(code=1000), "from 200 to 599"),
        (lambda: Sends(octets="text"), r"octets such as b'\.\.\.', not str"),
        (lambda: TalksBehindStartTls(octets="250 x"), "not str"),
        (lambda: Fails(reply=451), "reply is text, not int"),
        (lambda: Fails(at=7), "at is text or None, not int"),
        (lambda: Fails(nth=True), "nth is a whole number or None, not bool"),
        (lambda: StripsStartTls(leaves_gap=1), "leaves_gap is True or False, not int"),
    ],
)
def test_impossible_faults(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_behaviour_reads_as_it_was_written() -> None:
    assert str(Drips(at="EHLO")) == "Drips(at='EHLO')"
    assert str(Fails(at="RCPT", nth=2)) == "Fails(at='RCPT', nth=2)"


def test_bye_is_said_in_order() -> None:
    assert steps_of(b"QUIT\r\n")[1:] == [Octets(BYE), Close()]
