"""The mailboxes that an answer to VRFY or EXPN names, in the forms that servers give."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpnb.protocol.members import member
from smtpnb.protocol.reply import SmtpReply
from smtpnb.sandbox import Sandbox


@pytest.mark.parametrize(
    ("line", "address", "name"),
    [
        ("<bob@example.org>", "bob@example.org", ""),
        ("bob@example.org", "bob@example.org", ""),
        ("Bob Builder <bob@example.org>", "bob@example.org", "Bob Builder"),
        ('"Builder, Bob" <bob@example.org>', "bob@example.org", "Builder, Bob"),
        ("2.1.5 Bob Builder <bob@example.org>", "bob@example.org", "Bob Builder"),
        ("2.1.5 <bob@example.org>", "bob@example.org", ""),
        ("2.1.5 bob@example.org,", "bob@example.org", ""),
        ("Bob <bob>", "bob", "Bob"),
        ("somebody is there", "", ""),
        ("", "", ""),
        ("Cannot VRFY user, but will accept", "", ""),
    ],
)
def test_forms_that_servers_give(line: str, address: str, name: str) -> None:
    found = member(line)
    assert (found.address, found.name, found.line) == (address, name, line)


@pytest.mark.parametrize(
    ("raw", "verdict", "count"),
    [
        (b"250 2.1.5 Bob <bob@example.org>\r\n", "yes", 1),
        (b"250-<a@b>\r\n250 <c@d>\r\n", "yes", 2),
        (b"252 2.0.0 Cannot VRFY, but will accept\r\n", "not told", 1),
        (b"550 5.1.1 No such user <x@y>\r\n", "no", 0),
        (b"502 5.5.1 Not here\r\n", "not told", 0),
    ],
)
def test_verdict_in_words(raw: bytes, verdict: str, count: int) -> None:
    members = SmtpReply.parse(raw).members
    assert (members.verdict, len(members)) == (verdict, count)
    assert pickle.loads(pickle.dumps(members)) == members


@given(st.text(max_size=100))
def test_any_line_has_a_form(line: str) -> None:
    assert member(line).line == line
    assert "\x1b" not in member(line).shown


def test_members_of_the_sandbox_s_list() -> None:
    with Sandbox() as sandbox, sandbox.client(in_memory=True) as client:
        client.ehlo()
        members = client.expn("staff").members
        assert members.addresses == ("alice@example.org", "bob@example.org", "carol@example.org")
        assert "verified: yes" in repr(members)
        assert client.vrfy("nobody").members.verdict == "no"
