"""What every test may ask for, and what happens where this machine has not got it."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Lab, LabPage, Screen, running_lab
from hypothesis import settings
from real_servers import RealServer, lacking, running
from sharing import Sharing, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

#: Fixture → the mark that a test which uses it must have.
MARKS = {
    "postfix": "postfix",
    "opensmtpd": "opensmtpd",
    "exim": "exim",
    "lab": "browser",
    "chromium": "browser",
    "lab_page": "browser",
    "node_modules": "node",
}
SCREEN: pytest.StashKey[Screen] = pytest.StashKey()
NODE_MODULES = Path(__file__).parent / "node" / "node_modules"

# Kernels, servers and programs of the tests are some eighty Pythons: without byte code each compiles the package anew.
# It is written into `__pycache__`, which git ignores.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes tells of the machine, not of the code: a slow one would fail tests that are right.
settings.register_profile("smtpnb", deadline=None)
settings.load_profile("smtpnb")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, here and in child processes, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A Postfix of this test run (of this worker, under xdist); mark the test with the same name."""
    with running("postfix", tmp_path_factory.mktemp("postfix")) as server:
        yield server


@pytest.fixture(scope="session")
def opensmtpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """An OpenSMTPD of this test run (of this worker, under xdist); mark the test with the same name."""
    with running("opensmtpd", tmp_path_factory.mktemp("opensmtpd")) as server:
        yield server


@pytest.fixture(scope="session")
def exim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """An Exim of this test run (of this worker, under xdist); mark the test with the same name."""
    with running("exim", tmp_path_factory.mktemp("exim")) as server:
        yield server


@pytest.fixture(
    params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postfix", "opensmtpd", "exim")],
)
def real_server(request: pytest.FixtureRequest) -> RealServer:
    """Each of the real servers in turn; the marks come with it."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, RealServer)
    return server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab of this test run (of this worker, under xdist), with Voilà; mark the test ``browser``."""
    with running_lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def chromium(request: pytest.FixtureRequest) -> Browser:
    """The Chromium of the tests marked ``browser`` that follow each other."""
    return request.config.stash[SCREEN].chromium()


@pytest.fixture
def lab_page(request: pytest.FixtureRequest, lab: Lab) -> LabPage:
    """JupyterLab in a page of that Chromium, with what the test before left in it; mark the test ``browser``."""
    return request.config.stash[SCREEN].lab_page(lab)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Where the npm packages of the tests are; mark the test ``node``."""
    if shutil.which("node") is None:
        lacking("node is not on PATH")
    if not NODE_MODULES.is_dir():
        lacking("`npm ci` was not done in tests/node")
    return NODE_MODULES


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests among the workers of ``-n 2`` as is best here, unless another ``--dist`` is asked for."""
    return Sharing(config, log) if config.getoption("dist") == "load" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a test that uses a real server without its mark: ``-m "not postfix"`` must mean what it says."""
    if hasattr(config, "workerinput"):
        in_order(items)
    for item in items:
        for name in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            if item.get_closest_marker(MARKS[name]) is None:
                raise pytest.UsageError(f"{item.nodeid} uses the fixture {name} without @pytest.mark.{MARKS[name]}")


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests out of every later garbage collection, which they make half a second long."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Begin without a Chromium."""
    config.stash[SCREEN] = Screen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Close Chromium behind the last test that wants it: Playwright's event loop would run in those that follow."""
    yield
    if nextitem is None or nextitem.get_closest_marker("browser") is None:
        item.config.stash[SCREEN].close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close Chromium where the tests end before their last one, as with ``-x``."""
    session.config.stash[SCREEN].close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``tool("name")`` where there is no such program."""
    for mark in item.iter_markers("tool"):
        (name,) = mark.args
        if shutil.which(name) is None:
            lacking(f"{name} is not on PATH")


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Lets threads take turns a thousand times as often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1_000)
    yield
    sys.setswitchinterval(usual)
