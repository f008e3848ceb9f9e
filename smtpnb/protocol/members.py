"""Who a reply to VRFY or EXPN names: a mailbox a line, in the forms that servers give (RFC 5321 §3.5)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, overload

from smtpnb.displayable import Displayable
from smtpnb.text import plural, shortened, visible

# RFC 5321 §3.5.1: `Full Name <a@b>` or `a@b`; some servers put an enhanced status code first (RFC 2034).
_STATUS: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?: +|\Z)")
# Begun only where a word begins: a hostile line of one endless word costs one pass, not one from each of its letters.
_BARE: Final = re.compile(r"(?<![^\s<>@])[^\s<>@]+@[^\s<>@]+")

#: `verified` in words.
VERDICTS: Final = {True: "yes", False: "no", None: "not told"}
#: Members in the text form.
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Member:
    """One mailbox that a reply names.

    Attributes:
        address: the address; empty where the line holds none.
        name: the full name; empty where there is none.
        line: the line as it was said, without code.
    """

    address: str
    name: str
    line: str

    @property
    def shown(self) -> str:
        """`Full Name <a@b>`, nothing hidden in it; the line itself where it holds no address."""
        if not self.address:
            return visible(self.line)
        return visible(f"{self.name} <{self.address}>" if self.name else f"<{self.address}>")


def member(line: str) -> Member:
    """The mailbox that one line of a reply names."""
    words = line[match.end() :] if (match := _STATUS.match(line)) else line
    name, angle, rest = words.rpartition("<")
    address, end, behind = rest.partition(">")
    if angle and end and ">" not in behind:
        return Member(address.strip(" "), name.strip(' "'), line)
    bare = _BARE.search(words)
    return Member(bare[0].strip(",;"), "", line) if bare else Member("", "", line)


@dataclass(frozen=True)
class Members(Displayable, Sequence[Member]):
    """What a reply to VRFY or EXPN tells: the mailboxes it names, and whether it vouches for them.

    Attributes:
        command: the command, such as "EXPN staff"; empty for a parsed text.
        reply: the reply's code and first line.
        verified: True for 250, False for 550, None where the server does not tell.
        members: the mailboxes named; none where the answer is no.
    """

    command: str
    reply: str
    verified: bool | None
    members: tuple[Member, ...]

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Member]: ...
    def __getitem__(self, index: int | slice) -> Member | Sequence[Member]:
        return self.members[index]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def verdict(self) -> str:
        """`yes`, `no` or `not told`."""
        return VERDICTS[self.verified]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses alone."""
        return tuple(member.address for member in self.members if member.address)

    @property
    def question(self) -> str:
        """The command, nothing hidden in it, of bounded length."""
        return visible(shortened(self.command, 200)) or "the reply"

    def to_text(self) -> str:
        """The verdict, then a mailbox a line; of many the first."""
        lines = [f"{self.question}: verified: {self.verdict} ({self.reply})"]
        lines += (f"  {shortened(member.shown, 200)}" for member in self.members[:_SHOWN])
        more = len(self.members) - _SHOWN
        return "\n".join([*lines, *([f"  … {plural(more, 'more mailbox', 'more mailboxes')}"] if more > 0 else ())])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        count = plural(len(self.members), "mailbox", "mailboxes")
        return f"<Members of {self.question}: verified: {self.verdict}, {count}>"
