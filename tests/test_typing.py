"""The package keeps its typing promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROMISE = Path(__file__).parent / "typing" / "api.py"


def mypy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    options = ["--strict", "--no-error-summary", "--hide-error-context", "--no-incremental", "--config-file="]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, *arguments],
        cwd=PROMISE.parents[2], capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_what_users_may_write_is_well_typed() -> None:
    done = mypy(PROMISE)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_what_users_may_not_write_is_told() -> None:
    wrong = [
        "SmtpClient(port='25')",
        "SmtpClient().vrfy(None)",
        "SmtpClient().data_body(5)",
        "SmtpClient().no_such_verb()",
    ]
    done = mypy("-c", "\n".join(["from smtpnb import SmtpClient", *wrong]))
    assert [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line] == ["2", "3", "4", "5"]
