"""A sandbox on TCP for each test that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpnb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running
