"""The control panel in a real JupyterLab, light and dark, and under Voilà: by mouse, by keyboard, and for axe."""

from __future__ import annotations

import base64
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from browser import LabPage, code
from leaks import forms
from playwright.sync_api import expect

from smtpnb import Sandbox
from smtpnb.panel.model import BUTTONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PASSWORD = "wonderland"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
PANEL = "from smtpnb import control_panel\npanel = control_panel({})\npanel"
#: A cell that is busy until the test says so.
WAITING = (
    "import pathlib, time; print('free', 6 * 7)\n"
    "while not pathlib.Path('go-on').exists(): time.sleep(0.05)\n"
    "print('went', 'on')"
)
TEXTS = ("Host", "Port", "Login", "Password", "User", "List", "From", "To", "Cc", "Bcc", "Subject", "Body", "Raw command",
         "Security", "Mechanism", "Python")  # fmt: skip


class Panel:
    """The panel on a page, found as a person or a screen reader finds it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(self.button("Connect")).to_be_visible(timeout=30_000)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True).first

    def field(self, name: str) -> Any:
        return self.page.get_by_label(name, exact=True).first

    def press(self, name: str, status: str) -> None:
        """Press the button; the status line then says so."""
        self.button(name).click()
        self.says(status)

    def says(self, status: str) -> None:
        status_line = self.page.locator(".jupyter-widgets strong", has_text="Status:").first
        expect(status_line.locator("xpath=..")).to_contain_text(status, timeout=15_000)


@contextmanager
def shown(where: str, lab_page: LabPage, cells: list[Any], name: str) -> Iterator[Panel]:
    """The panel of a fresh kernel, in a page that the tests share; a test that fails leaves the next one a new page."""
    lab = lab_page.lab
    lab.write(f"{name}.ipynb", cells)
    if where == "voila":
        with lab_page.another() as page:
            page.goto(lab.voila(f"{name}.ipynb"), timeout=60_000)
            yield Panel(page)
        return
    try:
        lab_page.open(f"{name}.ipynb", theme=where)
        lab_page.run_all()
        yield Panel(lab_page.page)
        lab_page.command("notebook:shutdown-kernel")
    except BaseException:
        lab_page.load()
        raise


def saved(lab_page: LabPage, file: Path) -> str:
    """The notebook as JupyterLab saves it, the state of its widgets included."""
    lab_page.command("docmanager:save")
    return file.read_text(encoding="utf-8")


def keep_widget_state(lab_page: LabPage, file: Path) -> None:
    """Save the state of widgets from now on; the command switches it on or off, for all pages of the server."""
    if WIDGET_STATE not in saved(lab_page, file):
        lab_page.command("@jupyter-widgets/jupyterlab-manager:saveWidgetState")


@pytest.mark.parametrize("where", ["light", "dark", "voila"])
def test_a_whole_session_by_mouse(lab_page: LabPage, where: str) -> None:
    file = None if where == "voila" else lab_page.lab.folder / f"session-{where}.ipynb"
    with shown(where, lab_page, [code(PANEL.format(""))], f"session-{where}") as panel:
        if file:
            keep_widget_state(lab_page, file)
        panel.says("A sandbox was started for you")
        panel.press("Connect", "Greeting: 220")
        panel.press("EHLO", "EHLO: 250")
        panel.press("STARTTLS", "STARTTLS: 220")
        panel.press("EHLO", "(and 11 more lines)")
        panel.field("Password").fill("a-wrong-one")
        panel.press("AUTH", "AUTH: 535")
        panel.field("Password").fill(PASSWORD)
        panel.field("Login").focus()
        expect(panel.field("Password")).to_have_value("", timeout=5_000)
        if file:
            told = saved(lab_page, file)
            assert [form for form in forms("alice", PASSWORD) if form in told] == [], "typed, and not yet sent"
        panel.press("AUTH", "AUTH: 235")
        panel.press("VRFY", "VRFY: 250")
        panel.press("EXPN", "EXPN: 250")
        panel.field("Bcc").fill("carol@example.org")
        panel.press("Send message", "2 recipients accepted")
        expect(panel.page.get_by_text("Message 1:")).to_be_visible()
        panel.press("QUIT", "QUIT: 221")
        python = panel.field("Python").input_value()
        assert "client.auth_plain('alice', ask_secret(" in python
        assert PASSWORD not in panel.page.content()
        if file:
            told = saved(lab_page, file)
            assert WIDGET_STATE in told
            for password in (PASSWORD, "a-wrong-one"):
                assert [form for form in forms("alice", password) if form in told] == []
            assert base64.b64encode(PASSWORD.encode()).decode() not in told


@contextmanager
def running(lab_page: LabPage, cell: Any) -> Iterator[None]:
    """The cell is busy with `WAITING` until the block ends."""
    go_on = lab_page.lab.folder / "go-on"
    go_on.unlink(missing_ok=True)
    cell.locator(".cm-content").click()
    lab_page.page.keyboard.insert_text(WAITING)
    lab_page.page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-OutputArea-output").first).to_contain_text("free 42", timeout=5_000)
    try:
        yield
        expect(cell).to_contain_text("[*]", timeout=100)
    finally:
        go_on.touch()
    expect(cell).to_contain_text("went on")
    lab_page.wait_until_idle()


def test_refused_port_is_told_and_mended(lab_page: LabPage) -> None:
    # Bound, and not listened on: nobody else can take it.
    cells = [code(PANEL.format("")), code("")]
    with socket.socket() as sock, shown("light", lab_page, cells, "refused") as panel:
        sock.bind(("127.0.0.1", 0))
        panel.field("Host").fill("127.0.0.1")
        panel.field("Port").fill(str(sock.getsockname()[1]))
        panel.press("Connect", "refused the connection")
        panel.says("Try: check the port")
        # A press overtook what was typed just before it, or waited for the cell: both by the same fault.
        with running(lab_page, lab_page.page.locator(".jp-CodeCell").nth(1)):
            panel.field("Host").fill("sandbox.example")
            panel.press("Connect", "Greeting: 220")


def test_cancel_ends_a_stalled_server_while_another_cell_runs(lab_page: LabPage) -> None:
    with Sandbox(greeting="silent") as silent:
        cells = [code(PANEL.format(f"'127.0.0.1:{silent.port}'")), code("")]
        with shown("light", lab_page, cells, "stalled") as panel:
            panel.press("Connect", "Connect is under way")
            expect(panel.button("EHLO")).to_be_disabled()
            expect(panel.button("Connect")).to_be_enabled()
            with running(lab_page, lab_page.page.locator(".jp-CodeCell").nth(1)):
                started = time.monotonic()
                panel.press("Cancel", "was cancelled")
                assert time.monotonic() - started < 3
                expect(panel.button("EHLO")).to_be_enabled()


def test_shown_twice_and_closed(lab_page: LabPage) -> None:
    cells = [code(PANEL.format("")), code("panel"), code("")]
    with shown("light", lab_page, cells, "twice") as panel:
        panel.press("Connect", "Greeting: 220")
        expect(lab_page.page.get_by_text("Greeting: 220")).to_have_count(2)
        third = lab_page.page.locator(".jp-CodeCell").nth(2)
        third.locator(".cm-content").click()
        lab_page.page.keyboard.insert_text(
            "panel.close(); import threading; [t.name for t in threading.enumerate() if 'smtpnb' in t.name]"
        )
        lab_page.page.keyboard.press("Control+Enter")
        expect(third.locator(".jp-OutputArea-output").first).to_contain_text("[]", timeout=10_000)
        expect(lab_page.page.get_by_role("button", name="Connect", exact=True)).to_have_count(0)


def test_dangerous_press_asks_first(lab_page: LabPage) -> None:
    source = (
        "from smtpnb import Sandbox, SmtpClient, control_panel\nfrom smtpnb.transport.memory import MemoryStream\n"
        "class Public(MemoryStream):\n    address = ('192.0.2.1', 25)\n"
        "inner = Sandbox(in_memory=True).client()\n"
        "panel = control_panel(SmtpClient('mail.example.net', stream=lambda: Public(inner._stream()._peer)))\npanel"
    )
    with shown("light", lab_page, [code(source)], "danger") as panel:
        expect(panel.button("Yes, send it")).to_be_hidden()
        panel.press("Connect", "Greeting: 220")
        panel.press("EHLO", "EHLO: 250")
        panel.field("Login").fill("alice")
        panel.field("Password").fill(PASSWORD)
        panel.press("AUTH", "in the clear")
        panel.press("No, do not", "AUTH was not sent")
        panel.field("Password").fill(PASSWORD)
        panel.press("AUTH", "in the clear")
        panel.press("Yes, send it", "AUTH: 235")
        expect(panel.button("Yes, send it")).to_be_hidden()


# -- for everyone --------------------------------------------------------------------------------------------------

_FOCUSED = """() => {
    const element = document.activeElement;
    const label = element.labels?.[0] ?? document.querySelector(`label[for="${element.id}"]`);
    return (label ?? element).textContent.trim() || element.getAttribute("aria-label") || element.tagName;
}"""


def test_every_control_is_reached_and_used_by_keyboard_alone(lab_page: LabPage) -> None:
    with shown("light", lab_page, [code(PANEL.format(""))], "keyboard") as panel:
        page = lab_page.page
        panel.field("Host").focus()
        reached = []
        for _ in range(70):
            reached.append(page.evaluate(_FOCUSED))
            page.keyboard.press("Tab")
        assert [name for name in (*TEXTS, *BUTTONS) if name not in reached] == []
        assert (
            reached.index("Connect") < reached.index("AUTH") < reached.index("Send message") < reached.index("Send raw")
        )
        _by_keyboard(page, panel)


def _by_keyboard(page: Page, panel: Panel) -> None:
    panel.field("Security").focus()
    page.keyboard.type("ST")  # chooses STARTTLS
    panel.button("Connect").focus()
    page.keyboard.press("Enter")
    panel.says("(and 11 more lines)")
    assert page.evaluate(_FOCUSED) == "Connect", "the focus stays where it was"
    panel.field("Password").focus()
    page.keyboard.type(PASSWORD)
    panel.button("AUTH").focus()
    page.keyboard.press("Space")
    panel.says("AUTH: 235")
    panel.field("Raw command").focus()
    page.keyboard.type("VRFY bob")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel.says("VRFY: 250")


#: JupyterLab's <body> hides what overflows, and axe then takes everything for hidden and measures no contrast.
_AXE = """async () => {
    document.body.style.overflow = "visible";
    const panel = document.querySelector(".jupyter-widgets").closest(".jp-OutputArea-output");
    const found = await axe.run(panel, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] });
    const told = results => results.map(({ id, impact, nodes }) => ({
        id, impact, count: nodes.length, html: nodes.slice(0, 3).map(node => node.html + " " + node.failureSummary),
    }));
    return { violations: told(found.violations), passes: told(found.passes), incomplete: told(found.incomplete) };
}"""


@pytest.mark.node
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(lab_page: LabPage, node_modules: Path, theme: str) -> None:
    with shown(theme, lab_page, [code(PANEL.format(""))], f"axe-{theme}") as panel:
        panel.press("Connect", "Greeting: 220")
        panel.press("MAIL", "MAIL: 503")
        panel.press("Send message", "1 recipient accepted")
        lab_page.page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
        assert_readable(lab_page.page.evaluate(_AXE))


def assert_readable(found: Any) -> None:
    """Axe measured the contrast of much, and found nothing serious."""
    measured = sum(rule["count"] for rule in found["passes"] if rule["id"] == "color-contrast")
    assert measured > 50, found["incomplete"]
    serious = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.node
def test_command_shows_a_panel_of_its_own_light_and_dark(
    chromium: Browser, panel_address: str, node_modules: Path
) -> None:
    for theme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 17, 17)")):
        with chromium.new_page() as page:
            page.goto(f"{panel_address}?theme={theme}", timeout=60_000)
            panel = Panel(page)
            panel.press("Connect", "Greeting: 220")
            panel.press("EHLO", "EHLO: 250")
            panel.press("MAIL", "MAIL: 250")
            panel.press("RSET", "RSET: 250")
            panel.press("Send message", "1 recipient accepted")
            expect(page.get_by_text("Message 1:")).to_be_visible()
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
            page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
            assert_readable(page.evaluate(_AXE))
