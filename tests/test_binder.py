"""Binder: what mybinder.org will build. The image itself is not built here; its recipe is read."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

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
