"""A real JupyterLab in a real Chromium: started on loopback, steered by its own commands, closed.

``Lab`` is a server with an empty home; ``LabPage`` is its page in a browser, and waits for what it asked for rather
than for a time. Voilà is an extension of the same server. Chromium resolves no name and reaches no address but
loopback's. Nothing is installed from here: what this machine lacks is a reason to skip, as with the real servers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import nbformat
from nbformat.sign import NotebookNotary
from real_servers import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, ElementHandle, Page

TOKEN = "of-the-tests"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CHROMIUMS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = (
    "--no-sandbox",  # the tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name is looked up and no address but these is reached: neither by HTTP nor by a WebSocket.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
    # Cells out of sight are in the page too.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
STARTED_WITHIN = 60.0  # seconds; a few where nothing else runs

_OPENED = """async path => {
    const app = window.jupyterapp;
    await app.restored;
    for (const open of Array.from(app.shell.widgets("main"))) {
        open.dispose();  // unsaved, and without being asked
    }
    const widget = await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
    await widget.context.ready;
    await widget.revealed;
    app.shell.activateById(widget.id);
}"""
_RUN = """async () => {
    const widget = window.jupyterapp.shell.currentWidget;
    await widget.sessionContext.ready;
    await window.jupyterapp.commands.execute("notebook:run-all-cells");
}"""
# JupyterLab's <body> hides what overflows it and has no height, so axe takes all text for hidden and checks the
# contrast of none.
_AXE = """async targets => {
    document.body.style.overflow = "visible";
    targets.forEach(target => target.querySelectorAll("details").forEach(details => { details.open = true; }));
    const found = await axe.run({ include: targets }, { resultTypes: ["violations"] });
    return found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${rule.impact}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
}"""
_IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    const cells = Array.from(window.jupyterapp.shell.currentWidget.content.model.cells);
    return context.session?.kernel?.status === "idle"
        && cells.every(cell => cell.type !== "code" || cell.executionState !== "running");
}"""


# -- the server --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, with Voilà where that is installed.

    Attributes:
        url: with the slash at its end.
        folder: of the notebooks.
        data: where the signatures of trusted notebooks are.
        pid: of the server; its kernels are below it.
    """

    url: str
    folder: Path
    data: Path
    pid: int

    def write(self, name: str, cells: Sequence[Any], *, trusted: bool = False) -> Path:
        """A notebook in the folder; its stored outputs are shown unsanitised only if it is trusted."""
        notebook = nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": KERNEL})
        file = self.folder / name
        file.write_text(nbformat.writes(notebook), encoding="utf-8")
        if trusted:
            self.trust(name)
        return file

    def trust(self, name: str) -> None:
        """Sign the notebook as its own user's."""
        notary = NotebookNotary(data_dir=str(self.data))
        notary.sign(nbformat.read(self.folder / name, as_version=4))
        notary.store.close()

    def voila(self, name: str, *, theme: str = "light") -> str:
        """The address of this notebook under Voilà; lacking where Voilà is not installed."""
        if importlib.util.find_spec("voila") is None:
            lacking("Voilà is not installed")
        return f"{self.url}voila/render/{name}?token={TOKEN}&theme={theme}"


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def code(source: str, *, html: str | None = None) -> Any:
    """A code cell; with an output stored in it if there is any HTML."""
    data = {"text/html": html, "text/plain": "the text form"}
    outputs = [] if html is None else [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    count = None if html is None else 1
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=count)


@contextmanager
def running_lab(directory: Path) -> Iterator[Lab]:
    """JupyterLab with its files in this empty directory, until the block ends."""
    if importlib.util.find_spec("jupyterlab") is None:
        lacking("JupyterLab is not installed")
    places = {name: directory / name for name in ("home", "config", "data", "runtime", "ipython", "notebooks")}
    for place in places.values():
        place.mkdir()
    _write_settings(places["config"])
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            _command(places["notebooks"]), env=_environment(places), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        url = _address(process, places["runtime"], directory / "log")
        yield Lab(url, places["notebooks"], places["data"], process.pid)
    finally:
        process.terminate()  # takes its kernels along
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(notebooks: Path) -> list[str]:
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=None", "--LabApp.extension_manager=readonly", "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={notebooks}",
        "--VoilaConfiguration.allow_theme_override=YES",
    ]  # fmt: skip


def _environment(places: dict[str, Path]) -> dict[str, str]:
    ours = {"HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    ours |= {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "COV_", "PYTEST"))}
    return theirs | {name: str(places[place]) for name, place in ours.items()} | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _write_settings(config: Path) -> None:
    for name, values in SETTINGS.items():
        file = config / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The server's own note of where it listens, which it writes when it does."""
    deadline = time.monotonic() + STARTED_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        for file in runtime.glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text(encoding="utf-8"))["url"])
            except json.JSONDecodeError:
                pass  # half written
        time.sleep(0.05)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}")


