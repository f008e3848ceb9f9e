"""Every limit is in one place, and the README tells it with its number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smtpnb.protocol import limits

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TABLE = README.partition("\n## Limits\n")[2].partition("\n## ")[0]


def told(number: float) -> str:
    """As the README writes it: KiB and MiB where they are whole."""
    if number >= 1024 * 1024 and number % (1024 * 1024) == 0:
        return f"{number // (1024 * 1024):,} MiB"
    if number >= 1024 and number % 1024 == 0 and number != 64 * 1024:
        return f"{number // 1024:,} KiB"
    return f"{number:,.0f}"


@pytest.mark.parametrize("name", [name for name in vars(limits) if name.isupper()])
def test_limit_is_in_the_readme(name: str) -> None:
    assert re.search(rf"(?<![\d,]){re.escape(told(getattr(limits, name)))}(?![\d,])", TABLE), name
