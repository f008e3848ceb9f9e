"""The panel's widgets, without a page; and what nbclient and an HTML export keep of them."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import ipywidgets
import nbformat
import pytest
from html_checks import check, text_of
from leaks import forms
from nbclient import NotebookClient

from smtpnb import ControlPanel, Sandbox, control_panel, display
from smtpnb.panel.form import Form
from smtpnb.panel.letter import Draft
from smtpnb.panel.model import BUTTONS, Captured, Notice, Offers
from smtpnb.protocol.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "wonderland"
HOSTILE = "<script>x</script>\u202e\x1b[31m $x$ " + "w" * 400
TEXTS = ("Host", "Port", "Login", "Password", "User", "List", "From", "To", "Cc", "Bcc", "Subject", "Body", "Raw command",
         "Security", "Mechanism", "Python")  # fmt: skip


@pytest.fixture
def panel() -> Iterator[ControlPanel]:
    panel = control_panel()
    yield panel
    panel.close()


def below(widget: Any) -> list[Any]:
    return [widget, *(inner for child in getattr(widget, "children", ()) for inner in below(child))]


def control(panel: ControlPanel, description: str) -> Any:
    (found,) = [each for each in below(panel) if getattr(each, "description", "") == description]
    return found


def press(panel: ControlPanel, *names: str) -> None:
    for name in names:
        control(panel, name).click()
    panel.model.wait()


def html_of(panel: ControlPanel) -> str:
    return "\n".join(each.value for each in below(panel) if isinstance(each, ipywidgets.HTML))


def state_of(panel: ControlPanel) -> str:
    """All that a notebook could save of the widgets."""
    return "\n".join(json.dumps(each.get_state(), default=repr) + repr(each) for each in below(panel))


@pytest.mark.parametrize("description", [*TEXTS, *BUTTONS])
def test_every_control_has_its_description(panel: ControlPanel, description: str) -> None:
    assert control(panel, description)


def test_it_is_a_box_with_the_promised_attributes(panel: ControlPanel) -> None:
    assert isinstance(panel, ipywidgets.VBox)
    press(panel, "Connect")
    assert panel.client.connected
    assert [reply.code for reply in panel.transcript.replies] == [220]
    assert "client.connect()" in panel.code
    assert repr(panel) == "<ControlPanel <SmtpClient sandbox.example: greeted>>"


def test_nothing_that_the_system_chose_is_shown(panel: ControlPanel) -> None:
    press(panel, "Connect", "EHLO", "Send message")
    assert str(panel.client.port) not in html_of(panel) + repr(panel) + panel.code


def test_markup_is_that_of_the_views(panel: ControlPanel) -> None:
    press(panel, "Connect", "EHLO", "STARTTLS", "EHLO", "EXPN", "Send message", "DATA")
    for each in below(panel):
        if isinstance(each, ipywidgets.HTML) and each.value:
            check(each.value)


def test_password_is_out_of_its_widget_before_anything_is_pressed(panel: ControlPanel) -> None:
    press(panel, "Connect", "EHLO")
    field = control(panel, "Password")
    field.value = PASSWORD
    assert field.value == ""
    assert "taken" in field.placeholder
    press(panel, "AUTH")
    assert panel.client.authenticated
    assert [form for form in forms("alice", PASSWORD) if form in state_of(panel)] == []


def test_password_serves_once_also_where_auth_fails(panel: ControlPanel) -> None:
    control(panel, "Password").value = PASSWORD
    press(panel, "AUTH")  # not connected
    assert "not connected" in html_of(panel)
    press(panel, "Connect", "EHLO", "AUTH")
    assert panel.transcript.replies[-1].code != 235
    assert [form for form in forms("alice", PASSWORD) if form in state_of(panel)] == []


def test_password_is_not_echoed_by_the_kernel(panel: ControlPanel) -> None:
    for name in ("Password", "Raw command"):
        field = control(panel, name)
        assert field.trait_metadata("value", "echo_update") is False
        assert field.continuous_update is False


def test_close_forgets_the_password() -> None:
    panel = control_panel()
    control(panel, "Password").value = PASSWORD
    panel.close()
    assert panel._secret is None


def test_raw_secret_is_taken_and_an_ordinary_line_stays(panel: ControlPanel) -> None:
    press(panel, "Connect", "EHLO")
    raw = control(panel, "Raw command")
    raw.value = "VRFY bob"
    assert raw.value == "VRFY bob"
    press(panel, "Send raw")
    assert panel.transcript.replies[-1].command == "VRFY bob"
    raw.value = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="
    assert raw.value == ""
    press(panel, "Send raw")
    assert panel.client.authenticated
    assert [form for form in forms("alice", PASSWORD) if form in state_of(panel)] == []


def test_buttons_look_as_they_make_sense(panel: ControlPanel) -> None:
    assert control(panel, "Connect").button_style == "primary"
    assert control(panel, "EHLO").style.font_style == "italic"
    assert "connect first" in control(panel, "EHLO").tooltip
    assert not control(panel, "EHLO").disabled, "wrong order is a lesson"
    press(panel, "Connect")
    assert control(panel, "EHLO").button_style == "primary"
    assert control(panel, "EHLO").style.font_style is None


def test_others_wait_while_a_press_is_under_way_and_cancel_frees_them() -> None:
    with Sandbox(greeting="silent") as silent:
        panel = control_panel(f"127.0.0.1:{silent.port}")
        control(panel, "Connect").click()
        deadline = time.monotonic() + 5
        while not control(panel, "EHLO").disabled and time.monotonic() < deadline:
            time.sleep(0.02)
        assert control(panel, "EHLO").disabled
        assert not control(panel, "Connect").disabled, "it would lose the keyboard's focus"
        assert not control(panel, "Cancel").disabled
        press(panel, "Cancel")
        assert "was cancelled" in html_of(panel)
        assert not control(panel, "EHLO").disabled
        panel.close()


def test_draft_shows_what_differs(panel: ControlPanel) -> None:
    control(panel, "Cc").value = "carol@example.org"
    control(panel, "Bcc").value = "postmaster@example.org"
    told = text_of(html_of(panel))
    assert "RCPT TO:<postmaster@example.org>" in told
    assert "a Bcc is in the envelope alone" in told


def test_attachments_go_along(panel: ControlPanel) -> None:
    (files,) = [each for each in below(panel) if isinstance(each, ipywidgets.FileUpload)]
    files.value = (
        {
            "name": "a.png",
            "type": "image/png",
            "size": 3,
            "content": memoryview(b"PNG"),
            "last_modified": datetime.now(UTC),
        },
    )
    assert "a.png, 3 octets" in text_of(html_of(panel))
    press(panel, "Connect", "Send message")
    (message,) = panel.model.messages or ()
    assert [part.get_content() for part in message.email.iter_attachments()] == [b"PNG"]


def test_close_leaves_no_widget_and_no_thread() -> None:
    from ipywidgets.widgets.widget import _instances

    widgets, threads = set(_instances), set(threading.enumerate())
    panel = control_panel()
    press(panel, "Connect", "EHLO")
    panel.close()
    panel.close()
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - threads and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(threading.enumerate()) - threads == set()
    assert [_instances[key] for key in set(_instances) - widgets] == []


# -- the views -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        Notice("bad", HOSTILE, (HOSTILE,)),
        Draft.of(Form(sender=HOSTILE, to=HOSTILE, cc=HOSTILE, bcc=HOSTILE, subject=HOSTILE)),
        Draft.of(Form()),
        Offers((Capabilities(("SIZE 1", HOSTILE)), Capabilities((HOSTILE,), secure=True))),
        Captured(()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_views_hold_nothing_active(value: object) -> None:
    html = display.html(value)
    assert html
    check(html)
    assert "\u202e" not in html


def test_captured_messages_are_bounded_and_visible() -> None:
    with Sandbox() as sandbox, sandbox.client() as client:
        client.ehlo()
        for number in range(8):
            client.send_mail("alice@example.org", "bob@example.org", f"Subject: {number}\n\n{HOSTILE}\n" + "x\n" * 5000)
        html = display.html(Captured(tuple(sandbox.messages))) or ""
    check(html)
    assert "3 older messages" in text_of(html)
    assert len(html) < 500_000


# -- saved notebooks -------------------------------------------------------------------------------------------------

SESSION = """
password = "".join(map(chr, [119, 111, 110, 100, 101, 114, 108, 97, 110, 100]))
from smtpnb import control_panel
panel = control_panel()
def below(widget):
    return [widget, *(inner for child in getattr(widget, "children", ()) for inner in below(child))]
controls = {each.description: each for each in below(panel) if getattr(each, "description", "")}
for name in ("Connect", "EHLO", "AUTH", "Send message"):
    controls["Password"].value = password
    controls[name].click()
    panel.model.wait()
controls["Password"].value = password
assert panel.client.authenticated
display(panel, panel.transcript)
print(panel, panel.code)
"""


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
                            "ignore::DeprecationWarning")  # fmt: skip
def test_no_password_in_what_nbclient_and_an_html_export_keep() -> None:
    from nbconvert import HTMLExporter

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SESSION)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    stored = nbformat.writes(notebook)
    assert "never kept in the notebook" in stored or "taken, for one AUTH" in stored, "the widgets' state is kept"
    exported, _ = HTMLExporter().from_notebook_node(notebook)
    for text in (stored, exported):
        assert [form for form in forms("alice", PASSWORD) if form in text] == []
