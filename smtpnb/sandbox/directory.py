"""Who lives here: users with passwords, mailboxes, mailing lists, addresses that moved.

The only place of the sandbox where a password is compared. A directory is fixed when it is made; every mistake in
it is told then.
"""

import hmac
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from smtpnb.sandbox.address import Address, address
from smtpnb.sandbox.answer import Answer, answer
from smtpnb.sandbox.kinds import mapping, of_kind, words
from smtpnb.sandbox.sasl import Credentials
from smtpnb.sandbox.suggestion import did_you_mean
from smtpnb.secret import Secret

T = TypeVar("T")

#: The domain of mailboxes and lists that are named without one.
DOMAIN: Final = "example.org"

USERS: Final[Mapping[str, str]] = {"alice": "wonderland", "bob": "builder"}
MAILBOXES: Final = ("alice", "bob", "carol", "postmaster")
LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "staff": ("alice", "bob", "carol"),
    "everyone": ("staff", "dave@example.net"),
}

_NAMED: Final = re.compile(r"(?P<name>[^<>]+?) *<(?P<address>[^<>]+)>")


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the directory.

    Attributes:
        address: the address.
        name: the full name VRFY and EXPN give.
        members: the members' entries, for a list; None for a mailbox.
    """

    address: Address
    name: str
    members: tuple[Address, ...] | None = None

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"


class Directory:
    """Users, mailboxes and lists.

    Args:
        users: passwords by login.
        mailboxes: addresses; one without a domain is at example.org; `Alice Liddell <alice>` gives a full name.
        lists: members by name: mailboxes, other lists (a list may even contain itself), addresses elsewhere.
        forwards: where mail for an address goes on to (251).
        moved: the new address of someone who left (551).

    Raises:
        TypeError: not a mapping, or not a list of addresses.
        ValueError: no address, or a member who does not exist.
    """

    def __init__(
        self,
        users: Mapping[str, str | Secret] | None = None,
        mailboxes: Iterable[str] | None = None,
        lists: Mapping[str, Iterable[str]] | None = None,
        forwards: Mapping[str, str] | None = None,
        moved: Mapping[str, str] | None = None,
    ) -> None:
        self._passwords = closed(USERS if users is None else users)
        if lists is None:
            lists = LISTS if mailboxes is None else {}  # the default lists are of the default people
        self._entries: dict[tuple[str, str], Entry] = {}
        for box in words(MAILBOXES if mailboxes is None else mailboxes, "mailboxes"):
            self._add(_named(box))
        for name, members in mapping(lists, "lists").items():
            self._add(Entry(*_identity(name), tuple(_located(m) for m in words(members, f"list {name!r}"))))
        self.forwards = _redirections({} if forwards is None else forwards, "forwards")
        self.moved = _redirections({} if moved is None else moved, "moved")
        for key in self.forwards.keys() & self.moved.keys():
            raise ValueError(f"{'@'.join(key)} is among forwards and moved: mail for it goes on, or it does not")
        self.domains = frozenset(domain for _, domain in self.keys) | {DOMAIN}
        self._check_members()

    def authenticated(self, credentials: Credentials) -> bool:
        """Whether the password is the login's; takes as long for a login that does not exist."""
        known = self._passwords.get(credentials.login)
        right = (known or Secret("")).octets()
        same = hmac.compare_digest(right, credentials.password.octets())
        return same and known is not None

    def knows(self, login: str) -> bool:
        """Whether there is such a login."""
        return login in self._passwords

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """All addresses that mean something here, by `Address.key`."""
        return (*self._entries, *self.forwards, *self.moved)

    @property
    def logins(self) -> tuple[str, ...]:
        """All logins, without their passwords."""
        return tuple(self._passwords)

    @property
    def mailboxes(self) -> tuple[Entry, ...]:
        """All mailboxes."""
        return tuple(entry for entry in self._entries.values() if entry.members is None)

    @property
    def lists(self) -> tuple[Entry, ...]:
        """All mailing lists."""
        return tuple(entry for entry in self._entries.values() if entry.members is not None)

    def entry(self, at: Address) -> Entry | None:
        """The mailbox or list with this address."""
        return self._entries.get(at.key)

    def named(self, text: str) -> tuple[Entry, ...]:
        """All that VRFY and EXPN may mean by `text`: an address, a local part, a full name; without case."""
        at = address(text)
        if at is not None:
            return tuple(filter(None, (self.entry(at),)))
        word = text.strip("<>").casefold()
        return tuple(e for e in self._entries.values() if word in (e.address.key[0], e.name.casefold()))

    def redirected(self, name: str | Address) -> Answer | None:
        """251 for an address whose mail goes on, 551 for one that moved, else None (RFC 5321 §3.4)."""
        at = _located_or_none(name) if isinstance(name, str) else name
        key = at.key if at else ("", "")
        if key in self.moved:
            return answer(551, "5.1.6", f"User not local; please try <{self.moved[key]}>")
        if key in self.forwards:
            return answer(251, "2.1.5", f"User not local; will forward to <{self.forwards[key]}>")
        return None

    def is_local(self, at: Address) -> bool:
        """Whether mail for this address stays here."""
        return not at.domain or at.domain.casefold() in self.domains

    def members(self, entry: Entry) -> tuple[str, ...]:
        """The members of a list as EXPN gives them: with full names where they are known; lists are not expanded."""
        known = ((at, self.entry(at)) for at in entry.members or ())
        return tuple(str(member) if member else f"<{at}>" for at, member in known)

    def expanded(self, at: Address) -> tuple[str, ...]:
        """Where mail for this address ends up: lists expanded, each mailbox once, cycles cut (RFC 5321 §3.9.2)."""
        seen: dict[tuple[str, str], None] = {}
        found: list[str] = []
        waiting = deque([at])
        while waiting:
            current = waiting.popleft()
            if current.key in seen:
                continue
            seen[current.key] = None
            entry = self.entry(current)
            if entry is None or entry.members is None:
                found.append(str(self.forwards.get(current.key, current)))
            else:
                waiting.extend(entry.members)
        return tuple(found)

    def _add(self, entry: Entry) -> None:
        if entry.address.key in self._entries:
            raise ValueError(f"{entry.address} is given twice")
        self._entries[entry.address.key] = entry

    def _check_members(self) -> None:
        for entry in self.lists:
            for at in entry.members or ():
                if self.is_local(at) and at.key not in self.keys:
                    names = [str(e.address) for e in self._entries.values()]
                    raise ValueError(
                        f"{at} in the list {entry.address.local} does not exist{did_you_mean(str(at), names)}"
                    )


