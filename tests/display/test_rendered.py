"""Every view as JupyterLab shows it, light and dark, trusted and not: contrast measured, and axe's opinion."""

from pathlib import Path
from typing import Any

import pytest
from browser import Lab, LabPage, code
from sheet import views

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
THEMES = ("light", "dark")
TOO_PALE = '<div style="background:#777777;color:#888888">too pale</div>'


def shown(lab: Lab, lab_page: LabPage, sheet: dict[str, str], theme: str, *, trusted: bool) -> list[Any]:
    """The outputs, one for each view, of a notebook that holds them all."""
    name = f"views-{'trusted' if trusted else 'untrusted'}.ipynb"
    lab.write(name, [code(view, html=html) for view, html in sheet.items()], trusted=trusted)
    lab_page.open(name, theme=theme)
    outputs = lab_page.outputs()
    assert lab_page.trusted is trusted
    assert len(outputs) == len(sheet)
    return outputs


def measured(lab_page: LabPage, outputs: list[Any], sheet: dict[str, str]) -> list[dict[str, Any]]:
    found = lab_page.page.evaluate(MEASURE, {"outputs": outputs, "names": list(sheet)})
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("theme", THEMES)
def test_all_text_has_contrast_enough(lab: Lab, lab_page: LabPage, theme: str, trusted: bool) -> None:
    """WCAG 2.2 §1.4.3: 4.5:1, and 3:1 for large text and for signs."""
    sheet = views()
    found = measured(lab_page, shown(lab, lab_page, sheet, theme, trusted=trusted), sheet)
    assert {text["view"] for text in found} == set(sheet)
    assert [text for text in found if not text["seen"]] == []
    assert [text for text in found if text["ratio"] < text["wanted"]] == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_measurement_finds_text_that_is_too_pale(lab: Lab, lab_page: LabPage, theme: str) -> None:
    sheet = {
        "pale": TOO_PALE,
        "faint": '<div style="opacity:0.3">faint</div>',
        "tinted": '<div style="background:rgba(127,127,127,0.5)"><span style="color:#808080">tinted</span></div>',
        "good": "<div>good</div>",
    }
    found = measured(lab_page, shown(lab, lab_page, sheet, theme, trusted=False), sheet)
    pale = {text["view"] for text in found if text["ratio"] < text["wanted"]}
    assert pale == {"pale", "faint", "tinted"}
    (first, *_) = found
    assert first["ratio"] == pytest.approx(1.26, abs=0.02)  # as WebAIM's checker has it


@pytest.mark.node
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(lab: Lab, lab_page: LabPage, node_modules: Path, theme: str) -> None:
    outputs = shown(lab, lab_page, views(), theme, trusted=False)
    found = lab_page.axe(node_modules, outputs)
    assert found == [], "\n".join(found)


@pytest.mark.node
def test_axe_is_not_blind_here(lab: Lab, lab_page: LabPage, node_modules: Path) -> None:
    sheet = {"pale": TOO_PALE, "nameless": '<a href="https://www.rfc-editor.org/"></a>'}
    outputs = shown(lab, lab_page, sheet, "light", trusted=True)
    found = lab_page.axe(node_modules, outputs)
    assert {line.partition(":")[0] for line in found} == {"link-name", "color-contrast"}
