"""The package keeps its typing promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROMISE = Path(__file__).parent / "typing" / "api.py"


WRONG = [
    "SmtpClient(port='25')",
    "SmtpClient().vrfy(None)",
    "SmtpClient().data_body(5)",
    "SmtpClient().no_such_verb()",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says to the promise and to what breaks it, in one run: nearly all it does is to read the package."""
    wrong = tmp_path_factory.mktemp("typing") / "wrong.py"
    wrong.write_text("\n".join(["from smtpnb import SmtpClient", *WRONG]), encoding="utf-8")
    options = ["--strict", "--no-error-summary", "--hide-error-context", "--no-incremental", "--config-file="]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, PROMISE, wrong],
        cwd=PROMISE.parents[2], capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_what_users_may_write_is_well_typed(told: list[str]) -> None:
    assert [line for line in told if "wrong.py:" not in line] == []


def test_what_users_may_not_write_is_told(told: list[str]) -> None:
    found = [line.partition("wrong.py:")[2] for line in told if ": error:" in line]
    assert [line.split(":")[0] for line in found] == ["2", "3", "4", "5"]
