"""The Python a transcript makes: it runs alone, gives the same codes, and holds no secret."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from smtpnb import Sandbox, SmtpClient, Transcript
from smtpnb.exchange import Exchange, Remark
from smtpnb.protocol.reply import SmtpReply


def plain_session(client: SmtpClient) -> None:
    client.ehlo("notebook.example")
    client.helo()
    client.noop()
    client.help()
    client.help("RCPT")
    client.vrfy("alice")
    client.expn("staff")
    client.rcpt("bob@example.org")  # too early
    client.mail("alice@example.org", "SIZE=100", "BODY=8BITMIME")
    client.rcpt("nobody@example.org")
    client.rcpt("bob@example.org", "NOTIFY=NEVER")
    client.rset()
    client.get_response("XYZZY  two  spaces ")
    client.get_response("mail FROM: <a@b> 'quoted' \\ ü")
    client.quit()


def content_session(client: SmtpClient) -> None:
    client.ehlo()
    for content, verbatim in (("Subject: x\n\n.dot\n", False), (b"bare\nLF and no end", True), ("", False)):
        client.mail("alice@example.org")
        client.rcpt("bob@example.org")
        client.data()
        client.data_body(content, verbatim=verbatim)
    client.mail(None)
    client.rcpt("bob@example.org")
    client.bdat(b"Subject: y\r\n\r\n")
    client.bdat(b"\xff.\r\n", last=True)
    client.disconnect()
    client.connect()
    client.noop()


def pipelined_session(client: SmtpClient) -> None:
    client.ehlo()
    for recipient in ("bob@example.org", "nobody@example.org"):
        with client.pipeline() as pipe:
            pipe.mail("alice@example.org")
            pipe.rcpt(recipient)
            pipe.data()
        if recipient.startswith("bob"):
            client.data_body("Subject: x\n\nhello\n")
    client.rset()


def message_session(client: SmtpClient) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "alice@example.org", "bob@example.org, nobody@example.org"
    message["Subject"] = "Grüße"
    message.set_content("hello\n.\nwörld")
    client.send_message(message)


def secret_session(client: SmtpClient) -> None:
    client.ehlo()
    client.starttls()
    client.ehlo()
    client.auth("PLAIN")
    client.auth_plain("alice", "wrong wonderland")
    client.auth("LOGIN")
    client.get_response("*")
    client.auth("LOGIN")
    client.auth_login_username("alice")
    client.auth_login_password("wonderland")
    client.noop()


def one_line_secret_session(client: SmtpClient) -> None:
    client.ehlo()
    client.auth_plain("alice", "wonderland")
    client.mail("alice@example.org")


def recorded(session: Callable[[SmtpClient], None], **options: object) -> Transcript:
    with Sandbox(**options) as sandbox, sandbox.client() as client:  # type: ignore[arg-type]
        session(client)
        client.disconnect()
        return client.transcript


def replayed(code: str, answers: str, **options: object) -> Transcript:
    """What the code says to a fresh sandbox, run alone in a process of its own with no terminal."""
    with Sandbox(**options) as sandbox:  # type: ignore[arg-type]
        code = code.replace("HOST, PORT = 'localhost', 25", f"HOST, PORT = '127.0.0.1', {sandbox.port}")
        code = code.replace('LOGIN = ""', 'LOGIN = "alice"').replace(
            "CA_FILE = None", f"CA_FILE = {str(sandbox.ca_file)!r}"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"{code}\nprint('JSON' + client.transcript.to_json())"],
            input=answers, capture_output=True, text=True, start_new_session=True, timeout=50, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Transcript.from_json(done.stdout.rpartition("JSON")[2])


@pytest.mark.parametrize(
    ("session", "answers"),
    [
        (plain_session, ""),
        (content_session, ""),
        (pipelined_session, ""),
        (message_session, ""),
        (secret_session, "wrong wonderland\nwonderland\n"),
        (one_line_secret_session, "wonderland\n"),
    ],
)
def test_replay_gives_the_same_codes(session: Callable[[SmtpClient], None], answers: str) -> None:
    transcript = recorded(session)
    again = replayed(transcript.to_python(), answers)
    said = [(exchange.command, exchange.reply and exchange.reply.code) for exchange in transcript.exchanges]
    assert [(exchange.command, exchange.reply and exchange.reply.code) for exchange in again.exchanges] == said
    assert [exchange.content for exchange in again.exchanges] == [exchange.content for exchange in transcript.exchanges]
    assert [exchange.pipelined for exchange in again.exchanges] == [each.pipelined for each in transcript.exchanges]


def test_replay_of_implicit_tls() -> None:
    transcript = recorded(plain_session, implicit_tls=True)
    code = transcript.to_python()
    assert "implicit_tls=True" in code
    assert [reply.code for reply in replayed(code, "", implicit_tls=True).replies] == [
        reply.code for reply in transcript.replies
    ]


def test_no_secret_is_in_the_code() -> None:
    for session in (secret_session, one_line_secret_session):
        code = recorded(session).to_python()
        assert "wonderland" not in code
        assert "d29uZGVy" not in code
        assert "ask_secret(" in code


def test_what_is_missing_is_said() -> None:
    long = recorded(lambda client: client.send_mail("a@example.org", "bob@example.org", "line\n" * 5000)).to_python()
    assert "# missing: the last " in long
    entries = (
        Exchange(0.0, None, SmtpReply.parse(b"220 x\r\n"), False, "greeted"),
        Exchange(0.0, "AUTH CRAM-MD5", SmtpReply.parse(b"334 abcd\r\n"), False, "awaiting a SASL response"),
        Exchange(0.0, "⟨hidden⟩", SmtpReply.parse(b"535 no\r\n"), False, "ready"),
        Exchange(0.0, "NOOP", None, False, "closed"),
        Remark(0.0, "no answer\nimport os", unexpected=True),
    )
    code = Transcript(entries).to_python()
    assert "# missing: a SASL response" in code
    assert "# no reply came" in code
    assert "# no answer⟨LF⟩import os" in code


@pytest.mark.parametrize(
    "text", ['"""', "'''\n", "\\", "{x}", "\r\nimport os", "\u202e", "\udcff", "⟨hidden⟩ \n x", "é"]
)
def test_hostile_text_is_code_of_ours_still(text: str) -> None:
    """Whatever was said, the program is calls of the client's methods with literals, and nothing more."""
    reply = SmtpReply.parse(b"250 OK\r\n")
    content = text.encode("utf-8", "surrogateescape")
    entries = (
        Exchange(0.0, None, reply, False, text),
        Exchange(0.0, f"MAIL FROM:<{text}>", reply, False, text),
        Exchange(0.0, f"EHLO {text}", reply, False, text),
        Exchange(0.0, text, reply, False, text),
        Exchange(0.0, f"AUTH {text} ⟨hidden⟩", reply, False, text),
        Exchange(0.0, ".", reply, False, text, content, len(content) + 1),
        Remark(0.0, text),
    )
    tree = ast.parse(Transcript(entries).to_python(text).encode("utf-8", "backslashreplace"))
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    known = {"SmtpClient", "ssl.create_default_context", "print", "ask_secret"}
    assert all(call in known or call.startswith("client.") for call in calls)
    assert sum(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)) == 2


@pytest.mark.parametrize("ending", [".html", ".txt", ".json", ".jsonl", ".py", ".HTML"])
def test_save_writes_what_the_name_s_ending_says(ending: str, tmp_path: Path) -> None:
    transcript = recorded(plain_session)
    file = tmp_path / f"session{ending}"
    transcript.save(file)
    text = file.read_text(encoding="utf-8")
    checks: dict[str, Callable[[], object]] = {
        ".html": lambda: text == transcript.to_html(),
        ".txt": lambda: text == transcript.to_text() + "\n",
        ".json": lambda: json.loads(text) and Transcript.from_json(text) == transcript,
        ".jsonl": lambda: Transcript.from_jsonl(text) == transcript,
        ".py": lambda: text == transcript.to_python(),
    }
    assert checks[ending.lower()]()


def test_save_under_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.html"):
        Transcript().save(tmp_path / "session.doc")
