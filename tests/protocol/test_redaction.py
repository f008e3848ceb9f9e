"""What must not be shown, masked in what a server says: in any form, in one piece or spread over lines."""

from __future__ import annotations

import base64
import copy
import pickle
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smtpnb.protocol.reader import one_reply
from smtpnb.protocol.redaction import Redaction
from smtpnb.secret import MASK, Secret

PASSWORD = b"wonderland"
TOKEN = base64.b64encode(b"\0alice\0wonderland")


def knowing(*secrets: bytes) -> Redaction:
    redaction = Redaction()
    redaction.learn(*map(Secret, secrets))
    return redaction


def reply(*texts: bytes) -> bytes:
    return b"".join(b"535-" + text + b"\r\n" for text in texts[:-1]) + b"535 " + texts[-1] + b"\r\n"


def encoded_parts(secret: bytes) -> list[bytes]:
    """The base64 characters of the secret alone, at each alignment: what someone who looks would search for."""
    parts = []
    for before in (b"", b"\0", b"\0\0"):
        text = base64.b64encode(before + secret)
        parts.append(text[-(-len(before) * 8 // 6) : (len(before) + len(secret)) * 8 // 6])
    return parts


@pytest.mark.parametrize("place", [b"%b", b"%b and more", b"you said %b", b"<%b>", b"%b%b", b"x%bx", b"%b, %b"])
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, base64.b64encode(PASSWORD)])
def test_echo_is_masked(place: bytes, secret: bytes) -> None:
    text = place.replace(b"%b", secret)
    masked = knowing(PASSWORD, TOKEN).masked(reply(text))
    assert secret not in masked
    assert MASK.encode() in masked


def test_framing_and_everything_else_are_left_alone() -> None:
    raw = reply(b"5.7.8 hello", b"you said wonderland, alice", b"", b"bye")
    assert knowing(PASSWORD).masked(raw) == raw.replace(PASSWORD, MASK.encode())
    assert knowing().masked(raw) == raw
    assert knowing(b"").masked(raw) == raw
    assert knowing(PASSWORD).masked(b"250 fine\r\n") == b"250 fine\r\n"
    assert knowing(PASSWORD).masked(b"250\r\n") == b"250\r\n"


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("behind", range(3))
def test_base64_of_a_text_around_the_secret_is_masked_whole(before: int, behind: int) -> None:
    text = base64.b64encode(b"x" * before + PASSWORD + b"y" * behind)
    for form in (text, text.rstrip(b"="), text.replace(b"+", b"-").replace(b"/", b"_")):
        masked = knowing(PASSWORD).masked(reply(b"decoded from " + form + b" it is wrong"))
        assert masked == reply(b"decoded from " + MASK.encode() + b" it is wrong")


def test_url_safe_base64_is_masked() -> None:
    secret = b"\xfb\xff\xfe\xfb\xff\xfe"
    assert b"_" in base64.urlsafe_b64encode(secret)
    assert base64.urlsafe_b64encode(secret) not in knowing(secret).masked(reply(base64.urlsafe_b64encode(secret)))


@pytest.mark.parametrize(
    "spelt",
    [
        b"70c3a4732f73203f20776f7264", b"70C3A4732F73203F20776F7264", b"p%C3%A4s%2Fs%20%3F%20word",
        b"p%c3%a4s%2fs%20%3f%20word", b"p%C3%A4s/s%20%3F%20word", b"p%C3%A4s%2Fs+%3F+word",
    ],
)  # fmt: skip
def test_secret_spelt_in_hexadecimal_or_for_a_url_is_masked(spelt: bytes) -> None:
    knows = knowing("päs/s ? word".encode())
    assert knows.masked(reply(b"you said " + spelt + b", x")) == reply(b"you said " + MASK.encode() + b", x")
    assert spelt[:12] not in knows.masked_fragment(b"535 you said " + spelt[:12])
    assert spelt[:12] not in knows.masked(reply(spelt[:12], spelt[12:]))


@pytest.mark.parametrize(
    "spelt",
    [
        b'w\\"o<n>\\\\d\xe4', 'w\\"o<n>\\\\dä'.encode(), rb'w\"o<n>\\d\u00e4', "w&quot;o&lt;n&gt;\\dä".encode(),
        'w"o&lt;n&gt;\\dä'.encode(), b'w"o<n>\\d\xe4', b'w"o<n>\\d+C3+A4',
    ],
)  # fmt: skip
def test_secret_within_quotes_of_any_kind_is_masked(spelt: bytes) -> None:
    knows = knowing('w"o<n>\\dä'.encode())
    assert knows.masked(reply(b"you said " + spelt + b", x")) == reply(b"you said " + MASK.encode() + b", x")


@pytest.mark.parametrize("form", [PASSWORD, TOKEN, base64.b64encode(PASSWORD)])
def test_secret_spread_over_lines_is_masked_at_every_cut(form: bytes) -> None:
    redaction = knowing(PASSWORD, TOKEN)
    for cut in range(1, len(form)):
        masked = redaction.masked(reply(b"you said " + form[:cut], form[cut:] + b" and it is wrong"))
        joined = b"".join(one_reply(masked).texts)
        assert form not in joined, cut
        assert form[:cut] not in masked or cut < 4, cut


def test_secret_whole_on_one_line_and_spread_over_others_is_masked_in_both() -> None:
    masked = knowing(PASSWORD).masked(reply(b"wonderland", b"wonder", b"land"))
    assert b"wonder" not in masked
    assert b"land" not in masked


def test_secret_spread_over_three_lines_is_masked() -> None:
    masked = knowing(PASSWORD).masked(reply(b"won", b"derl", b"and"))
    assert masked == reply(MASK.encode(), MASK.encode(), MASK.encode())


def test_short_secret_is_masked_while_auth_is_under_way_only() -> None:
    redaction = knowing(b"abc")
    assert redaction.masked(b"535 abc\r\n", in_auth=True) == b"535 " + MASK.encode() + b"\r\n"
    assert redaction.masked(b"250 abcdef\r\n") == b"250 abcdef\r\n"


def test_mask_tells_no_length() -> None:
    shown = {knowing(b"x" * length).masked(reply(b"x" * length)) for length in (4, 5, 9, 300)}
    assert shown == {reply(MASK.encode())}


texts = st.lists(st.sampled_from([b"5.7.8 ", b"no", b"", b" ", b"=", b"alice"]), max_size=3).map(b"".join)
secrets = st.binary(min_size=4, max_size=12).filter(lambda secret: not any(octet in secret for octet in b"\r\n\0"))


@given(secrets, st.lists(texts, min_size=2, max_size=4), st.integers(0, 2), st.integers(0, 40), st.booleans())
@example(b"AAAA", [b"", b""], 0, 1, True)
@example(b"aaaaaa", [b"a", b"a"], 0, 3, False)
def test_no_form_of_a_secret_is_left_anywhere(
    secret: bytes, around: list[bytes], shift: int, cut: int, plain: bool
) -> None:
    echo = secret if plain else base64.b64encode(b"x" * shift + secret)
    lines = [*around, echo[:cut], echo[cut:]]
    masked = knowing(secret).masked(reply(*lines))
    shown = b"".join(one_reply(masked).texts).replace(MASK.encode(), b"\0")
    for form in (secret, *(part for part in encoded_parts(secret) if len(part) >= 4)):
        assert form not in shown
    assert len(one_reply(masked).texts) == len(lines)


@pytest.mark.parametrize("secret", [b"aaaa", b"wonderland"])
def test_cost_is_linear_where_a_server_repeats_the_secret(secret: bytes) -> None:
    redaction = knowing(secret, base64.b64encode(b"\0a\0" + secret))
    for echo in (secret, base64.b64encode(secret), base64.b64encode(b"x" + secret) + b" "):
        raw = reply(*[(echo * 4000)[:16_000]] * 64)
        began = time.process_time()
        assert len(redaction.masked(raw)) < len(raw) * 3
        assert time.process_time() - began < 2, echo


def test_what_it_knows_is_in_no_repr_and_leaves_by_no_pickle_or_copy() -> None:
    redaction = knowing(PASSWORD)
    assert b"wonderland" not in repr(redaction).encode()
    assert not hasattr(redaction, "__dict__")
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(redaction)


@pytest.mark.parametrize("form", [PASSWORD, TOKEN])
def test_fragment_with_a_secret_spread_over_its_lines(form: bytes) -> None:
    """What an error quotes of a reply that never became whole."""
    redaction = knowing(PASSWORD, TOKEN)
    for cut in range(4, len(form) - 4):
        fragment = redaction.masked_fragment(b"535-you said " + form[:cut] + b"\r\n535-" + form[cut:] + b"\r\n")
        assert form[:cut] not in fragment, cut
        assert form[cut:] not in fragment, cut


@pytest.mark.parametrize("length", range(3, len(PASSWORD) + 1))
def test_fragment_that_ends_in_the_middle_of_a_secret(length: int) -> None:
    fragment = knowing(PASSWORD).masked_fragment(b"535 you said " + PASSWORD[:length])
    assert fragment == b"535 you said " + MASK.encode()


def test_fragment_without_a_secret_is_left_alone() -> None:
    assert knowing(PASSWORD).masked_fragment(b"535-you said nothing\r\n53") == b"535-you said nothing\r\n53"
    assert knowing().masked_fragment(b"wonder") == b"wonder"
