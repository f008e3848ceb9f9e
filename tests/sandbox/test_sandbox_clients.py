"""Clients that nobody here wrote, each doing the whole job: EHLO, STARTTLS, AUTH, send, VRFY, EXPN."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import subprocess
from email.message import EmailMessage
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from smtpnb.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = "From: alice@example.org\r\nTo: bob@example.org\r\nSubject: oracle\r\n\r\n.a dot\r\n.\r\nend\r\n"


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=sandbox.ca_file)


def assert_arrived(sandbox: Sandbox, login: str | None = "alice") -> None:
    (message,) = sandbox.messages
    assert message.email["Subject"] == "oracle"
    assert b"\r\n.a dot\r\n.\r\nend\r\n" in message.raw
    assert b"\r\n..a dot\r\n..\r\nend\r\n" in message.wire
    assert message.recipients == ("bob@example.org",)
    assert (message.secure, message.authenticated_as) == (True, login)


def test_smtplib(sandbox: Sandbox) -> None:
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        client.starttls(context=trusting(sandbox))
        client.login("alice", "wonderland")
        assert client.verify("bob") == (250, b"2.1.5 Bob <bob@example.org>")
        assert client.expn("everyone") == (250, b"2.1.5 Staff <staff@example.org>\n2.1.5 <dave@example.net>")
        assert client.sendmail("alice@example.org", ["bob@example.org"], CONTENT) == {}
    assert_arrived(sandbox)


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
@pytest.mark.parametrize("at_once", [True, False])
def test_smtplib_auth(sandbox: Sandbox, mechanism: str, at_once: bool) -> None:
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        client.ehlo()
        client.user, client.password = "bob", "builder"
        name = mechanism.removeprefix("auth_").upper()
        assert client.auth(name, getattr(client, mechanism), initial_response_ok=at_once)[0] == 235
        client.password = "wrong"
        assert client.docmd("AUTH", "LOGIN")[0] == 503


def test_smtplib_sends_utf8(sandbox: Sandbox) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "jürgen@bücher.example", "bob@example.org", "Grüße"
    message.set_content("Häuser\n")
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=10) as client:
        client.send_message(message)
    assert sandbox.messages[0].sender == "jürgen@bücher.example"
    assert sandbox.messages[0].email["Subject"] == "Grüße"
    assert "SMTPUTF8" in [parameter.upper() for parameter in sandbox.messages[0].parameters]


def test_smtplib_over_implicit_tls() -> None:
    with Sandbox(implicit_tls=True) as sandbox:
        context = trusting(sandbox)
        with smtplib.SMTP_SSL(sandbox.host, sandbox.port, timeout=10, context=context) as client:
            assert not client.has_extn("STARTTLS")
            client.login("alice", "wonderland")
            client.sendmail("alice@example.org", ["bob@example.org"], CONTENT)
        assert_arrived(sandbox)


def test_aiosmtplib(sandbox: Sandbox) -> None:
    async def talk() -> None:
        client = aiosmtplib.SMTP(hostname=sandbox.host, port=sandbox.port, start_tls=False, timeout=10)
        async with client:
            await client.starttls(tls_context=trusting(sandbox))
            assert (await client.login("alice", "wonderland")).code == 235
            assert (await client.vrfy("bob")).message == "2.1.5 Bob <bob@example.org>"
            assert len((await client.expn("staff")).message.splitlines()) == 3
            await client.sendmail("alice@example.org", ["bob@example.org"], CONTENT)

    asyncio.run(talk())
    assert_arrived(sandbox)


def run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


@pytest.mark.tool("curl")
def test_curl_sends(sandbox: Sandbox, tmp_path: Path) -> None:
    upload = tmp_path / "message"
    upload.write_bytes(CONTENT.encode())
    envelope = ("--mail-from", "alice@example.org", "--mail-rcpt", "bob@example.org", "--upload-file", str(upload))
    trust = ("--ssl-reqd", "--cacert", sandbox.ca_file, "--user", "alice:wonderland")
    run("curl", "-sS", *trust, *envelope, f"smtp://{sandbox.host}:{sandbox.port}/curl.example")
    assert_arrived(sandbox)
    assert sandbox.messages[0].helo == "curl.example"


@pytest.mark.tool("curl")
def test_curl_refuses_a_wrong_password(sandbox: Sandbox) -> None:
    command = ("curl", "-sS", "--user", "alice:wrong", f"smtp://{sandbox.host}:{sandbox.port}")
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 67  # login denied


@pytest.mark.tool("curl")
def test_curl_asks_vrfy_and_expn(sandbox: Sandbox) -> None:
    url = f"smtp://{sandbox.host}:{sandbox.port}/curl.example"
    trust = ("--ssl-reqd", "--cacert", sandbox.ca_file)
    assert "Alice <alice@example.org>" in run("curl", "-sS", *trust, "--mail-rcpt", "alice", url)
    assert "Carol <carol@example.org>" in run("curl", "-sS", *trust, "-X", "EXPN", "--mail-rcpt", "staff", url)
    assert "These verbs are known" in run("curl", "-sS", *trust, url)


@pytest.mark.tool("swaks")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_sends(sandbox: Sandbox, mechanism: str) -> None:
    server = ("--server", sandbox.host, "--port", str(sandbox.port), "--ehlo", "swaks.example")
    envelope = ("--from", "alice@example.org", "--to", "bob@example.org", "--data", "-")
    security = ("--tls", "--tls-verify", "--tls-ca-path", sandbox.ca_file)
    login = ("--auth", mechanism, "--auth-user", "alice", "--auth-password", "wonderland")
    run("swaks", *server, *envelope, *security, *login, stdin=CONTENT.replace("\r\n", "\n"))
    assert_arrived(sandbox)


@pytest.mark.tool("swaks")
def test_swaks_pipelines(sandbox: Sandbox) -> None:
    server = ("--server", sandbox.host, "--port", str(sandbox.port), "--ehlo", "swaks.example", "--pipeline")
    run("swaks", *server, "--from", "<>", "--to", "bob@example.org,staff@example.org")
    assert sandbox.messages[0].recipients == ("bob@example.org", "staff@example.org")
    assert sandbox.messages[0].sender == ""


def test_own_client_gives_up_an_open_transaction_before_a_whole_mail() -> None:
    with Sandbox(in_memory=True) as sandbox, sandbox.client(timeout=5) as client:
        client.ehlo()
        client.mail("")
        client.rcpt("bob@example.org")
        assert client.send_mail("alice@example.org", ["carol@example.org"], "Hi\n").success
        assert [message.recipients for message in sandbox.messages] == [("carol@example.org",)]
