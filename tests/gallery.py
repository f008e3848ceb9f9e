"""Pictures of every view in a real JupyterLab, to be looked at: ``python tests/gallery.py FOLDER [NAME…]``.

One PNG for each view, theme and trust: ``reply_card-dark-untrusted.png``. Names, if any, choose among the views.
"""

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "display")]

from browser import LabPage, code, running_chromium, running_lab  # noqa: E402 - the line above finds it
from sheet import views  # noqa: E402 - likewise


def main(folder: Path, names: list[str]) -> None:
    """Write the pictures into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = {name: html for name, html in views().items() if not names or name in names}
    with tempfile.TemporaryDirectory() as place, running_lab(Path(place)) as lab, running_chromium() as browser:
        page = LabPage.start(browser, lab)
        for trust in ("trusted", "untrusted"):
            lab.write(
                f"{trust}.ipynb", [code(name, html=html) for name, html in sheet.items()], trusted=trust == "trusted"
            )
            for theme in ("light", "dark"):
                page.open(f"{trust}.ipynb", theme=theme)
                for name, output in zip(sheet, page.outputs(), strict=True):
                    output.screenshot(path=folder / f"{name.replace(', ', '-')}-{theme}-{trust}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
