"""Where to connect, checked before anything is looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.text import visible
from smtpnb.transport.endpoint import Endpoint


@pytest.mark.parametrize(
    ("host", "name", "literal"),
    [
        ("mail.example.org", "mail.example.org", False), ("localhost", "localhost", False), ("mail.example.org.", "mail.example.org.", False),
        ("mx_1.example.org", "mx_1.example.org", False), ("127.0.0.1", "127.0.0.1", True), ("::1", "::1", True), ("[::1]", "::1", True),
        ("0:0:0:0:0:0:0:1", "::1", True), ("fe80::1%eth0", "fe80::1%eth0", True), ("müller.example", "xn--mller-kva.example", False),
        ("MÜLLER.example", "xn--mller-kva.example", False), ("例え.テスト", "xn--r8jz45g.xn--zckzah", False), ("a" * 63 + ".example", "a" * 63 + ".example", False),
        ("[127.0.0.1]", "127.0.0.1", True), ("1.example", "1.example", False),
    ],
)  # fmt: skip
def test_host_by_name_and_by_address(host: str, name: str, literal: bool) -> None:
    endpoint = Endpoint.of(host, 25)
    assert (endpoint.name, endpoint.literal, endpoint.port) == (name, literal, 25)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("", "empty"), ("   ", "empty"), ("smtp://mail.example.org", "URL"), ("https://x", "URL"), ("mail.example.org/", "URL"), ("alice@example.org", "mail address"),
        ("mail.example.org:25", "holds a port"), ("[::1]:25", "holds a port"), ("-x.example", "no host name"), ("x-.example", "no host name"),
        ("a..b", "no host name"), (".a", "no host name"), ("a" * 64 + ".example", "no host name"), ("a." * 127 + "ab", "no host name"),
        ("mail example.org", "no host name"), ("mail\r\n.org", "no host name"), ("x\0", "no host name"), ("256.1.1.1", "no IP address"), ("1.2.3", "no IP address"),
        ("127.0.0.1%eth0", "no host name"), ("127.1", "no IP address"), ("[]", "no host name"), ("::1::", "no host name"), ("ü\u202e.example", "no international"),
        ("\u0661.\u0661", "no international"), ("ü" * 70 + ".example", "no international"), (" localhost", "no host name"),
    ],
)  # fmt: skip
def test_impossible_host_is_a_clear_value_error(host: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        Endpoint.of(host, 25)
    assert visible(str(caught.value)) == str(caught.value)


@pytest.mark.parametrize("port", [0, -1, 65_536, 10**30])
def test_port_out_of_range_is_a_value_error(port: int) -> None:
    with pytest.raises(ValueError, match="1 to 65535"):
        Endpoint.of("localhost", port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        (None, 25),
        (b"localhost", 25),
        (5, 25),
        ("localhost", "25"),
        ("localhost", None),
        ("localhost", 25.0),
        ("localhost", True),
    ],
)
def test_wrong_kinds_are_type_errors(host: object, port: object) -> None:
    with pytest.raises(TypeError):
        Endpoint.of(host, port)  # type: ignore[arg-type]


@given(st.text(max_size=40), st.integers(-5, 70_000))
def test_any_text_is_an_endpoint_or_a_value_error(host: str, port: int) -> None:
    try:
        endpoint = Endpoint.of(host, port)
    except ValueError:
        return
    assert endpoint.name.isascii()
    assert not set(endpoint.name) & set(" \r\n\0/@")
    assert visible(endpoint.shown) == endpoint.shown


def test_label_is_shown_in_place_of_host_and_port() -> None:
    assert Endpoint.of("localhost", 25).shown == "localhost port 25"
    assert Endpoint.of("localhost", 25, "sandbox.example").shown == "sandbox.example"
