"""For authors of notebooks: write one as cells, execute it from the top, store it with its outputs.

    from notebook_author import Notebook
    n = Notebook("05_vrfy")
    n.text("# 05 · VRFY …")
    n.code("from smtpnb import Sandbox …")
    n.code("client.connect()", raises=True)       # a cell whose error is the lesson
    n.exercise("def verified(reply): ...", 'check("verified", verified)', "def verified(reply): …")
    n.store()                                     # executes it; the outputs, ids and metadata are the same each time

`python tests/notebook_author.py notebooks/05_vrfy.ipynb …` executes stored notebooks anew, as after a change of a view.
"""

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"

#: As JupyterLab writes it; the version is not, as outputs are the same on all of them.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}

#: A widget's place on the page: a random id, and nothing in a notebook that no kernel runs.
WIDGET = "application/vnd.jupyter.widget-view+json"

#: How JupyterLab folds a cell away: its source but for the first line, and the outputs, which would tell the answer too.
FOLDED = {"source_hidden": True, "outputs_hidden": True}

#: The first line of a solution, which JupyterLab shows of it while it is folded.
SOLUTION = "# A solution: try first."


class Notebook:
    """A notebook being written.

    Args:
        name: its file's name, without the suffix.
    """

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.ipynb"
        self._cells: list[Any] = []

    def text(self, source: str) -> None:
        """Adds prose; behind prose, to the same cell."""
        if self._cells and self._cells[-1].cell_type == "markdown":
            self._cells[-1].source += "\n\n" + source.strip("\n")
            return
        self._add(new_markdown_cell(source.strip("\n")))

    def code(self, source: str, *tags: str, raises: bool = False) -> None:
        """Adds a cell of code; `raises` for one whose error is the lesson."""
        cell = new_code_cell(source.strip("\n"))
        tags = (*tags, *(["raises-exception"] if raises else []))
        if tags:
            cell.metadata["tags"] = list(tags)
        self._add(cell)

    def exercise(self, skeleton: str, check: str, solution: str) -> None:
        """Adds an exercise: the skeleton, its check, and a folded solution that checks again.

        The verdict on the solution is printed: a card would look like the verdict on the learner's own answer.
        """
        self.code(skeleton, "exercise")
        self.code(check)
        self.code(f"{SOLUTION}\n{solution.strip()}\n\nprint({check})", "solution")
        self._cells[-1].metadata["jupyter"] = dict(FOLDED)

    def _add(self, cell: Any) -> None:
        cell["id"] = f"cell-{len(self._cells):02d}"
        self._cells.append(cell)

    def store(self) -> None:
        """Executes it from the top and writes it."""
        stored(new_notebook(cells=self._cells), self.path)


def stored(notebook: Any, path: Path) -> None:
    """Executes a notebook from the top, its wrong answers being errors, and writes it in its normal form."""
    os.environ["SMTPNB_STRICT"] = "1"
    notebook.metadata = METADATA
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    NotebookClient(notebook, timeout=60, kernel_name="python3", record_timing=False, coalesce_streams=True).execute()
    notebook.metadata = METADATA  # the kernel wrote its version
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        output.get("data", {}).pop(WIDGET, None)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        stored(nbformat.read(argument, 4), Path(argument))
        print(f"{argument}: executed and stored")
