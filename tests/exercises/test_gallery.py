"""The gallery: each server has the fault that the exercise says it has, and the line that proves it."""

from typing import Any

import pytest

from smtpnb import Sandbox, SmtpError
from smtpnb.exercises import check
from smtpnb.exercises.gallery import _EXHIBITS, FAULTS, exhibit

NUMBERS = range(1, len(_EXHIBITS) + 1)


def _session(sandbox: Sandbox) -> list[str]:
    """Every line of a check-up, from both sides; the content has a lone dot between bare LFs."""
    client = sandbox.client(timeout=1)
    said: list[str] = []
    try:
        client.connect()
        client.ehlo()
        if "STARTTLS" in client.capabilities and client.starttls().success:
            client.ehlo()
        client.mail("alice@example.org")
        if client.rcpt("bob@example.org").success and client.data().code == 354:
            client.send_data("One\n.\nTwo\r\n.\r\n")
            said += [client.receive_data(), client.receive_data()]
    except SmtpError as error:
        said.append(str(error))
    client.disconnect()
    return [*client.transcript.to_text().splitlines(), *said]


@pytest.mark.parametrize("number", NUMBERS)
def test_server_says_the_line_that_proves_its_fault(number: int) -> None:
    proof = _EXHIBITS[number - 1].proof
    with exhibit(number) as sandbox:
        assert any(line.strip().endswith(proof) or proof in line for line in _session(sandbox))


def test_healthy_server_says_none_of_these_lines() -> None:
    with Sandbox(mechanisms=[], mechanisms_in_tls=["PLAIN", "LOGIN"]) as sandbox:
        client = sandbox.client()
        client.connect()
        client.ehlo()
        assert client.starttls().success
        client.ehlo()
        assert client.send_mail("alice@example.org", ["bob@example.org"], "Hi\n").reply.code == 250
        client.quit()
    said = client.transcript.to_text()
    for shown in _EXHIBITS:
        if shown.fault not in ("no answer", "password in the clear"):
            assert shown.proof not in said
    assert "AUTH" not in said.partition("handshake")[0]


def test_greylisted_message_passes_after_the_wait() -> None:
    with exhibit(7) as sandbox:
        assert any("451" in line for line in _session(sandbox))
        sandbox.clock.advance(300)
        assert any("Queued as 1" in line for line in _session(sandbox))


def test_message_arrives_though_no_answer_comes() -> None:
    with exhibit(6) as sandbox:
        assert any("closed the connection" in line for line in _session(sandbox))
        assert len(sandbox.messages) == 1


def test_every_hint_is_about_a_fault_of_the_table() -> None:
    for shown in _EXHIBITS:
        assert {shown.fault, *shown.taken_for} <= set(FAULTS)
        assert shown.fault not in shown.taken_for


@pytest.mark.parametrize("number", [0, 9, -1, "1", None, 1.5])
def test_number_that_is_not_in_the_gallery_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        exhibit(number)


def test_mapping_of_dots_is_not_answered_yet() -> None:
    for name in ("name_the_fault", "prove_it"):
        verdict = check(name, dict.fromkeys(NUMBERS, ...))
        assert verdict.state == "not answered yet"
        assert "Replace the dots, run that cell" in verdict.to_text()


def test_server_without_a_fault_is_not_answered_yet() -> None:
    with Sandbox() as sandbox:
        verdict = check("build_a_ninth", sandbox)
        assert verdict.state == "not answered yet"
        assert "It still takes every message. Change it" in verdict.to_text()
