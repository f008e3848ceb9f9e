"""What every test may ask for, and what happens where this machine has not got it."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from real_servers import RealServer, lacking, running

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture(
    params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postfix", "opensmtpd")],
)
def real_server(request: pytest.FixtureRequest) -> RealServer:
    """Each of the real servers in turn; the marks come with it."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, RealServer)
    return server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test that uses a real server without its mark: ``-m "not postfix"`` must mean what it says."""
    for item in items:
        for name in {"postfix", "opensmtpd"} & set(getattr(item, "fixturenames", ())):
            if item.get_closest_marker(name) is None:
                raise pytest.UsageError(f"{item.nodeid} uses the fixture {name} without @pytest.mark.{name}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``tool("name")`` where there is no such program."""
    for mark in item.iter_markers("tool"):
        (name,) = mark.args
        if shutil.which(name) is None:
            lacking(f"{name} is not on PATH")
