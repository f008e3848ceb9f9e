"""The typing promise: what users may write under `mypy --strict`. Checked by `test_typing.py`, never run."""

import io
import ssl
from collections.abc import Mapping  # noqa: TC003 - this file is read by mypy, never run
from email.message import EmailMessage
from typing import assert_type

from smtpnb import (
    Capabilities,
    Delivery,
    EnhancedStatus,
    Sandbox,
    Secret,
    SmtpClient,
    SmtpError,
    SmtpReply,
    SmtpReplyError,
    SmtpTimeout,
    TlsInfo,
    Transcript,
    ask_secret,
    options,
)
from smtpnb.protocol.capabilities import CapabilityHistory


def verbs(client: SmtpClient, context: ssl.SSLContext) -> None:
    assert_type(client.connect(), SmtpReply)
    assert_type(client.ehlo(), SmtpReply)
    assert_type(client.starttls(context=context), SmtpReply)
    assert_type(client.auth("PLAIN"), SmtpReply)
    assert_type(client.auth_plain("alice", ask_secret()), SmtpReply)
    assert_type(client.auth_login_password(Secret(b"wonderland")), SmtpReply)
    assert_type(client.mail(None, "SIZE=1"), SmtpReply)
    assert_type(client.rcpt("bob@example.org", "NOTIFY=NEVER"), SmtpReply)
    assert_type(client.data(), SmtpReply)
    assert_type(client.bdat(b"x", last=True), SmtpReply)
    assert_type(client.get_response("NOOP"), str)
    assert_type(client.parse_reply(b"250 ok\r\n"), SmtpReply)
    assert_type(client.send_data(b"NOOP\r\n"), None)
    assert_type(client.receive_data(), str)
    assert_type(client.disconnect(), None)


def content_is_of_many_kinds(client: SmtpClient) -> None:
    client.data_body("text")
    client.data_body(b"octets", verbatim=True)
    client.data_body(io.BytesIO(b"a file"))
    client.data_body(io.StringIO("a file"))
    client.data_body(piece for piece in ("text", b"octets"))


def whole_jobs(client: SmtpClient, message: EmailMessage) -> None:
    assert_type(client.send_mail("a@b", ["c@d"], "x"), Delivery)
    assert_type(client.send_message(message), Delivery)
    with client.pipeline() as pipe:
        pipe.mail("a@b")
        pipe.rcpt("c@d")
    for reply in pipe.replies:
        assert_type(reply, SmtpReply)


def state(client: SmtpClient) -> None:
    assert_type(client.address, tuple[str, int])
    assert_type(client.secure, bool)
    assert_type(client.authenticated, bool)
    assert_type(client.capabilities, Capabilities)
    assert_type(client.capability_history, CapabilityHistory)
    assert_type(client.tls_info, TlsInfo | None)
    assert_type(client.transcript, Transcript)
    offered: Mapping[str, tuple[str, ...]] = client.capabilities
    assert_type(offered["SIZE"], tuple[str, ...])


def replies(reply: SmtpReply) -> None:
    assert_type(reply.code, int)
    assert_type(reply.lines, tuple[str, ...])
    assert_type(reply.raw, bytes)
    assert_type(reply.enhanced_status, EnhancedStatus | None)
    assert_type(reply.verified, bool | None)
    assert_type(reply.raise_for_status(), SmtpReply)


def errors(client: SmtpClient) -> None:
    try:
        client.noop()
    except SmtpReplyError as error:
        assert_type(error.reply, SmtpReply)
    except SmtpTimeout as error:
        late: TimeoutError = error
        raise late from None
    except SmtpError as error:
        assert_type(error.cause, str)
        assert_type(error.advice, tuple[str, ...])


def with_blocks() -> None:
    with Sandbox() as sandbox, sandbox.client() as client:
        assert_type(client, SmtpClient)
    options.show_timing = True
