"""Values → HTML. `html(value)` is the one entry; the views are pure functions of frozen values.

A view holds no live object, does no I/O, reads no clock and writes no markup itself: that is `kit`'s. Each is found
by the name of the value's class and imported when it is first shown, so a session that shows nothing loads no HTML.
"""

import re
from importlib import import_module
from typing import Any, Final

#: Class → the module here and the function in it that shows a value of it.
VIEWS: Final = {
    "Anatomy": ("bytes_view", "bytes_view"),
    "Capabilities": ("capability_matrix", "capability_card"),
    "CapabilityHistory": ("capability_matrix", "capability_matrix"),
    "Captured": ("panel_views", "captured_list"),
    "CapturedMessage": ("envelope_card", "message_card"),
    "Change": ("sandbox_card", "change_card"),
    "ContentAnatomy": ("content_view", "content_view"),
    "Conversation": ("state_view", "state_view"),
    "Delivery": ("delivery_card", "delivery_card"),
    "DomainReport": ("probe_card", "domain_card"),
    "Draft": ("panel_views", "draft_table"),
    "EnvelopeView": ("envelope_card", "envelope_card"),
    "Explanation": ("reply_card", "explanation_card"),
    "Legend": ("panel_views", "legend"),
    "Members": ("members_view", "members_view"),
    "Notice": ("panel_views", "notice_line"),
    "Offers": ("panel_views", "offers_table"),
    "PlainLesson": ("plain_view", "plain_view"),
    "ProbeReport": ("probe_card", "probe_card"),
    "ReportDiff": ("probe_card", "diff_card"),
    "SandboxDescription": ("sandbox_card", "sandbox_card"),
    "Selection": ("ladder", "selection_ladder"),
    "SessionDiff": ("diff_view", "diff_view"),
    "SessionRecord": ("sandbox_card", "session_record_card"),
    "SessionSnapshot": ("snapshot_card", "snapshot_card"),
    "SmtpError": ("error_card", "error_card"),
    "SmtpReply": ("reply_card", "reply_card"),
    "Survey": ("survey_card", "survey_card"),
    "Timing": ("timing_view", "timing_view"),
    "TlsInfo": ("tls_card", "tls_card"),
    "Transcript": ("ladder", "ladder"),
    "Verdict": ("verdict_card", "verdict_card"),
}

#: Class → the view that says more.
LONGER_VIEWS: Final = {"SmtpReply": ("reply_card", "explanation")}


def html(value: object) -> str | None:
    """The card of a value, or None where there is no view of its class or of one above it."""
    return _shown(value, VIEWS)


def page(value: object) -> str:
    """The card of a value as a page of its own: nothing from outside, light or dark as the reader has it.

    Raises:
        TypeError: there is no view of it.
    """
    element = _element(value, VIEWS)
    if element is None:
        raise TypeError(f"there is no view of {type(value).__name__}")
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__)
    whole: str = import_module(f"{__name__}.kit").page(f"smtpnb: {title}", element)
    return whole


def framed(value: object) -> str | None:
    """The card of a value for a widget, whose page has other distances between lines and no bar to scroll with."""
    return _shown(value, VIEWS, "framed")


def explained(value: object) -> str | None:
    """The longer view of a value, everything unfolded; its card where there is none."""
    return _shown(value, LONGER_VIEWS) or html(value)


def _shown(value: object, views: dict[str, tuple[str, str]], render: str = "render") -> str | None:
    element = _element(value, views)
    if element is None:
        return None
    rendered: str = getattr(import_module(f"{__name__}.kit"), render)(element)
    return rendered


def _element(value: object, views: dict[str, tuple[str, str]]) -> Any:
    # By name and not by type, as the registry must not import what it shows; along the MRO, as errors are a tree.
    for kind in type(value).__mro__:
        if kind.__module__.partition(".")[0] == "smtpnb" and kind.__name__ in views:
            module, view = views[kind.__name__]
            return getattr(import_module(f"{__name__}.{module}"), view)(value)
    return None
