"""Users, mailboxes and lists; what VRFY and EXPN tell of them; mistakes told at once."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_talk import EHLO, MAIL, codes, talked

from smtpnb.sandbox.address import Address
from smtpnb.sandbox.directory import Directory
from smtpnb.sandbox.disclosure import EXPN, VRFY, Disclosure
from smtpnb.sandbox.sasl import Credentials
from smtpnb.secret import Secret


def at(local: str) -> Address:
    return Address(local, "example.org")


def test_passwords_open_nothing_but_their_own_login() -> None:
    directory = Directory({"alice": "wonderland", "bob": Secret("bäcker")})
    assert directory.authenticated(Credentials("alice", Secret("wonderland")))
    assert directory.authenticated(Credentials("bob", Secret("bäcker")))
    for login, password in (("alice", "bäcker"), ("alice", ""), ("ALICE", "wonderland"), ("nobody", ""), ("", "")):
        assert not directory.authenticated(Credentials(login, Secret(password)))


def test_lists_are_expanded_each_mailbox_once() -> None:
    assert set(Directory().expanded(at("everyone"))) == {
        "alice@example.org",
        "bob@example.org",
        "carol@example.org",
        "dave@example.net",
    }


def test_cycles_are_cut() -> None:
    directory = Directory(mailboxes=["alice"], lists={"a": ["b", "alice"], "b": ["a", "b"]})
    assert directory.expanded(at("a")) == ("alice@example.org",)


def test_deeply_nested_lists_need_no_recursion() -> None:
    lists = {f"l{n}": [f"l{n + 1}"] for n in range(5_000)} | {"l5000": ["alice"]}
    assert Directory(mailboxes=["alice"], lists=lists).expanded(at("l0")) == ("alice@example.org",)


def test_full_names() -> None:
    directory = Directory(mailboxes=["Alice Liddell <alice>", "bob@example.net"])
    assert [str(entry) for entry in directory.mailboxes] == [
        "Alice Liddell <alice@example.org>",
        "Bob <bob@example.net>",
    ]
    assert talked(b"VRFY alice liddell\r\n", directory=directory) == ["250 2.1.5 Alice Liddell <alice@example.org>"]


def test_forwards_and_moved() -> None:
    directory = Directory(forwards={"erin": "erin@example.net"}, moved={"frank": "frank@example.com"})
    said = (
        b"VRFY erin\r\nVRFY frank\r\n" + EHLO + MAIL + b"RCPT TO:<erin@example.org>\r\nRCPT TO:<frank@example.org>\r\n"
    )
    assert talked(said, directory=directory) == [
        "251 2.1.5 User not local; will forward to <erin@example.net>",
        "551 5.1.6 User not local; please try <frank@example.com>",
        "250 HELP",
        "250 2.1.0 Sender accepted",
        "251 2.1.5 User not local; will forward to <erin@example.net>",
        "551 5.1.6 User not local; please try <frank@example.com>",
    ]
    assert directory.expanded(at("erin")) == ("erin@example.net",)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("verify", ["250 2.1.5", "550 5.1.1"]),
        ("hide", ["252 2.0.0", "252 2.0.0"]),
        ("ambiguous", ["553 5.1.4", "553 5.1.4"]),
        ("off", ["502 5.5.1", "502 5.5.1"]),
        ({"alice@example.org": "hide"}, ["252 2.0.0", "550 5.1.1"]),
        ({"alice": "verify", "*": "hide"}, ["250 2.1.5", "252 2.0.0"]),
    ],
)
def test_vrfy_tells_as_much_as_it_is_asked_to(mode: Any, expected: list[str]) -> None:
    assert codes(talked(b"VRFY alice\r\nVRFY nobody\r\n", vrfy=Disclosure(mode, VRFY, "vrfy"))) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("show", ["250 2.1.5 Carol <carol@example.org>", "550 5.1.1 No such mailing list here"]),
        ("unnamed", ["250 2.1.5 <carol@example.org>", "550 5.1.1 No such mailing list here"]),
        ("deny", ["550 5.7.2 You may not expand this mailing list", "550 5.1.1 No such mailing list here"]),
        ("hide", ["252 2.0.0 Cannot say, but will take mail and try to deliver it"] * 2),
        ("off", ["502 5.5.1 Not implemented here"] * 2),
    ],
)
def test_expn_tells_as_much_as_it_is_asked_to(mode: str, expected: list[str]) -> None:
    assert talked(b"EXPN staff\r\nEXPN nobody\r\n", expn=Disclosure(mode, EXPN, "expn")) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mailboxes": "alice"}, "a list of names, not str"),
        ({"mailboxes": ["a b"]}, "no address"),
        ({"mailboxes": ["alice", "ALICE"]}, "given twice"),
        ({"mailboxes": [1]}, "str, not int"),
        ({"mailboxes": ["x\r\n <alice>"]}, "cannot be printed"),
        ({"lists": {"all": ["alcie"]}}, "did you mean 'alice@example.org'"),
        ({"lists": ["all"]}, "mapping"),
        ({"users": ["alice"]}, "mapping"),
        ({"users": {"": "x"}}, "login"),
        ({"users": {"alice": 7}}, "a secret is str, bytes or Secret"),
    ],
)
def test_mistakes_are_told_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Directory(**options)


@pytest.mark.parametrize(("choice", "message"), [("hid", "did you mean 'hide'"), (7, "mapping"), ({"a": "x"}, "vrfy")])
def test_modes_that_do_not_exist(choice: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Disclosure(choice, VRFY, "vrfy")
