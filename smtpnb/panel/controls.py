"""The widgets of the panel, each with its description. Only core controls, none that keeps a secret.

Two of them can be given a secret: `Password` and `Raw command`. Their values are not echoed to the page, change only
when the field is left, and are taken out of the widget at once by who observes them (`view`).
"""

from typing import Any, Final

import ipywidgets as w
from traitlets import Unicode

from smtpnb.panel.form import MECHANISMS, SECURITIES

_LABEL: Final = {"description_width": "6.2em"}
_SHORT: Final = {"description_width": "initial"}


class Password(w.Password):  # type: ignore[misc]  # ipywidgets ships no types
    """A password field whose value is told to nobody but the kernel."""

    value = Unicode("").tag(sync=True, echo_update=False)


class RawLine(w.Text):  # type: ignore[misc]
    """A line that may hold a secret: told to nobody but the kernel."""

    value = Unicode("").tag(sync=True, echo_update=False)


def text(description: str, value: str = "", hint: str = "", kind: Any = w.Text) -> Any:
    """A line of text, with a hint inside while it is empty."""
    return kind(
        value=value,
        description=description,
        placeholder=hint,
        continuous_update=False,
        style=_LABEL,
        layout=w.Layout(width="auto", min_width="0", flex="1 1 15em"),
    )


def area(description: str, value: str = "", rows: int = 4) -> Any:
    """Several lines of text."""
    return w.Textarea(
        value=value,
        description=description,
        rows=rows,
        continuous_update=False,
        style=_LABEL,
        layout=w.Layout(width="auto", min_width="0", flex="1 1 100%"),
    )


def choice(description: str, options: tuple[str, ...], value: str) -> Any:
    """One of several."""
    return w.Dropdown(
        options=options,
        value=value,
        description=description,
        style=_LABEL,
        layout=w.Layout(width="auto", min_width="0", flex="1 1 15em"),
    )


def security(value: str) -> Any:
    """The choice of Security."""
    return choice("Security", SECURITIES, value)


def mechanism(value: str) -> Any:
    """The choice of Mechanism."""
    return choice("Mechanism", MECHANISMS, value)


def upload() -> Any:
    """The files that go with the message."""
    return w.FileUpload(description="Attach files", multiple=True, layout=w.Layout(width="auto", flex="0 0 auto"))


def button(description: str, hint: str = "") -> Any:
    """A button as wide as its word."""
    return w.Button(
        description=description, tooltip=hint, layout=w.Layout(width="auto", min_width="4.5em", flex="0 0 auto")
    )


def look(button: Any, hint: str, *, expected: bool, suggested: bool) -> None:
    """How a button looks: the usual next one is coloured, one that makes no sense now is flat and slanted.

    The others are plain. It can be pressed all the same; `hint` says what it does, and why it makes no sense.
    """
    button.tooltip = hint
    button.button_style = "primary" if suggested else ""
    button.style.font_style = None if expected else "italic"
    button.style.button_color = None if expected or suggested else "transparent"
    button.style.font_weight = "bold" if suggested else None


def html() -> Any:
    """A place for a card."""
    return w.HTML(layout=w.Layout(width="auto", min_width="0", margin="0", overflow="hidden"))


def row(*children: Any) -> Any:
    """Controls beside each other, as far as there is room."""
    return w.Box(children, layout=w.Layout(display="flex", flex_flow="row wrap", align_items="center", width="100%"))


def group(title: str, *children: Any, basis: str = "19em") -> Any:
    """The controls of one task, framed, with its name."""
    heading = w.Label(title, style={"font_weight": "bold"}, layout=w.Layout(width="auto"))
    return w.VBox(
        (heading, *children),
        layout=w.Layout(
            border="1px solid rgba(127,127,127,0.4)", padding="2px 8px 6px", margin="3px", flex=f"1 1 {basis}",
            min_width="0", align_items="stretch",
        ),
    )  # fmt: skip


def columns(*children: Any) -> Any:
    """Blocks beside each other where the page is wide, below each other where it is narrow."""
    return w.Box(children, layout=w.Layout(display="flex", flex_flow="row wrap", align_items="stretch", width="100%"))


def column(*children: Any, basis: str, grow: int = 1) -> Any:
    """One of the blocks; it wants `basis` of width and takes what there is."""
    return w.Box(
        children,
        layout=w.Layout(display="flex", flex_flow="row wrap", align_content="flex-start", flex=f"{grow} 1 {basis}",
                        min_width="0"),
    )  # fmt: skip


def stack(*children: Any, basis: str, grow: int = 1) -> Any:
    """Outputs below each other."""
    return w.VBox(children, layout=w.Layout(flex=f"{grow} 1 {basis}", min_width="0", padding="0 8px"))
