"""Every view as JupyterLab shows it, light and dark, trusted and not: contrast and words measured, and axe's opinion."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser import Lab, LabPage, code
from sheet import views
from view_examples import ERROR, REPLY_ERROR, exchange, lines, reply

from smtpnb import display
from smtpnb.errors import SmtpError, SmtpTimeout
from smtpnb.transcript import Transcript

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
BROKEN_WORDS = (Path(__file__).parent / "broken_words.js").read_text(encoding="utf-8")
THEMES = ("light", "dark")
TOO_PALE = '<div style="background:#777777;color:#888888">too pale</div>'


def shown(lab: Lab, lab_page: LabPage, name: str, sheet: dict[str, str], theme: str, *, trusted: bool) -> list[Any]:
    """The outputs, one for each view, of a notebook of this name that holds them all; one that is shown stays."""
    file = f"{name}-{'trusted' if trusted else 'untrusted'}.ipynb"
    if lab_page.shown == file:
        lab_page.theme(theme)
    else:
        lab.write(file, [code(view, html=html) for view, html in sheet.items()], trusted=trusted)
        lab_page.open(file, theme=theme)
    outputs = lab_page.outputs()
    assert lab_page.trusted is trusted
    assert len(outputs) == len(sheet)
    return outputs


def measured(lab_page: LabPage, outputs: list[Any], sheet: dict[str, str]) -> list[dict[str, Any]]:
    found = lab_page.page.evaluate(MEASURE, {"outputs": outputs, "names": list(sheet)})
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_all_text_has_contrast_enough(lab: Lab, lab_page: LabPage, theme: str, trusted: bool) -> None:
    """WCAG 2.2 §1.4.3: 4.5:1, and 3:1 for large text and for signs."""
    sheet = views()
    found = measured(lab_page, shown(lab, lab_page, "views", sheet, theme, trusted=trusted), sheet)
    assert {text["view"] for text in found} == set(sheet)
    assert [text for text in found if not text["seen"]] == []
    assert [text for text in found if text["ratio"] < text["wanted"]] == []


@pytest.mark.node
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(lab: Lab, lab_page: LabPage, node_modules: Path, theme: str) -> None:
    outputs = shown(lab, lab_page, "views", views(), theme, trusted=False)
    found = lab_page.axe(node_modules, outputs)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_the_measurement_finds_text_that_is_too_pale(lab: Lab, lab_page: LabPage, theme: str) -> None:
    sheet = {
        "pale": TOO_PALE,
        "faint": '<div style="opacity:0.3">faint</div>',
        "tinted": '<div style="background:rgba(127,127,127,0.5)"><span style="color:#808080">tinted</span></div>',
        "good": "<div>good</div>",
    }
    found = measured(lab_page, shown(lab, lab_page, "pale", sheet, theme, trusted=False), sheet)
    pale = {text["view"] for text in found if text["ratio"] < text["wanted"]}
    assert pale == {"pale", "faint", "tinted"}
    (first, *_) = found
    assert first["ratio"] == pytest.approx(1.26, abs=0.02)  # as WebAIM's checker has it


@pytest.mark.node
def test_axe_is_not_blind_here(lab: Lab, lab_page: LabPage, node_modules: Path) -> None:
    sheet = {"pale": TOO_PALE, "nameless": '<a href="https://www.rfc-editor.org/"></a>'}
    outputs = shown(lab, lab_page, "bad", sheet, "light", trusted=True)
    found = lab_page.axe(node_modules, outputs)
    assert {line.partition(":")[0] for line in found} == {"link-name", "color-contrast"}


# -- words ---------------------------------------------------------------------------------------------------------

#: As wide as a large page, a small one, and a small one beside something else.
WIDTHS = (1400, 1024, 700)

HOST = ".".join(["nineteen-characters"] * 4)
BASE64 = "QUJD" * 60
LONG = reply(lines(550, f"no mail for {HOST} is taken here", BASE64), f"RCPT TO:<bob@{HOST}>")
LONG_ONES = {
    "reply": display.html(LONG) or "",
    "explained": display.explained(LONG) or "",
    "ladder": display.html(Transcript((exchange(f"VRFY {BASE64}", LONG.raw, "ready"),))) or "",
    "error": display.html(SmtpTimeout(f"{HOST} said nothing", cause=f"It is {BASE64}.")) or "",
}
SAID = SmtpTimeout(
    f"mail.example.org ({HOST}) sent no greeting within thirty seconds",
    cause="Either nothing answers there, or a firewall on the way throws everything away without a word of its own.",
    advice=("Try the submission port 587, which most networks let through to their own customers.",),
)


def broken(lab_page: LabPage, outputs: list[Any], names: list[str]) -> list[dict[str, str]]:
    found = lab_page.page.evaluate(BROKEN_WORDS, {"outputs": outputs, "names": names, "long": 40})
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_no_ordinary_word_is_broken(lab: Lab, lab_page: LabPage, width: int, trusted: bool) -> None:
    sheet = views()
    outputs = shown(lab, lab_page, "views", sheet, "light", trusted=trusted)
    with lab_page.resized(width):
        assert broken(lab_page, outputs, list(sheet)) == []


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_what_is_no_ordinary_word_may_break_and_fits(lab: Lab, lab_page: LabPage, trusted: bool) -> None:
    outputs = shown(lab, lab_page, "long", LONG_ONES, "light", trusted=trusted)
    with lab_page.resized(1024):
        words = broken(lab_page, outputs, list(LONG_ONES))
        sizes = lab_page.page.evaluate("outputs => outputs.map(each => [each.scrollWidth, each.clientWidth])", outputs)
    assert words == []
    assert {name: there <= room for name, (there, room) in zip(LONG_ONES, sizes, strict=True)} == dict.fromkeys(
        LONG_ONES, True
    )


@pytest.mark.parametrize("width", [1400, 1024])
def test_no_word_of_an_error_is_broken_where_a_traceback_would_stand(lab: Lab, lab_page: LabPage, width: int) -> None:
    errors: list[SmtpError] = [ERROR, REPLY_ERROR, SAID]
    cells = [code("raise") for _ in errors]
    for cell, error in zip(cells, errors, strict=True):
        said = {"ename": type(error).__name__, "evalue": str(error), "traceback": error._render_traceback_()}
        cell.outputs = [nbformat.v4.new_output("error", **said)]
    lab.write("errors.ipynb", cells)
    lab_page.open("errors.ipynb")
    outputs = lab_page.page.query_selector_all(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output pre")
    with lab_page.resized(width):
        found = broken(lab_page, outputs, [type(error).__name__ for error in errors])
    assert len(outputs) == len(errors)
    assert found == []


def test_the_measurement_finds_broken_words(lab: Lab, lab_page: LabPage) -> None:
    narrow = "width:3em;font-family:monospace"
    sheet = {
        "broken": f'<div style="{narrow};overflow-wrap:anywhere">extensions</div>',
        "broken by all": f'<div style="{narrow};word-break:break-all">an extension</div>',
        "too wide": f'<div style="{narrow}">extensions</div>',
        "long": f'<div style="{narrow};overflow-wrap:anywhere">{"x" * 40}</div>',
    }
    found = broken(lab_page, shown(lab, lab_page, "broken", sheet, "light", trusted=True), list(sheet))
    assert {each["view"] for each in found} == {"broken", "broken by all"}
