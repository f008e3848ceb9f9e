"""The rig itself: what the tests of views and of the control panel stand on."""

from pathlib import Path

import pytest
from browser import Lab, LabPage, code
from playwright.sync_api import Browser, Error

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
MARKED = '<div><span style="color:var(--jp-ui-font-color1)" id="x">shown</span><script>window.ran = 1</script></div>'


@pytest.mark.parametrize("trusted", [True, False])
def test_stored_output_is_sanitised_unless_trusted(lab: Lab, lab_page: LabPage, trusted: bool) -> None:
    name = f"stored-{trusted}.ipynb"
    lab.write(name, [code("1", html=MARKED)], trusted=trusted)
    lab_page.page.evaluate("() => { delete window.ran; }")
    lab_page.open(name)
    (output,) = lab_page.outputs()
    assert lab_page.trusted is trusted
    assert "shown" in output.inner_text()
    assert bool(output.query_selector("#x")) is trusted
    assert bool(lab_page.page.evaluate("() => window.ran")) is trusted


def test_theme_changes_the_page(lab: Lab, lab_page: LabPage) -> None:
    lab.write("theme.ipynb", [code("1")])
    colours = []
    for theme in ("light", "dark", "light"):
        lab_page.open("theme.ipynb", theme=theme)
        style = "getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor"
        colours.append(lab_page.page.evaluate(style))
    assert colours == ["rgb(255, 255, 255)", "rgb(17, 17, 17)", "rgb(255, 255, 255)"]


def test_cells_are_run_in_the_package_s_own_environment(lab: Lab, lab_page: LabPage, tmp_path: Path) -> None:
    lab.write("run.ipynb", [code("import smtpnb"), code("smtpnb.SmtpReply.parse('250 OK\\r\\n')")])
    lab_page.open("run.ipynb")
    lab_page.run_all()
    (output,) = lab_page.outputs()
    assert "250" in output.inner_text().replace("\n", "")
    lab_page.screenshot(tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 1000


def test_nothing_but_loopback_is_reached(chromium: Browser) -> None:
    with chromium.new_page() as page:
        for address in ("http://example.org/", "http://192.0.2.1/"):
            with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
                page.goto(address)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_voila_shows_what_the_cells_show(lab: Lab, chromium: Browser, theme: str) -> None:
    lab.write("voila.ipynb", [code("import smtpnb; smtpnb.SmtpReply.parse('250 OK\\r\\n')")])
    with chromium.new_page() as page:
        page.goto(lab.voila("voila.ipynb", theme=theme))
        page.wait_for_selector(".jp-RenderedHTMLCommon code")
        assert page.evaluate("document.body.dataset.jpThemeLight") == str(theme == "light").lower()
