"""`%smtp` and `%%smtp` in a real IPython shell, without a kernel."""

from __future__ import annotations

import atexit
import getpass
import socket
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from smtpnb import Sandbox, SmtpReply, Transcript
from smtpnb.magics import WORDS, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "wonderland"


@pytest.fixture
def shell() -> Iterator[Any]:
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    shell.run_line_magic("load_ext", "smtpnb")
    yield shell
    if "smtp" in shell.magics_manager.magics["line"]:
        shell.run_line_magic("unload_ext", "smtpnb")
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()


def smtp(shell: Any, line: str) -> Any:
    return shell.run_line_magic("smtp", line)


def cell(shell: Any, text: str, line: str = "") -> Any:
    return shell.run_cell_magic("smtp", line, text)


def completed(shell: Any, line: str) -> set[str]:
    with provisionalcompleter():
        return {completion.text for completion in shell.Completer.completions(line, len(line))}


def codes(transcript: Transcript) -> list[int]:
    return [reply.code for reply in transcript.replies]


def test_each_verb_gives_its_reply(shell: Any) -> None:
    assert smtp(shell, "sandbox").code == 220
    said = [("ehlo", 250), ("starttls", 220), ("ehlo", 250), ("vrfy alice", 250), ("expn staff", 250), ("noop", 250)]
    said += [
        ("help", 214),
        ("mail alice@example.org", 250),
        ("rcpt bob@example.org", 250),
        ("rset", 250),
        ("quit", 221),
    ]
    for line, code in said:
        reply = smtp(shell, line)
        assert isinstance(reply, SmtpReply)
        assert (line, reply.code) == (line, code)


def test_connect_takes_host_and_port(shell: Any) -> None:
    with Sandbox() as sandbox:
        assert smtp(shell, f"connect 127.0.0.1:{sandbox.port}").code == 220
        assert smtp(shell, "EHLO me.example").code == 250, "verbs take any case"
    with Sandbox(implicit_tls=True) as sandbox, pytest.raises(Exception, match="certificate"):
        smtp(shell, f"connect 127.0.0.1:{sandbox.port} --tls")


