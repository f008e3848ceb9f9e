"""`control_panel()`: a whole SMTP session by mouse or keyboard, each byte of it shown, the Python to take home.

The widgets are bound to a `Model`, which does all the work in a thread of its own. What comes of it reaches the page by
setting traits from that thread, which ipykernel takes from any thread; and a trait that this thread sets is never one
that the page sets, so the two cannot cross. Nothing is printed, since output of threads is lost.

A password is out of its widget as soon as the field is left: read, closed, and the field blanked, long before a press.
"""

import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as w

from smtpnb import display
from smtpnb.panel import controls
from smtpnb.panel.form import Attachment, Form
from smtpnb.panel.letter import Draft
from smtpnb.panel.model import BUTTONS, Captured, Legend, Model, Notice, Offers
from smtpnb.secret import Secret

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient
    from smtpnb.sandbox import Sandbox
    from smtpnb.transcript import Transcript

#: Description → attribute of the form.
_TEXTS: Final = {
    "Host": "host",
    "Port": "port",
    "Login": "login",
    "User": "user",
    "List": "list",
    "From": "sender",
    "To": "to",
    "Cc": "cc",
    "Bcc": "bcc",
    "Subject": "subject",
}
_HINTS: Final = {
    "Port": "the usual one",
    "Cc": "addresses, separated by commas",
    "Bcc": "seen by nobody else",
    "To": "addresses, separated by commas",
}

#: Seconds after which a press that is under way makes the other buttons wait: a quick one shall not make them flicker.
_BUSY_AFTER: Final = 0.3

_UNTYPED: Final = "never kept in the notebook"
_TAKEN: Final = "taken, for one AUTH"
_NO_LINE: Final = "such as NOOP"
_LINE: Final = "a secret line is ready"


