"""What the tests of the panel share."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from real_servers import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def panel_address() -> Iterator[str]:
    """The address of `smtpnb panel`, which is all that a person types; each page of it has a kernel of its own."""
    if importlib.util.find_spec("voila") is None:
        lacking("Voilà is not installed")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    command = [sys.executable, "-m", "smtpnb", "panel", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as it:
        try:
            deadline = time.monotonic() + 60
            while not _listening(port):
                assert it.poll() is None, "it ended"
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/"
        finally:
            it.terminate()
            it.wait(20)


def _listening(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
