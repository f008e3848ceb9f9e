"""What notebook 10 says of panels is true of a panel."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from panel_answers import BUTTONS, by_hand, in_the_clear

from smtpnb import Sandbox
from smtpnb.exercises import check
from smtpnb.exercises.panel import WRITTEN
from smtpnb.panel.model import Model


@pytest.fixture
def model() -> Iterator[Model]:
    with Sandbox() as sandbox:
        panel = Model(sandbox)
        yield panel
        panel.close()


def test_program_of_the_lesson_is_what_a_panel_writes(model: Model) -> None:
    form = replace(model.form, to="bob@example.org, carol@example.org", subject="Which buttons?", body="Guess.\n")
    for button in BUTTONS:
        model.press(button, form)
    model.wait()
    assert model.code == WRITTEN


def test_session_by_hand_is_the_same_as_the_panels(model: Model) -> None:
    form = replace(model.form, security="STARTTLS", user="carol")
    for button in ["Connect", "VRFY", "QUIT"]:
        model.press(button, form)
    model.wait()
    with Sandbox() as sandbox:
        mine, other = sandbox.client(), sandbox.client()
        assert check("same_session", model, mine).state == "not answered yet"
        mine.connect()
        by_hand(mine)
        assert check("same_session", model, mine)
        other.connect()
        in_the_clear(other)
        assert "STARTTLS" in check("same_session", model, other).because
