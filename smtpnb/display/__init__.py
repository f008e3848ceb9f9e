"""Values → HTML. `html(value)` is the one entry; the views are pure functions of frozen values.

A view holds no live object, does no I/O, reads no clock and writes no markup itself: that is `kit`'s. Each is found
by the name of the value's class and imported when it is first shown, so a session that shows nothing loads no HTML.
"""

from importlib import import_module
from typing import Final

#: Class → the module here and the function in it that shows a value of it.
VIEWS: Final = {
    "Capabilities": ("capability_matrix", "capability_card"),
    "Captured": ("panel_views", "captured_list"),
    "Conversation": ("state_view", "state_view"),
    "Draft": ("panel_views", "draft_table"),
    "Legend": ("panel_views", "legend"),
    "Notice": ("panel_views", "notice_line"),
    "Offers": ("panel_views", "offers_table"),
    "SessionSnapshot": ("snapshot_card", "snapshot_card"),
    "SmtpError": ("error_card", "error_card"),
    "SmtpReply": ("reply_card", "reply_card"),
    "TlsInfo": ("tls_card", "tls_card"),
    "Transcript": ("ladder", "ladder"),
}

#: Class → the view that says more.
LONGER_VIEWS: Final = {"SmtpReply": ("reply_card", "explanation")}


def html(value: object) -> str | None:
    """The card of a value, or None where there is no view of its class or of one above it."""
    return _shown(value, VIEWS)


def framed(value: object) -> str | None:
    """The card of a value for a widget, whose page has other distances between lines and no bar to scroll with."""
    return _shown(value, VIEWS, "framed")


def explained(value: object) -> str | None:
    """The longer view of a value, everything unfolded; its card where there is none."""
    return _shown(value, LONGER_VIEWS) or html(value)


def _shown(value: object, views: dict[str, tuple[str, str]], render: str = "render") -> str | None:
    # By name and not by type, as the registry must not import what it shows; along the MRO, as errors are a tree.
    for kind in type(value).__mro__:
        if kind.__module__.partition(".")[0] == "smtpnb" and kind.__name__ in views:
            module, view = views[kind.__name__]
            element = getattr(import_module(f"{__name__}.{module}"), view)(value)
            rendered: str = getattr(import_module(f"{__name__}.kit"), render)(element)
            return rendered
    return None
