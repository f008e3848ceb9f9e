"""The notebooks: stored with their outputs, the same on every run, and true of a real server too."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from real_servers import RealServer

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# nbclient and zmq leave their sockets to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
                                        "ignore::DeprecationWarning")  # fmt: skip


def _run(notebook: Any) -> Any:
    NotebookClient(notebook, timeout=60, kernel_name="python3", record_timing=False, coalesce_streams=True).execute()
    return notebook


def _outputs(notebook: Any) -> list[Any]:
    return [json.loads(json.dumps(cell.get("outputs", []))) for cell in notebook.cells]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fresh_run_gives_the_stored_outputs_byte_for_byte(path: Path) -> None:
    stored = nbformat.read(path, 4)
    assert any(cell.get("outputs") for cell in stored.cells), "stored without outputs"
    assert _outputs(_run(nbformat.read(path, 4))) == _outputs(stored)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_smtp_errors_are_raised_and_only_where_the_lesson_wants_them(path: Path) -> None:
    for cell in nbformat.read(path, 4).cells:
        raised = [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]
        wanted = "raises-exception" in cell.metadata.get("tags", [])
        assert bool(raised) == wanted
        assert all(name.startswith("Smtp") for name in raised)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_password_address_port_or_path_is_stored(path: Path) -> None:
    shown = json.dumps(_outputs(nbformat.read(path, 4)))
    for pattern in (r"wonderland", r"d29uZGVybGFuZ", r"0x[0-9a-f]{6}", r"port \d{4,}", r"/home/", r"\.py:\d"):
        assert not re.search(pattern, shown), pattern


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_between_notebooks_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([\w.]+\.ipynb)[^)]*\)", path.read_text(encoding="utf-8")):
        assert (FOLDER / target).exists()


def test_first_card_is_on_screen_within_three_cells() -> None:
    cells = [cell for cell in nbformat.read(FOLDER / "00_tour.ipynb", 4).cells if cell.cell_type == "code"]
    assert any("text/html" in output.get("data", {}) for cell in cells[:3] for output in cell.outputs)


def test_nbval_overlooks_at_most_six_things() -> None:
    rules = configparser.ConfigParser()
    rules.read(Path(__file__).parent / "nbval_sanitize.cfg", encoding="utf-8")
    assert len(rules.sections()) <= 6


@pytest.mark.postfix
@pytest.mark.parametrize("name", ["00_tour.ipynb", "01_ehlo.ipynb"])
def test_the_same_cells_run_against_postfix(name: str, postfix: RealServer) -> None:
    notebook = nbformat.read(FOLDER / name, 4)
    real = (
        "import ssl\nfrom smtpnb import SmtpClient\n"
        f"client = SmtpClient('127.0.0.1', {postfix.port}, ssl_context=ssl.create_default_context(cafile={str(postfix.ca_file)!r}))"
    )
    for cell in notebook.cells:
        cell.source = (
            cell.source.replace("client = sandbox.client()", real)
            .replace("example.org", postfix.domain)
            .replace('"wonderland"', repr(postfix.users["alice"]))
        )
        if "sandbox.messages" in cell.source and cell.cell_type == "code":
            cell.source = ""  # a real server shows nobody its mailboxes
        if "ehlo() == reply" in cell.source:
            cell.source = cell.source.replace(" == reply", "")  # the sandbox's greeting is not Postfix's
    ran = _run(notebook)
    shown = json.dumps(_outputs(ran))
    assert "Postfix" in shown
    if name.startswith("00"):
        assert "235 2.7.0" in shown
        assert "queued as" in shown
