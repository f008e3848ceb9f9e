"""Behaviours of well-run servers, alone and together."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sandbox_talk import EHLO, ENVELOPE, MAIL, RCPT, codes, fed, replies, talked

from smtpnb.sandbox import Configuration, Session
from smtpnb.sandbox.behaviour import Behaviours
from smtpnb.sandbox.directory import Directory
from smtpnb.sandbox.offer import Offer
from smtpnb.sandbox.policy import Greylists, MailboxFull, Policies, RefusesMechanism, Relays
from smtpnb.sandbox.steps import joined

LOGIN = b"AUTH PLAIN " + base64.b64encode(b"\0alice\0wonderland") + b"\r\n"
DIRECTORY = Directory()


def policies(**options: Any) -> Behaviours:
    return Behaviours(Policies(**options).behaviours(DIRECTORY, Offer()))


def test_tls_required() -> None:
    said = EHLO + b"NOOP\r\nVRFY alice\r\nHELO x\r\nRSET\r\n" + LOGIN + MAIL + b"FOO\r\nSTARTTLS\r\n" + EHLO + MAIL
    expected = ["250", "250 2.0.0"] + ["530 5.7.0"] * 6 + ["220 2.0.0", "250", "250 2.1.0"]
    assert codes(talked(said, behaviours=policies(require_tls=True))) == expected


def test_refused_bdat_is_no_command() -> None:
    said = EHLO + b"BDAT 6\r\nNOOP\r\nNOOP\r\n"
    assert codes(talked(said, behaviours=policies(require_tls=True))) == ["250", "530 5.7.0", "250 2.0.0"]


def test_auth_required() -> None:
    said = EHLO + MAIL + b"VRFY alice\r\nNOOP\r\nRSET\r\n" + LOGIN + MAIL
    expected = ["250", "530 5.7.0", "530 5.7.0", "250 2.0.0", "250 2.0.0", "235 2.7.0", "250 2.1.0"]
    assert codes(talked(said, behaviours=policies(require_auth=True))) == expected


@pytest.mark.parametrize(("code", "status"), [(432, "4.7.12"), (454, "4.7.0"), (534, "5.7.9"), (535, "5.7.8")])
def test_mechanism_refused(code: int, status: str) -> None:
    said = EHLO + LOGIN + b"auth plain\r\nAUTH LOGIN\r\n"
    behaviours = policies(refused_mechanisms={"plain": code})
    assert codes(talked(said, behaviours=behaviours)) == ["250", *[f"{code} {status}"[:9]] * 2, "334"]


def test_encryption_required_for_a_mechanism() -> None:
    said = EHLO + LOGIN + b"STARTTLS\r\n" + EHLO + LOGIN
    answers = talked(said, behaviours=policies(refused_mechanisms={"PLAIN": 538}))
    assert [answer[:3] for answer in answers] == ["250", "538", "220", "250", "235"]


@pytest.mark.parametrize(
    ("who", "expected"),
    [("open", ["250", "250"]), ("authenticated", ["550", "250"]), ("denied", ["550", "550"])],
)
def test_relaying(who: str, expected: list[str]) -> None:
    elsewhere = b"RCPT TO:<x@elsewhere.example>\r\n"
    said = EHLO + MAIL + elsewhere + RCPT + b"RSET\r\n" + LOGIN + MAIL + elsewhere
    answers = talked(said, behaviours=policies(relay=who))
    assert [answers[2][:3], answers[-1][:3]] == expected
    assert answers[3].startswith("250 2.1.5")


def test_mailbox_full() -> None:
    said = ENVELOPE + b"RCPT TO:<carol@example.org>\r\nRCPT TO:<alice@example.org>\r\n"
    behaviours = policies(full_mailboxes={"carol": 452, "alice@example.org": 552})
    assert codes(talked(said, behaviours=behaviours))[2:] == ["250 2.1.5", "452 4.2.2", "552 5.2.2"]


def test_greylisting_waits_for_the_virtual_clock() -> None:
    shared = Configuration(behaviours=Behaviours([Greylists(delay=300)]))

    def tried() -> str:
        return replies(joined(fed(Session(shared), [ENVELOPE])))[-1]

    assert tried() == "451 4.7.1 Greylisted, try again in 300 seconds"
    shared.clock.advance(299)
    assert tried() == "451 4.7.1 Greylisted, try again in 1 seconds"
    shared.clock.advance(1)
    assert tried() == "250 2.1.5 Recipient accepted"


def test_greylisting_knows_each_sandbox_apart() -> None:
    behaviours = Behaviours([Greylists(delay=300)])
    first, second = Configuration(behaviours=behaviours), Configuration(behaviours=behaviours)
    assert replies(joined(fed(Session(first), [ENVELOPE])))[-1].startswith("451")
    second.clock.advance(1000)
    assert replies(joined(fed(Session(second), [ENVELOPE])))[-1].startswith("451")


def test_policies_compose() -> None:
    behaviours = policies(require_tls=True, require_auth=True, relay="authenticated")
    said = EHLO + MAIL + b"STARTTLS\r\n" + EHLO + MAIL + LOGIN + MAIL + b"RCPT TO:<x@y.example>\r\n"
    expected = ["250", "530 5.7.0", "220 2.0.0", "250", "530 5.7.0", "235 2.7.0", "250 2.1.0", "250 2.1.5"]
    assert codes(talked(said, behaviours=behaviours)) == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RefusesMechanism(mechanism="PLAIN", code=500), "500"),
        (lambda: Relays(directory=DIRECTORY, who="authentcated"), "did you mean 'authenticated'"),
        (lambda: MailboxFull(mailbox="carol", code=550), "550"),
        (lambda: MailboxFull(mailbox="a b"), "no address"),
        (lambda: Greylists(delay=-1), "above 0"),
        (lambda: Greylists(session=0), "from 1"),
        (lambda: policies(refused_mechanisms={"PLIAN": 534}), "did you mean 'PLAIN'"),
        (lambda: policies(full_mailboxes={"carl": 452}), "did you mean 'carol'"),
        (lambda: policies(relay="opne"), "did you mean 'open'"),
        (lambda: policies(greeting="htp"), "did you mean 'http'"),
        (lambda: Behaviours([Greylists]), "write Greylists"),
        (lambda: Behaviours(["greylisting"]), "a Behaviour, not str"),
    ],
)
def test_impossible_behaviours(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()
