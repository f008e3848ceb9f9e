"""The one late look-up from values up to `smtpnb.display`.

A value that inherits `Displayable` shows itself as a card in a notebook. The view is looked up by the name of
the value's class only when a front-end asks, so no value imports HTML, and a view that fails is no error: the
front-end gets None and shows the text.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike


class Displayable:
    """A value with a rich view; `smtpnb.display` knows which."""

    __slots__ = ()

    def to_html(self, path: "str | PathLike[str] | None" = None) -> str:
        """The value's view as a page of its own, which needs nothing from outside; also written to `path` if given.

        Args:
            path: a file to write, such as "session.html"; an existing one is replaced.

        Raises:
            OSError: the file cannot be written.
        """
        from smtpnb import display  # noqa: PLC0415 - as below

        page = display.page(self)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8", newline="\n")
        return page

    def _repr_html_(self) -> str | None:
        """The value's card, or None where rich output is off or the view failed: then text is shown."""
        from smtpnb import display, options  # noqa: PLC0415 - the late look-up this module is for

        if not options.rich_output:
            return None
        try:
            return display.html(self)
        except Exception:
            # IPython would print forty lines of ours in the middle of a lesson; the text repr serves better.
            logging.getLogger("smtpnb.display").debug("view of %s failed", type(self).__name__, exc_info=True)
            return None
