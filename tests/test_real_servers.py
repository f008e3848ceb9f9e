"""The real servers are what the fixtures promise, and what a machine lacks skips or fails: stdlib only."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import subprocess
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from real_servers import RealServer, lacking, running

if TYPE_CHECKING:
    from pathlib import Path


def message(server: RealServer, subject: str, *, to: str = "bob") -> EmailMessage:
    email = EmailMessage()
    email["From"] = f"alice@{server.domain}"
    email["To"] = f"{to}@{server.domain}"
    email["Subject"] = subject
    email.set_content("Dear Bob,\n.\nthat dot was alone on its line.\n")
    return email


def has(subject: str) -> bytes:
    return f"Subject: {subject}\n".encode()


def test_starttls_auth_send_and_read_back(real_server: RealServer) -> None:
    tls = ssl.create_default_context(cafile=real_server.ca_file)
    with smtplib.SMTP(real_server.host, real_server.port, local_hostname="client.example", timeout=10) as client:
        assert client.ehlo()[0] == 250
        assert client.has_extn("auth") is not real_server.features["auth_needs_tls"]
        for keyword in ("starttls", "size", "pipelining", "dsn", "smtputf8", "chunking"):
            assert client.has_extn(keyword) is bool(real_server.features[keyword]), keyword
        assert int(client.esmtp_features["size"]) == real_server.features["size"]

        assert client.starttls(context=tls)[0] == 220
        client.ehlo()
        assert set(client.esmtp_features["auth"].split()) == set(real_server.features["auth"])
        assert client.login("alice", real_server.users["alice"])[0] == 235
        assert client.send_message(message(real_server, "over STARTTLS")) == {}

    received = real_server.wait_for_message("bob", lambda content: has("over STARTTLS") in content)
    assert received.endswith(b"\n\nDear Bob,\n.\nthat dot was alone on its line.\n")
    assert received in real_server.messages("bob")


def test_implicit_tls_and_list(real_server: RealServer) -> None:
    tls = ssl.create_default_context(cafile=real_server.ca_file)
    with smtplib.SMTP_SSL(
        real_server.host, real_server.tls_port, local_hostname="client.example", context=tls, timeout=10
    ) as client:
        client.send_message(message(real_server, "to the staff", to="staff"))

    assert set(real_server.lists["staff"]) <= set(real_server.mailboxes)
    for address in real_server.lists["staff"]:
        user = address.partition("@")[0]
        real_server.wait_for_message(user, lambda content: has("to the staff") in content)


def test_message_that_never_comes_is_a_failure_with_the_log(real_server: RealServer) -> None:
    with pytest.raises(pytest.fail.Exception, match="no such message among the 0 of user20"):
        real_server.wait_for_message("user20", lambda content: True, timeout=0)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("postfix", marks=pytest.mark.postfix),
        pytest.param("opensmtpd", marks=pytest.mark.opensmtpd),
        pytest.param("exim", marks=pytest.mark.exim),
    ],
)
def test_stopped_server_leaves_no_process_and_no_port(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path) as server:
        os.kill(server.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
    for port in (server.port, server.tls_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, port), timeout=5)


@pytest.mark.postfix
@pytest.mark.tool("swaks")
def test_swaks_finds_the_server_too(postfix: RealServer) -> None:
    command = f"swaks --helo client.example --server {postfix.host}:{postfix.port}".split()
    command += ["--from", postfix.mailboxes[0], "--to", postfix.mailboxes[1], "--h-Subject", "by swaks"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)
    postfix.wait_for_message("bob", lambda content: has("by swaks") in content)


@pytest.mark.parametrize(
    ("require", "outcome"),
    [("", pytest.skip.Exception), ("all", pytest.fail.Exception)],
    ids=["skips", "fails"],
)
def test_what_is_lacking(require: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTPNB_REQUIRE", require)
    with pytest.raises(outcome, match="no such thing here"):
        lacking("no such thing here")
