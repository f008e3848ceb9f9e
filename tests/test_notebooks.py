"""The notebooks: stored with their outputs, the same on every run, and true of a real server too."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_author import FOLDED, SOLUTION, WIDGET
from real_servers import RealServer

from smtpnb.exercises.registry import exercises

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# nbclient and zmq leave their sockets to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
                                        "ignore::DeprecationWarning")  # fmt: skip


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong answer in a notebook is an error."""
    monkeypatch.setenv("SMTPNB_STRICT", "1")


def _run(notebook: Any) -> Any:
    NotebookClient(notebook, timeout=60, kernel_name="python3", record_timing=False, coalesce_streams=True).execute()
    return notebook


def _outputs(notebook: Any) -> list[Any]:
    """The outputs of each cell; of a widget its text, as what it shows is tested with the panel."""
    outputs = [json.loads(json.dumps(cell.get("outputs", []))) for cell in notebook.cells]
    for output in (output for of_cell in outputs for output in of_cell):
        output.get("data", {}).pop(WIDGET, None)
    return outputs


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


def _headings(path: Path) -> set[str]:
    """The anchors that JupyterLab gives a notebook's headings: the text, spaces made hyphens."""
    prose = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
    return {heading.strip().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)}


def _prose(path: Path) -> str:
    return "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_between_notebooks_resolve(path: Path) -> None:
    for target, heading in re.findall(r"\]\(([\w.]+\.ipynb)(?:#([^)]+))?\)", _prose(path)):
        assert (FOLDER / target).exists(), target
        assert not heading or heading in _headings(FOLDER / target), f"{target}#{heading}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_elsewhere_are_to_sections_of_rfcs(path: Path) -> None:
    for label, address in re.findall(r"\[([^]]*)\]\((https?://[^)]*)\)", _prose(path)):
        match = re.fullmatch(r"https://www\.rfc-editor\.org/rfc/rfc\d+#section-([\d.]+)", address)
        assert match, address
        assert label == f"§{match[1]}"


@pytest.mark.parametrize("path", NOTEBOOKS[:13], ids=lambda path: path.stem)
def test_a_lesson_has_twenty_to_thirty_five_cells(path: Path) -> None:
    assert 20 <= len(nbformat.read(path, 4).cells) <= 35


def test_every_notebook_is_on_the_map() -> None:
    linked = set(re.findall(r"\]\(((?:\d\d_)?\w+\.ipynb)\)", _prose(FOLDER / "00_tour.ipynb")))
    assert linked | {"00_tour.ipynb"} == {path.name for path in NOTEBOOKS}


def test_every_difficulty_has_its_cell() -> None:
    """Rows `| n | difficulty | [NN](NN_name.ipynb#Heading) |`; that the headings exist is tested with all links."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| (.+) \|$", _prose(FOLDER / "00_tour.ipynb"), re.MULTILINE)
    numbers = [int(number) for number, _, _ in rows]
    assert numbers == list(range(1, 21))
    for _, _, where in rows:
        places = re.findall(r"\[(\d\d)\]\((\d\d)_\w+\.ipynb#[^)]+\)", where)
        assert places, where
        assert all(shown == target for shown, target in places), where


# -- exercises ---------------------------------------------------------------------------------------------------


def _exercises(path: Path) -> list[tuple[Any, Any, Any]]:
    """Skeleton, check and solution of each exercise."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    at = [number for number, cell in enumerate(cells) if "exercise" in cell.metadata.get("tags", [])]
    return [(cells[number], cells[number + 1], cells[number + 2]) for number in at]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_exercise_is_a_skeleton_a_check_and_a_folded_solution(path: Path) -> None:
    for _, check, solution in _exercises(path):
        assert "check(" in check.source
        assert solution.source.endswith(f"\n\nprint({check.source.split(chr(10) * 2)[-1]})")
        assert solution.metadata["tags"] == ["solution"]
        assert solution.metadata["jupyter"] == FOLDED
        assert solution.source.startswith(f"{SOLUTION}\n"), "JupyterLab shows the first line of a folded cell"
        assert check.outputs[-1].data["text/plain"].startswith("not answered yet: ")
        assert solution.outputs[-1].text.splitlines()[-1].startswith("right: ")


def test_every_exercise_stands_in_its_notebook_and_nowhere_else() -> None:
    asked = [
        (re.findall(r'check\("(\w+)"', check.source)[0], path.name[:2])
        for path in NOTEBOOKS
        for _, check, _ in _exercises(path)
    ]
    assert sorted(asked) == sorted((exercise.name, exercise.notebook) for exercise in exercises().values())


def test_first_card_is_on_screen_within_three_cells() -> None:
    cells = [cell for cell in nbformat.read(FOLDER / "00_tour.ipynb", 4).cells if cell.cell_type == "code"]
    assert any("text/html" in output.get("data", {}) for cell in cells[:3] for output in cell.outputs)


def test_nbval_overlooks_at_most_six_things() -> None:
    rules = configparser.ConfigParser()
    rules.read(Path(__file__).parent / "nbval_sanitize.cfg", encoding="utf-8")
    assert len(rules.sections()) <= 6


#: The notebooks that make sense with a real server in place of the sandbox's `client`.
REAL = ["00_tour.ipynb", "01_ehlo.ipynb", "02_transaction.ipynb", "03_starttls.ipynb", "04_auth_plain.ipynb", "05_vrfy.ipynb", "06_expn.ipynb"]  # fmt: skip


#: A cell that talks to `client`; another one's client belongs to a sandbox, whose people are at example.org.
TALKS = re.compile(r"(?<![.\w])client\b")


def _for_real(cell: Any, server: RealServer) -> None:
    """The same cell, for the people of a real server."""
    context = f"ssl.create_default_context(cafile={str(server.ca_file)!r})"
    told = f"dict(host='127.0.0.1', port={server.port}, ssl_context={context})"
    if cell.source.endswith("sandbox = Sandbox()\nclient = sandbox.client()"):  # the tour's first cell
        cell.source = f"{cell.source}\nfrom smtpnb import SmtpClient\nSERVER = None\nclient = SmtpClient(**SERVER)"
    cell.source = cell.source.replace("SERVER = None", f"import ssl\nSERVER = {told}")
    if TALKS.search(cell.source):
        cell.source = cell.source.replace("example.org", server.domain).replace(
            '"wonderland"', repr(server.users["alice"])
        )


@pytest.mark.postfix
@pytest.mark.parametrize("name", REAL)
def test_the_same_cells_run_against_postfix(name: str, postfix: RealServer) -> None:
    notebook = nbformat.read(FOLDER / name, 4)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if name.startswith("00") and "sandbox.messages" in cell.source:
            cell.source = ""  # a real server shows nobody its mailboxes
        _for_real(cell, postfix)
        if "ehlo() == reply" in cell.source:
            cell.source = cell.source.replace(" == reply", "")  # the sandbox's greeting is not Postfix's
    notebook.cells.append(nbformat.v4.new_code_cell("print(client.transcript.replies[0])"))
    ran = _run(notebook)
    shown = json.dumps(_outputs(ran))
    assert "Postfix" in ran.cells[-1].outputs[0].text
    if name.startswith("00"):
        assert "235 2.7.0" in shown
        assert "queued as" in shown