def test_password_is_asked_for_and_never_on_the_line(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": asked.append(prompt) or PASSWORD)
    smtp(shell, "sandbox")
    smtp(shell, "ehlo")
    assert smtp(shell, "auth alice").code == 235
    smtp(shell, "sandbox")
    smtp(shell, "ehlo")
    assert smtp(shell, "auth alice login").code == 235
    assert asked == ["Password of alice: "] * 2
    assert PASSWORD not in str(smtp(shell, "transcript"))
    with pytest.raises(UsageError, match=r"usage: %smtp auth LOGIN \[MECHANISM\]"):
        smtp(shell, "auth alice PLAIN wonderland")


def test_auth_where_nobody_can_be_asked_is_one_line(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(prompt: str = "") -> str:
        raise StdinNotImplementedError

    monkeypatch.setattr(getpass, "getpass", refuse)
    smtp(shell, "sandbox")
    with pytest.raises(UsageError, match="nobody can be asked here"):
        smtp(shell, "auth alice")


@pytest.mark.parametrize("line", ["ehlo", "vrfy alice", "transcript", "auth alice"])
def test_missing_connection_tells_how_to_make_one(shell: Any, line: str) -> None:
    with pytest.raises(UsageError, match="`%smtp sandbox` starts a server"):
        smtp(shell, line)
    with pytest.raises(UsageError, match="there is no connection"):
        cell(shell, "NOOP\n")


@pytest.mark.parametrize(
    ("line", "meant"), [("ehol", "ehlo"), ("vrfi alice", "vrfy"), ("startls", "starttls"), ("sandbx", "sandbox")]
)
def test_near_miss_is_told_what_was_meant(shell: Any, line: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{meant}'"):
        smtp(shell, line)


@pytest.mark.parametrize(
    "line",
    ["vrfy", "connect", "connect a b", "connect a:b:c", "rset now", "connect a:99999", "connect http://a/", "rcpt"],
)
def test_wrong_usage_is_one_line(shell: Any, line: str) -> None:
    smtp(shell, "sandbox")
    with pytest.raises(UsageError) as caught:
        smtp(shell, line)
    assert "\n" not in str(caught.value)


def test_cell_of_raw_lines_gives_its_transcript(shell: Any) -> None:
    smtp(shell, "sandbox")
    transcript = cell(
        shell,
        "# who am I?\nEHLO me.example\n\nMAIL FROM:<alice@example.org>\nRCPT TO:<bob@example.org>\n"
        "DATA\nSubject: $HOME {x}\n\n# not a remark\n..stuffed by hand\n.\nNOOP\n",
    )
    assert codes(transcript) == [250, 250, 250, 354, 250, 250]
    (message,) = shell.magics_manager.registry["SmtpMagics"].sandbox.messages
    assert message.raw == b"Subject: $HOME {x}\r\n\r\n# not a remark\r\n.stuffed by hand\r\n"


def test_content_is_left_out_where_data_is_refused(shell: Any) -> None:
    smtp(shell, "sandbox")
    assert codes(cell(shell, "DATA\nMAIL FROM:<a@example.org>\n.\nNOOP\n")) == [503, 250]


def test_lines_behind_quit_go_nowhere(shell: Any) -> None:
    smtp(shell, "sandbox")
    assert codes(cell(shell, "QUIT\nNOOP\n")) == [221]


def test_wrong_verb_in_a_cell_is_sent_for_the_lesson(shell: Any) -> None:
    smtp(shell, "sandbox")
    assert codes(cell(shell, "ELHO me.example\n")) == [500]


@pytest.mark.parametrize(
    ("text", "why"), [("NOOP\nDATA\nhello\n", "a dot alone"), ("NOOP\nBDAT 3 LAST\nabc\n", "counts octets")]
)
def test_impossible_cell_sends_nothing(shell: Any, text: str, why: str) -> None:
    smtp(shell, "sandbox")
    with pytest.raises(UsageError, match=why):
        cell(shell, text)
    assert codes(smtp(shell, "transcript")) == [220]


def test_cell_with_carriage_returns_is_the_same() -> None:
    text = "EHLO a\nDATA\nx\n.\n"
    assert parsed(text.replace("\n", "\r\n")) == parsed(text)


@pytest.mark.parametrize(
    "line", ["vrfy alice <<kept", "vrfy alice << kept", "<<kept vrfy alice", "-o kept vrfy alice", "vrfy alice -o kept"]
)
def test_result_is_kept_under_a_name_and_not_shown(shell: Any, line: str) -> None:
    smtp(shell, "sandbox")
    smtp(shell, "ehlo")
    assert smtp(shell, line) is None
    assert shell.user_ns["kept"].command == "VRFY alice"


def test_cell_s_transcript_is_kept_under_a_name(shell: Any) -> None:
    smtp(shell, "sandbox")
    assert cell(shell, "NOOP\n", "<<said") is None
    assert codes(shell.user_ns["said"]) == [250]
    with pytest.raises(UsageError, match="a name for the result"):
        cell(shell, "NOOP\n", "<<2nd")


def test_nothing_is_expanded_in_a_line(shell: Any) -> None:
    shell.user_ns["alice"] = "mallory"
    smtp(shell, "sandbox")
    smtp(shell, "ehlo")
    shell.run_cell("%smtp vrfy $alice{alice} <<kept")
    assert shell.user_ns["kept"].command == "VRFY $alice{alice}"


def test_help_names_every_word(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    smtp(shell, "--help")
    told = capsys.readouterr().out
    assert [word for word in WORDS if f"  {word}" not in told] == []
    smtp(shell, "vrfy --help")
    assert capsys.readouterr().out.startswith("%smtp vrfy NAME\nAsks whether")


def test_completion_offers_the_words(shell: Any) -> None:
    assert {"starttls", "state"} <= completed(shell, "%smtp st")
    assert "--tls" in completed(shell, "%smtp connect host --")


def test_errors_show_their_card_and_no_socket_code(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as sock:  # bound, and not listened on: nobody else can take it
        sock.bind(("127.0.0.1", 0))
        shell.run_cell(f"%smtp connect 127.0.0.1:{sock.getsockname()[1]}")
    told = capsys.readouterr()
    assert "refused the connection" in told.out + told.err
    assert "Traceback" not in told.out + told.err


def test_reload_and_unload_leave_nothing(shell: Any) -> None:
    smtp(shell, "sandbox")
    first = shell.magics_manager.registry["SmtpMagics"]
    sandbox = first.sandbox
    shell.run_line_magic("reload_ext", "smtpnb")
    assert smtp(shell, "sandbox").code == 220
    assert not sandbox.listening
    shell.run_line_magic("unload_ext", "smtpnb")
    assert "smtp" not in shell.magics_manager.magics["line"]
    assert "smtp" not in shell.magics_manager.magics["cell"]
    assert "starttls" not in completed(shell, "%smtp st")
    shell.run_line_magic("load_ext", "smtpnb")
    assert smtp(shell, "sandbox").code == 220
