"""The widgets of the panel, each with its description. Only core controls, none that keeps a secret.

Two of them can be given a secret: `Password` and `Raw command`. Their values are not echoed to the page, change only
when the field is left, and are taken out of the widget at once by who observes them (`view`).
"""

from typing import Any, Final

import ipywidgets as w
from traitlets import Unicode

from smtpnb.panel.form import MECHANISMS, SECURITIES

#: Description → width of its label and of the whole control, where they are not as for the others.
_LABEL: Final = "6em"
_WIDTH: Final = "1 1 16em"
_LABELS: Final = {"User": "2.6em", "List": "2.6em", "Port": "2.6em", "Raw command": "initial"}
_WIDTHS: Final = {"User": "1 1 8em", "List": "1 1 8em", "Port": "0 1 9em"}


class Password(w.Password):  # type: ignore[misc]  # ipywidgets ships no types
    """A password field whose value is told to nobody but the kernel."""

    value = Unicode("").tag(sync=True, echo_update=False)


class RawLine(w.Text):  # type: ignore[misc]
    """A line that may hold a secret: told to nobody but the kernel."""

    value = Unicode("").tag(sync=True, echo_update=False)


def _shape(description: str, flex: str = _WIDTH) -> dict[str, Any]:
    return {
        "style": {"description_width": _LABELS.get(description, _LABEL)},
        "layout": w.Layout(width="auto", min_width="0", flex=_WIDTHS.get(description, flex)),
    }


def text(description: str, value: str = "", hint: str = "", kind: Any = w.Text) -> Any:
    """A line of text, with a hint inside while it is empty."""
    return kind(
        value=value,
        description=description,
        placeholder=hint,
        continuous_update=False,
        **_shape(description),
    )


def area(description: str, value: str = "", rows: int = 4) -> Any:
    """Several lines of text."""
    return w.Textarea(
        value=value,
        description=description,
        rows=rows,
        continuous_update=False,
        **_shape(description, "1 1 100%"),
    )


def choice(description: str, options: tuple[str, ...], value: str) -> Any:
    """One of several."""
    return w.Dropdown(
        options=options,
        value=value,
        description=description,
        **_shape(description),
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


def keep_order(widget: Any) -> None:
    """Leaves what the page sends where the page sends it, so that a press comes behind what was typed before it.

    ipykernel from 7.4 on takes a message to the thread that spoke for this widget last. The buttons' looks come from
    the worker's thread, the echo of a field does not: a press would be taken without what was just typed, and would
    wait for a cell that runs. Other kernels know nothing of this attribute.
    """
    if widget.comm is not None:
        widget.comm._reply_subshell_for = None  # noqa: SLF001 - there is no public way


def button(description: str, hint: str = "") -> Any:
    """A button as wide as its word."""
    return w.Button(
        description=description,
        tooltip=hint,
        layout=w.Layout(width="auto", min_width="4.5em", flex="0 0 auto", align_self="flex-start"),
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
    # No flex box inside, as it is by default: a wide table would widen the column, in place of scrolling by itself.
    return w.HTML(layout=w.Layout(display="block", width="auto", min_width="0", margin="0", flex="1 1 100%"))


def _flowing(**more: str) -> Any:
    """A layout that puts things beside each other as far as there is room."""
    return w.Layout(display="flex", flex_flow="row wrap", min_width="0", **more)


def row(*children: Any) -> Any:
    """Things beside each other, as far as there is room."""
    return w.Box(children, layout=_flowing(align_items="center", width="100%"))


def line_break() -> Any:
    """Ends a line of controls."""
    return w.Box(layout=w.Layout(flex="1 0 100%", height="0"))


def group(title: str, *children: Any, basis: str) -> Any:
    """The controls of one task, framed, with its name; it wants `basis` of width and takes what there is."""
    heading = w.Label(title, style={"font_weight": "bold"}, layout=w.Layout(flex="1 1 100%"))
    layout = _flowing(align_items="center", align_content="flex-start", flex=f"1 1 {basis}", margin="3px",
                      border="1px solid rgba(127,127,127,0.4)", padding="2px 8px 6px")  # fmt: skip
    return w.Box((heading, *children), layout=layout)


def columns(*children: Any) -> Any:
    """Blocks beside each other where the page is wide, below each other where it is narrow."""
    return w.Box(children, layout=_flowing(align_items="flex-start", width="100%"))


def column(*children: Any, basis: str) -> Any:
    """The block of the controls."""
    return w.Box(children, layout=_flowing(align_content="flex-start", flex=f"1 1 {basis}"))


def stack(*children: Any, basis: str, grow: int) -> Any:
    """The block of the outputs, below each other."""
    return w.VBox(children, layout=w.Layout(flex=f"{grow} 1 {basis}", min_width="0", padding="0 4px 0 10px"))
