"""The panel as a page of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

from smtpnb.cli import main
from smtpnb.panel import app


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


def test_command_serves_a_page(unused_port: int) -> None:
    command = [sys.executable, "-m", "smtpnb", "panel", "--no-browser", "--port", str(unused_port)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            page = _fetched(f"http://127.0.0.1:{unused_port}/")
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert "jupyter" in page


def _fetched(address: str) -> str:
    deadline = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
