"""A long session and many short ones: no descriptor, thread or memory is left, and the transcript stays bounded."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smtpnb import SmtpClient
from smtpnb.protocol.limits import TRANSCRIPT_ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.tool("smtp-sink"),
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is open"),
]


@pytest.fixture(scope="module")
def sink() -> Iterator[int]:
    """The port of Postfix's smtp-sink, which takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}", "128"], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def held() -> tuple[int, int, int]:
    """Open descriptors, threads, and blocks of memory of this process."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), sys.getallocatedblocks()


def test_ten_thousand_messages_in_one_session_grow_nothing(sink: int) -> None:
    with SmtpClient("127.0.0.1", sink, local_hostname="me") as client:
        client.ehlo()

        def send(count: int) -> None:
            for _ in range(count):
                assert client.send_mail("a@example.org", "b@example.org", "Subject: x\n\nx\n").success

        send(2_000)  # fills what the transcript keeps
        descriptors, threads, blocks = held()
        send(8_000)
        assert held()[:2] == (descriptors, threads)
        assert held()[2] < blocks * 1.01
        transcript = client.transcript
        assert len(transcript) == 2 + 4 * 10_000
        assert len(transcript.entries) == 2 * TRANSCRIPT_ENDS + 1
        assert f"{len(transcript) - 2 * TRANSCRIPT_ENDS:,} entries not kept" in transcript.to_text()


def test_thousand_connects_and_disconnects_leave_nothing(sink: int) -> None:
    def visit(client: SmtpClient) -> None:
        client.connect()
        client.ehlo()
        client.disconnect()

    again = SmtpClient("127.0.0.1", sink, local_hostname="me")
    for _ in range(1_100):  # each is three entries and a remark or two: fills what the transcript keeps
        visit(again)
    descriptors, threads, blocks = held()
    for _ in range(500):
        visit(again)
        visit(SmtpClient("127.0.0.1", sink, local_hostname="me"))
    assert held()[:2] == (descriptors, threads)
    assert held()[2] < blocks * 1.01
