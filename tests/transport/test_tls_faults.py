"""TLS that does not come about: what happened and what to try, in our words, on real handshakes."""

import socket
import threading

import pytest

from smtpnb import Sandbox, SmtpClient, SmtpError, SmtpTimeout, SmtpTlsError


@pytest.mark.parametrize(
    ("certificate", "words"),
    [("expired", "has expired"), ("wrong-name", "for another"), ("unknown-ca", "unknown issuer")],
)
@pytest.mark.parametrize("implicit", [False, True])
def test_bad_certificate_is_named(certificate: str, words: str, implicit: bool) -> None:
    with Sandbox(certificate=certificate, implicit_tls=implicit) as sandbox:
        client = sandbox.client(timeout=5)
        with pytest.raises(SmtpTlsError, match=words) as caught:
            client.connect()
            client.ehlo()
            client.starttls()
        assert caught.value.cause
        assert caught.value.advice
        assert not client.secure
        assert not client.connected


def test_chain_of_two_levels_is_verified() -> None:
    with Sandbox(certificate="two-level") as sandbox, sandbox.client() as client:
        client.ehlo()
        assert client.starttls().code == 220
        assert client.tls_info is not None
        assert client.tls_info.verified
        assert len(client.tls_info.chain) == 2
        assert repr(client.tls_info.chain[1])


def test_tls_spoken_to_a_plain_port_is_explained() -> None:
    with Sandbox() as sandbox:
        client = SmtpClient(sandbox.host, sandbox.port, implicit_tls=True, timeout=5)
        with pytest.raises(SmtpTlsError, match="WRONG_VERSION_NUMBER") as caught:
            client.connect()
        assert "STARTTLS" in caught.value.to_text()


def test_plain_text_spoken_to_a_tls_port_is_explained() -> None:
    with Sandbox(implicit_tls=True) as sandbox:
        client = SmtpClient(sandbox.host, sandbox.port, timeout=0.4)
        with pytest.raises(SmtpTimeout) as caught:
            client.connect()
        assert "implicit_tls=True" in caught.value.to_text()


def test_ipython_shows_a_short_card() -> None:
    with Sandbox() as sandbox:
        port = sandbox.port
    with pytest.raises(SmtpError) as caught:
        SmtpClient("127.0.0.1", port, timeout=2).connect()
    card = caught.value._render_traceback_()
    assert 3 <= len(card) <= 6
    assert any("Likely cause" in line for line in card)
    assert any("Try" in line for line in card)
    assert caught.value._repr_html_()


def test_handshake_with_a_server_that_speaks_only_old_tls_is_explained() -> None:
    # The alert that OpenSSL sends for a version it does not speak: fatal, protocol_version (RFC 8446 §6.2).
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(4_096)
                sock.sendall(bytes.fromhex("15030100020246"))

        thread = threading.Thread(target=refuse)
        thread.start()
        client = SmtpClient("127.0.0.1", listener.getsockname()[1], implicit_tls=True, timeout=5)
        with pytest.raises(SmtpTlsError, match="version"):
            client.connect()
        thread.join(5)
