"""How pytest-xdist's workers share the tests: file by file, the slowest first, and what starts the same servers together.

A worker that ran one test here and one there would start a JupyterLab, a Chromium and two mail servers of its own;
a slow file begun last would keep one worker busy while the others have nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from xdist.workermanage import WorkerController

#: The beginnings of the paths of what one worker does in a row. They are begun in this order, then all other files.
GROUPS = (
    # JupyterLab and `smtpnb panel`
    (
        "tests/panel/test_panel_browser.py",
        "tests/panel/test_panel_app.py",
        "tests/display/test_rendered.py",
        "tests/test_browser.py",
        "tests/test_binder.py",
    ),
    # Postfix
    (
        "tests/test_notebooks.py",
        "tests/test_real_",
        "tests/explore/test_real_",
        "tests/test_ancestor.py",
        "tests/sandbox/test_stripping_proxy.py",
    ),
    ("tests/display/test_views.py",),
    ("tests/display/test_reply_card.py",),
    ("tests/explore/test_surveying.py",),
    ("tests/display/test_explore_views.py",),
    ("tests/test_typing.py",),
)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types for it
    """xdist's scheduler of scopes, where a scope is one of the groups, else a file."""

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Take the groups in their order and not, as xdist would, the largest first."""
        self.config.option.loadscopereorder = False
        super().add_node_collection(node, collection)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group[0] for group in GROUPS if file.startswith(group)), file)


def in_order(items: list[pytest.Item]) -> None:
    """Sort the tests as the groups are, the others behind them as they came."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, group in enumerate(GROUPS) if nodeid.startswith(group)), len(GROUPS))
