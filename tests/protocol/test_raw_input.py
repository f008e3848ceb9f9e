"""What octets typed by hand mean, however they are cut: commands, content, chunks, and what may be secret."""

from __future__ import annotations

import pytest

from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.raw_input import Mode, RawInput
from smtpnb.secret import Secret


def typed(*pieces: bytes, stage: Stage = Stage.READY, owed: bool = False) -> tuple[RawInput, list[str], set[bytes]]:
    """Where the pieces lead, the commands in them, and what is secret."""
    raw = RawInput()
    commands: list[str] = []
    secrets: set[bytes] = set()
    for piece in pieces:
        raw = raw.then(Secret(piece), stage, owed=owed or bool(commands))
        commands += [command.shown for command in raw.commands]
        secrets |= {secret.octets() for secret in raw.secrets}
    return raw, commands, secrets


def cuts(octets: bytes) -> list[tuple[bytes, ...]]:
    """Whole, octet by octet, and in two at each place."""
    single = tuple(octets[at : at + 1] for at in range(len(octets)))
    return [(octets,), single, *[(octets[:at], octets[at:]) for at in range(1, len(octets))]]


@pytest.mark.parametrize("pieces", cuts(b"BDAT 14 LAST\r\nhello\r\nworld\r\nNOOP\r\n"))
def test_chunk_is_counted_and_is_no_command(pieces: tuple[bytes, ...]) -> None:
    raw, commands, _ = typed(*pieces)
    assert commands == ["BDAT 14 LAST", "NOOP"]
    assert (raw.mode, raw.unfinished) == (Mode.COMMAND, False)


def test_chunk_that_has_not_ended_is_unfinished() -> None:
    raw, commands, _ = typed(b"bdat 5\r\nhe")
    assert (raw.unfinished, raw.left, commands) == (True, 3, ["bdat 5"])
    raw = raw.then(Secret(b"llo"), Stage.READY, owed=True)
    assert not raw.unfinished


@pytest.mark.parametrize("pieces", cuts(b"AUTH PLAIN dG9rZW4=\r\n"))
def test_initial_response_is_secret_from_its_first_octet_on(pieces: tuple[bytes, ...]) -> None:
    _, commands, secrets = typed(*pieces)
    assert commands == ["AUTH PLAIN ⟨hidden⟩"]
    assert b"dG9rZW4=" in secrets
    _, commands, secrets = typed(b"AUTH PLAIN dG9r")
    assert (commands, secrets) == ([], {b"dG9r"})


@pytest.mark.parametrize("pieces", cuts(b"DATA\r\nAUTH PLAIN dG9rZW4=\r\n"))
def test_auth_line_behind_a_data_that_is_not_granted_yet_may_be_secret(pieces: tuple[bytes, ...]) -> None:
    raw, commands, secrets = typed(*pieces)
    assert commands == ["DATA"]
    assert raw.mode is Mode.CONTENT
    assert b"dG9rZW4=" in secrets


def test_auth_line_in_content_is_content() -> None:
    raw, commands, secrets = typed(b"AUTH PLAIN dG9rZW4=\r\nhalf", stage=Stage.DATA)
    assert (commands, secrets, raw.midline, raw.unfinished) == ([], set(), True, False)
    assert not typed(b"whole\r\n", stage=Stage.DATA)[0].midline


def test_content_of_a_refused_data_is_the_beginning_of_a_command() -> None:
    raw, _, _ = typed(b"DATA\r\nhalf")
    assert raw.midline
    assert raw.at(Stage.DATA).midline
    assert raw.at(Stage.READY).unfinished
