"""Binder: what mybinder.org will build. The image itself is not built here; its recipe is read."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from browser import Lab, LabPage, code
from playwright.sync_api import expect

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"


def _requirements() -> list[str]:
    lines = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_it_installs_this_checkout_with_what_a_notebook_needs() -> None:
    assert _requirements() == ["-e .[lab]"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    needed = {re.split(r"[<>=\[]", requirement)[0] for requirement in extras["lab"]}
    assert needed >= {"ipykernel", "ipywidgets", "jupyterlab"}


def test_its_python_is_one_that_the_package_supports() -> None:
    assert re.fullmatch(r"python-3\.1[1-9]\n?", (BINDER / "runtime.txt").read_text(encoding="utf-8"))


def test_post_build_can_be_run() -> None:
    script = BINDER / "postBuild"
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert os.name != "posix" or os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.timeout(120)
def test_repo2docker_makes_a_recipe_of_it() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", ROOT], check=True, capture_output=True, text=True
    )
    recipe = made.stdout + made.stderr
    copied = recipe.index("src/ ${REPO_DIR}/")
    assert copied < recipe.index('pip install --no-cache-dir -r "binder/requirements.txt"'), "-e . needs the checkout"
    assert "postBuild" in recipe[copied:]
    assert "python=3.11" in recipe


#: What mybinder.org gives at least is 1 GB; the rest is the learner's.
MOST_MEMORY = 450

PANEL = "from smtpnb import control_panel\npanel = control_panel()\npanel"


def _memory(pid: int) -> dict[int, float]:
    """Megabytes of a process and of all below it, what they share counted in parts (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = {pid: int(re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[1]) / 1024}  # type: ignore[index]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            found |= _memory(int(child))
    return found


@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_a_lesson_and_the_panel_fit_into_its_memory(lab: Lab, lab_page: LabPage) -> None:
    """In a server that other tests have used before: a new one is smaller."""
    lab_page.shut_down_kernels()
    (lab.folder / "00_tour.ipynb").write_bytes((ROOT / "notebooks" / "00_tour.ipynb").read_bytes())
    lab.write("panel.ipynb", [code(PANEL)])
    for name in ("00_tour.ipynb", "panel.ipynb"):
        lab_page.open(name)
        lab_page.run_all()
    for button, status in (("Connect", "Greeting: 220"), ("Send message", "1 recipient accepted")):
        lab_page.page.get_by_role("button", name=button, exact=True).first.click()
        expect(lab_page.page.get_by_text(status).first).to_be_visible(timeout=15_000)
    memory = _memory(lab.pid)
    lab_page.shut_down_kernels()
    print("MB:", {pid: round(size) for pid, size in memory.items()}, "in all", round(sum(memory.values())))
    assert len(memory) == 3, "the server and two kernels"
    assert sum(memory.values()) < MOST_MEMORY