# -- the browser -------------------------------------------------------------------------------------------------


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """This machine's own Chromium, without a window."""
    if importlib.util.find_spec("playwright") is None:
        lacking("Playwright is not installed")
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        lacking(f"none of {', '.join(CHROMIUMS)} is on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class LabPage:
    """A page with JupyterLab in it.

    Attributes:
        page: Playwright's, for whatever is not here.
        lab: the server behind it.
    """

    page: Page
    lab: Lab

    @classmethod
    def start(cls, browser: Browser, lab: Lab, *, width: int = 1400, height: int = 1000) -> LabPage:
        """JupyterLab, loaded and restored, in a profile of its own."""
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.set_default_timeout(STARTED_WITHIN * 1000)
        started = cls(page, lab)
        started.load()
        return started

    def load(self) -> None:
        """Begin anew, with no notebook open and no dialog."""
        # A workspace that nobody used is empty. `?reset` empties one too, but loads JupyterLab twice, at a time of its own.
        self.page.goto(f"{self.lab.url}lab/workspaces/{uuid4().hex}?token={TOKEN}")
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")

    def another(self) -> Page:
        """An empty page in a profile of its own."""
        browser = self.page.context.browser
        assert browser is not None
        return browser.new_page()

    def command(self, name: str, **arguments: Any) -> None:
        """One of JupyterLab's own commands, such as ``docmanager:save``, waited for."""
        self.page.evaluate(
            "async ([name, values]) => { await window.jupyterapp.commands.execute(name, values); }", [name, arguments]
        )

    def open(self, name: str, *, theme: str = "light") -> None:
        """Show this notebook of the folder, and no other."""
        self.theme(theme)
        self.page.evaluate(_OPENED, name)
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.page.wait_for_function("() => !document.querySelector('.jp-Notebook .jp-Cell.jp-mod-placeholder')")

    def theme(self, name: str) -> None:
        """``light`` or ``dark``."""
        self.command("apputils:change-theme", theme=THEMES[name])
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(name == "light").lower()
        )
        # The splash screen covers the page meanwhile, and axe measures no contrast of what is covered.
        self.page.wait_for_function("() => !document.getElementById('jupyterlab-splash')")

    @contextmanager
    def resized(self, width: int) -> Iterator[None]:
        """As wide as this, with everything laid out anew, until the block ends."""
        before = self.page.viewport_size
        assert before is not None
        self._resize(width, before["height"])
        try:
            yield
        finally:
            self._resize(before["width"], before["height"])

    def _resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function(
            "width => document.getElementById('main').getBoundingClientRect().width === width", arg=width
        )
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def shown(self) -> str:
        """The name of the notebook that is shown, or nothing."""
        return str(self.page.evaluate("() => window.jupyterapp.shell.currentWidget?.context?.path ?? ''"))

    @property
    def trusted(self) -> bool:
        """Whether JupyterLab trusts every code cell of the notebook that is shown."""
        return bool(
            self.page.evaluate(
                "() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)"
                ".every(cell => cell.type !== 'code' || cell.trusted)"
            )
        )

    def run_all(self) -> None:
        """Run every cell and wait for the last one."""
        self.page.evaluate(_RUN)
        self.wait_until_idle()

    def wait_until_idle(self, timeout: float = 30.0) -> None:
        """Wait until the kernel has nothing to do; seconds."""
        self.page.wait_for_function(_IDLE, timeout=timeout * 1000)

    def shut_down_kernels(self) -> None:
        """Of all notebooks of the server, Voilà's too."""
        self.page.evaluate("async () => { await window.jupyterapp.serviceManager.kernels.shutdownAll(); }")

    def outputs(self) -> list[ElementHandle]:
        """The HTML outputs of the notebook that is shown, in order."""
        return self.page.query_selector_all(
            ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedHTMLCommon.jp-RenderedHTML"
        )

    def axe(self, node_modules: Path, targets: Sequence[ElementHandle]) -> list[str]:
        """What axe has against these parts of the page, ``rule: impact: element and advice``."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
        found: list[str] = self.page.evaluate(_AXE, list(targets))
        return found

    def screenshot(self, file: Path) -> None:
        """The whole notebook, as long as it is."""
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-NotebookPanel-notebook").screenshot(path=file)

    def close(self) -> None:
        """End the page and its profile."""
        self.page.context.close()


class Screen:
    """One Chromium with one page of JupyterLab, started when somebody asks and kept until `close`."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._chromium: Browser | None = None
        self._lab_page: LabPage | None = None

    def chromium(self) -> Browser:
        """The Chromium."""
        if self._chromium is None:
            self._chromium = self._open.enter_context(running_chromium())
        return self._chromium

    def lab_page(self, lab: Lab) -> LabPage:
        """The page: to load JupyterLab takes longer than most of what is looked at in it."""
        if self._lab_page is None:
            self._lab_page = LabPage.start(self.chromium(), lab)
            self._open.callback(self._lab_page.close)
        return self._lab_page

    def close(self) -> None:
        """End them; may be repeated."""
        self._chromium = self._lab_page = None
        self._open.close()