def closed(users: Mapping[str, str | Secret]) -> dict[str, Secret]:
    """The passwords by login, closed.

    Raises:
        TypeError: no mapping, or a password that is no text.
        ValueError: a login that cannot be one.
    """
    secrets = {login: Secret(password) for login, password in mapping(users, "users").items()}
    for login in secrets:
        if not isinstance(login, str) or not login or "\0" in login:
            raise ValueError("a login is text, not empty, without NUL")
    return secrets


def _located(text: str) -> Address:
    found = _located_or_none(text)
    if found is None:
        raise ValueError(f"{text!r} is no address: write 'alice' or 'alice@example.org'")
    return found


def _located_or_none(text: str) -> Address | None:
    bare = text.strip("<>")
    return address(bare if "@" in bare else f"{bare}@{DOMAIN}")


def _identity(text: str) -> tuple[Address, str]:
    at = _located(text)
    return at, at.local.strip('"').capitalize()


def _named(text: str) -> Entry:
    if not text.isprintable():
        raise ValueError(f"{text!r} holds a character that cannot be printed")
    match = _NAMED.fullmatch(text)
    return Entry(_located(match["address"]), match["name"]) if match else Entry(*_identity(text))


def _redirections(value: Mapping[str, str], what: str) -> dict[tuple[str, str], Address]:
    for new in mapping(value, what).values():
        of_kind(new, str, f"an address in {what}")
    return {_located(old).key: _located(new) for old, new in value.items()}
