"""The panel as a page of its own."""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import TYPE_CHECKING

import nbformat

from smtpnb.cli import main
from smtpnb.panel import app

if TYPE_CHECKING:
    import pytest


def test_notebook_is_one_cell_that_shows_a_panel() -> None:
    notebook = nbformat.reads(app.notebook("mail.example.org:587"), 4)
    nbformat.validate(notebook)
    (cell,) = notebook.cells
    assert cell.source == "from smtpnb import control_panel\n\ncontrol_panel('mail.example.org:587')"
    assert json.loads(app.notebook())["cells"][0]["source"].endswith("control_panel()")


def test_impossible_server_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", "http://mail.example.org/", "--no-browser"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("smtpnb: ")
    assert told.count("\n") == 1


def test_missing_voila_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "voila.app", None)
    assert main(["panel", "--no-browser"]) == 1
    assert "pip install 'smtpnb[panel]'" in capsys.readouterr().err


def test_command_serves_a_page(panel_address: str) -> None:
    with urllib.request.urlopen(panel_address, timeout=50) as page:
        assert "jupyter" in page.read().decode()
