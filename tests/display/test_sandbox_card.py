"""The cards of a sandbox and of a session as the server saw it."""

import re

import pytest
from html_checks import check, squeezed, text_of

from smtpnb import Sandbox, options
from smtpnb.sandbox import Drips, Taunts


@pytest.fixture
def busy() -> Sandbox:
    """In memory, with something switched on, a message and a session."""
    switched_on = [Drips(at="NOOP"), Taunts(at="HELP")]
    sandbox = Sandbox(in_memory=True, greylisting=1, vrfy={"bob": "hide"}, moved={"erin": "e@example.net"}, behaviours=switched_on)  # fmt: skip
    sandbox.clock.advance(10)
    with sandbox.client() as client:
        client.ehlo()
        client.help()
        client.auth_plain("alice", "wonderland")
        for _ in range(2):
            client.send_mail("alice@example.org", ["bob@example.org"], "Subject: x\n\nHi\n")
            sandbox.clock.advance(2)
    return sandbox


def test_card_shows_all_that_the_text_shows(busy: Sandbox) -> None:
    html = busy._repr_html_()
    assert html
    check(html)
    text = squeezed(text_of(html)).lower()
    lines = busy.to_text().splitlines()
    assert [line for line in lines if squeezed(line.strip()).lower() not in text] == []
    for word in ("alice@example.org", "staff@example.org", "greylists", "drips", "vrfy={'bob':'hide'}", "movedto"):
        assert word in text


def test_a_list_s_address_is_not_in_the_narrow_first_column() -> None:
    headers = re.findall(r"<th[^>]*>(.*?)</th>", str(Sandbox(in_memory=True)._repr_html_()))
    assert headers == ["Users:", "Mailboxes:", "List", "List", "Offers:"]


def test_card_shows_no_password_and_no_port(busy: Sandbox) -> None:
    with Sandbox() as sandbox:
        html = str(sandbox._repr_html_()) + str(busy._repr_html_())
        assert str(sandbox.port) not in html
    assert not re.search("wonderland|d29uZGVybGFuZ", html)


def test_session_reads_as_the_server_saw_it(busy: Sandbox) -> None:
    html = busy.sessions[0]._repr_html_()
    assert html
    check(html)
    text = squeezed(text_of(html))
    assert squeezed("<- EHLO notebook.example") in text
    assert "⟨U+202E⟩" in text


def test_long_sessions_are_cut(busy: Sandbox) -> None:
    with busy.client() as client:
        for _ in range(200):
            client.noop()
    assert "more line" in str(busy.sessions[-1]._repr_html_())


def test_rich_output_can_be_switched_off(busy: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "rich_output", False)
    assert busy._repr_html_() is None


def test_every_option_that_is_switched_on_is_shown() -> None:
    made = [
        ({"certificate": "expired"}, "certificate='expired'"),
        ({"implicit_tls": True}, "implicit_tls=True"),
        ({"lax_end_of_data": True}, "lax_end_of_data=True"),
        ({"strict_8bit": True}, "strict_8bit=True"),
        ({"max_errors": 3}, "max_errors=3"),
        ({"max_recipients": 2}, "max_recipients=2"),
        ({"seed": 7}, "seed=7"),
        ({"script": [(None, "220 hi")]}, "script=True"),
        ({"expn": "deny"}, "expn='deny'"),
        ({"vrfy": "off"}, "vrfy='off'"),
        ({"require_tls": True}, "RequiresTls()"),
        ({"require_auth": True}, "RequiresAuth()"),
        ({"relay": "denied"}, "Relays(who='denied')"),
        ({"latency": 0.1}, "Delays(seconds=0.1)"),
        ({"greeting": "http"}, "GreetsAs(protocol='http')"),
        ({"forwards": {"x": "y@example.net"}}, "forwarded to y@example.net"),
        ({"mechanisms_in_tls": ["LOGIN"]}, "AUTH LOGIN"),
    ]
    for switched_on, said in made:
        with Sandbox(**switched_on) as sandbox:  # type: ignore[arg-type]
            assert said in sandbox.to_text()
    with Sandbox(in_memory=True) as sandbox:
        assert "option" not in sandbox.to_text()
