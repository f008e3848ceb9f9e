"""The one late look-up from values up to `smtpnb.display`.

A value that inherits `Displayable` shows itself as a card in a notebook. The view is looked up by the name of
the value's class only when a front-end asks, so no value imports HTML, and a view that fails is no error: the
front-end gets None and shows the text.
"""

import logging


class Displayable:
    """A value with a rich view; `smtpnb.display` knows which."""

    __slots__ = ()

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
