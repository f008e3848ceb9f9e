"""Postfix and OpenSMTPD as values: started on loopback, read back from disk, stopped.

The scripts in ``servers/`` do the work. Nothing is ever installed from here: what this machine lacks is a
reason to skip, or to fail where ``SMTPNB_REQUIRE=all`` says that everything is there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCRIPTS = Path(__file__).parent / "servers"


@dataclass(frozen=True)
class RealServer:
    """A running server: the line of JSON that its script prints (see ``servers/README.md``)."""

    server: str
    host: str
    port: int
    tls_port: int
    hostname: str
    domain: str
    ca_file: Path
    users: Mapping[str, str]
    mailboxes: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]
    mail_dir: Path
    log: Path
    pid: int
    features: Mapping[str, Any]

    @classmethod
    def from_json(cls, line: str) -> RealServer:
        said = json.loads(line)
        said["mailboxes"] = tuple(said["mailboxes"])
        said["lists"] = {name: tuple(members) for name, members in said["lists"].items()}
        for path in ("ca_file", "mail_dir", "log"):
            said[path] = Path(said[path])
        return cls(**{field.name: said[field.name] for field in fields(cls)})

    def messages(self, user: str) -> list[bytes]:
        """What was delivered to this user, oldest first, with the server's header fields and LF line ends."""
        delivered = (self.mail_dir / user / "new").glob("*")
        return [path.read_bytes() for path in sorted(delivered, key=lambda path: path.stat().st_mtime_ns)]

    def wait_for_message(self, user: str, predicate: Callable[[bytes], bool], timeout: float = 10) -> bytes:
        """The first message that the predicate likes; servers deliver moments after they accept."""
        deadline = time.monotonic() + timeout
        while True:
            messages = self.messages(user)
            for message in messages:
                if predicate(message):
                    return message
            if time.monotonic() > deadline:
                log = self.log.read_text(encoding="utf-8", errors="backslashreplace")
                pytest.fail(f"no such message among the {len(messages)} of {user}; the log ends:\n{log[-3000:]}")
            time.sleep(0.02)


def lacking(why: str) -> NoReturn:
    """Skip the test, or fail it where everything is required."""
    if os.environ.get("SMTPNB_REQUIRE") == "all":
        pytest.fail(f"{why} (and SMTPNB_REQUIRE=all)", pytrace=False)
    pytest.skip(why)


@contextmanager
def running(name: str, directory: Path) -> Iterator[RealServer]:
    """The server of this name, its files in this empty directory, until the block ends."""
    if sys.platform != "linux":
        lacking(f"{name} is started on Linux only")
    check = _script(name, "check")
    if check.returncode:
        lacking(check.stderr.strip())
    start = _script(name, "start", "0", str(directory))
    assert start.returncode == 0, start.stderr
    try:
        yield RealServer.from_json(start.stdout)
    finally:
        _script(name, "stop", str(directory))


def _script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / name, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=50,
        check=False,
    )