class ControlPanel(w.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A panel that drives one SMTP session.

    `control_panel` makes one. It can be displayed more than once; `close()` ends all that it started.

    Attributes:
        model: the state and the actions, without widgets.
    """

    def __init__(self, given: "SmtpClient | Sandbox | str | None" = None) -> None:
        self.model = Model(given)
        self._secret: Secret | None = None
        self._secret_line: Secret | None = None
        self._busy: threading.Timer | None = None
        self._pressed = ""
        self._showing = threading.Lock()
        self._make_controls(self.model.form)
        super().__init__(self._laid_out(), layout=w.Layout(width="100%"))
        for widget in _below(self):
            controls.keep_order(widget)
        self._show()
        self._show_draft()
        self.model.listen(self._show)

    # -- as the API promises ---------------------------------------------------------------------------------

    @property
    def client(self) -> "SmtpClient":
        """The client of the present server; it is the panel's while a press is under way."""
        return self.model.client

    @property
    def transcript(self) -> "Transcript":
        """What was said so far."""
        return self.model.transcript

    @property
    def code(self) -> str:
        """Python that does the same, alone in a fresh kernel; it asks for each secret."""
        return self.model.code

    def close(self) -> None:
        """Ends the thread, the connection, the sandbox that the panel started, and the widgets; may be repeated."""
        self.model.close()
        self._secret = self._secret_line = None
        with self._showing:
            self._stop_waiting()
        for secret in (self._password, self._raw):
            secret.value = ""
        for widget in [*_below(self), self]:
            for part in (getattr(widget, "style", None), getattr(widget, "layout", None)):
                if isinstance(part, w.Widget):
                    part.close()
            if widget is not self:
                widget.close()
        super().close()

    def __repr__(self) -> str:
        return f"<ControlPanel {self.model.client!r}>"

    # -- the widgets -----------------------------------------------------------------------------------------

    def _make_controls(self, form: Form) -> None:
        self._texts = {
            name: controls.text(name, getattr(form, attribute), _HINTS.get(name, ""))
            for name, attribute in _TEXTS.items()
        }
        self._body = controls.area("Body", form.body)
        self._files = controls.upload()
        self._security = controls.security(form.security)
        self._mechanism = controls.mechanism(form.mechanism)
        self._password = controls.text("Password", hint=_UNTYPED, kind=controls.Password)
        self._raw = controls.text("Raw command", hint=_NO_LINE, kind=controls.RawLine)
        self._buttons = {name: controls.button(name) for name in BUTTONS}
        self._status, self._card, self._state, self._ladder = (controls.html() for _ in range(4))
        self._offers, self._draft, self._captured, self._asked = (controls.html() for _ in range(4))
        self._legend = controls.html()
        self._legend.value = display.framed(Legend()) or ""
        self._code = controls.area("Python", rows=12)
        self._yes, self._no = controls.button("Yes, send it"), controls.button("No, do not")
        self._question = controls.row(self._asked, self._yes, self._no)
        self._bind()

    def _bind(self) -> None:
        for name, button in self._buttons.items():
            button.on_click(lambda _, name=name: self._press(name))
        self._yes.button_style = "danger"
        self._yes.on_click(lambda _: self.model.answer(agreed=True))
        self._no.on_click(lambda _: self.model.answer(agreed=False))
        self._password.observe(self._take_password, "value")
        self._raw.observe(self._take_line, "value")
        for name in ("From", "To", "Cc", "Bcc", "Subject"):
            self._texts[name].observe(lambda _: self._show_draft(), "value")
        self._files.observe(lambda _: self._show_draft(), "value")

    def _laid_out(self) -> tuple[Any, ...]:
        text, button = self._texts, self._buttons

        def of(*names: str) -> list[Any]:
            return [button[name] for name in names]

        groups = (
            controls.group(
                "Connection",
                text["Host"], text["Port"], self._security, controls.line_break(),
                *of("Connect", "EHLO", "HELO", "STARTTLS", "NOOP", "HELP", "QUIT", "Cancel"), self._legend,
                basis="100%",
            ),
            controls.group("Identity", text["Login"], self._password, self._mechanism, *of("AUTH"), basis="15em"),
            controls.group(
                "Directory", text["User"], *of("VRFY"), controls.line_break(), text["List"], *of("EXPN"), basis="15em"
            ),
            controls.group(
                "Message",
                *(text[name] for name in ("From", "To", "Cc", "Bcc", "Subject")), self._body, self._files,
                *of("Send message", "MAIL", "RCPT", "DATA", "RSET"), self._draft,
                basis="100%",
            ),
            controls.group("Raw", self._raw, *of("Send raw"), basis="100%"),
        )  # fmt: skip
        # The ladder is last, as it grows: nothing that is used again and again moves on the page.
        outputs = (self._card, self._state, self._captured, self._offers, self._code, *of("Clear"), self._ladder)
        left = controls.column(*groups, basis="27em")
        right = controls.stack(*outputs, basis="34em", grow=2)
        return (self._status, self._question, controls.columns(left, right))

    # -- from the page ---------------------------------------------------------------------------------------

    def _press(self, name: str) -> None:
        self._pressed = name
        secret, line = None, ""
        if name == "AUTH":
            secret, self._secret = self._secret or Secret(""), None
            self._password.value, self._password.placeholder = "", _UNTYPED
        elif name == "Send raw":
            secret, self._secret_line = self._secret_line, None
            line, self._raw.value, self._raw.placeholder = self._raw.value, "", _NO_LINE
        self.model.press(name, self._form(), secret=secret, line=line)

    def _form(self) -> Form:
        return Form(
            **{attribute: self._texts[name].value for name, attribute in _TEXTS.items()},
            security=self._security.value,
            mechanism=self._mechanism.value,
            body=self._body.value,
            attachments=tuple(
                Attachment(file["name"], file["type"], bytes(file["content"])) for file in self._files.value
            ),
        )

    def _take_password(self, change: Any) -> None:
        if change.new:
            self._secret = Secret(change.new)
            self._password.placeholder = _TAKEN
            self._password.value = ""

    def _take_line(self, change: Any) -> None:
        if change.new and self.model.holds_secret(change.new):
            self._secret_line = Secret(change.new)
            self._raw.placeholder = _LINE
            self._raw.value = ""

    def _show_draft(self) -> None:
        self._draft.value = display.framed(Draft.of(self._form())) or ""

    # -- to the page: in the worker's thread -----------------------------------------------------------------

    def _show(self) -> None:
        model = self.model
        with self._showing:
            self._stop_waiting()
            if model.running:
                self._busy = threading.Timer(_BUSY_AFTER, self._show_busy)
                self._busy.daemon = True
                self._busy.start()
                return
            self._look()
            self._status.value = display.framed(model.notice) or ""
            self._card.value = (display.framed(model.last) if model.last else None) or ""
            self._state.value = display.framed(model.conversation) or ""
            transcript = model.transcript
            self._ladder.value = (display.framed(transcript) if len(transcript) else None) or ""
            history = model.capability_history
            self._offers.value = (display.framed(Offers(history)) if history else None) or ""
            messages = model.messages
            self._captured.value = ("" if messages is None else display.framed(Captured(messages))) or ""
            self._code.value = model.code

    def _look(self) -> None:
        model = self.model
        for name, button in self._buttons.items():
            button.disabled = False
            reason = model.why_not(name)
            controls.look(button, model.hint(name), expected=not reason, suggested=name == model.suggested)
        asked = model.question
        self._asked.value = (display.framed(model.notice) if asked else None) or ""
        self._question.layout.display = "flex" if asked else "none"

    def _show_busy(self) -> None:
        """Others wait. The pressed button stays as it is: disabled, it would lose the keyboard's focus."""
        with self._showing:
            running = self.model.running
            if not running or self._busy is None:
                return
            text = f"{running} is under way: the server has not answered yet. Cancel ends it."
            self._status.value = display.framed(Notice("info", text)) or ""
            for name, button in self._buttons.items():
                button.disabled = name not in ("Cancel", self._pressed)
            cancel = self._buttons["Cancel"]
            controls.look(cancel, self.model.hint("Cancel"), expected=True, suggested=True)

    def _stop_waiting(self) -> None:
        if self._busy is not None:
            self._busy.cancel()
            self._busy = None


def _below(widget: Any) -> list[Any]:
    """All the widgets inside, the innermost first."""
    inner = []
    for child in getattr(widget, "children", ()):
        inner += [*_below(child), child]
    return inner


def control_panel(client_or_sandbox: "SmtpClient | Sandbox | str | None" = None) -> ControlPanel:
    """A panel to drive an SMTP session with.

    Args:
        client_or_sandbox: a client, a sandbox, "host:port", or nothing: then it starts a sandbox of its own.

    Returns:
        The panel; show it as the last value of a cell, or with `display`.

    Raises:
        TypeError: it is none of these.
        ValueError: there can be no such host or port.
    """
    return ControlPanel(client_or_sandbox)
